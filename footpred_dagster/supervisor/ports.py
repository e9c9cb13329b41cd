"""TCP ports on loopback: reserved for one home from their choice on, and which program listens on one. Linux only."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from contextlib import suppress
from enum import Enum
from pathlib import Path

TRIED = 100
LISTENING = "0A"
LOOPBACK = "0100007F"


class Holder(Enum):
    """Whose process listens on a port."""

    NONE = "none"
    OURS = "ours"
    OTHER = "other"


class Ports:
    """Ports reserved by this process; no other home's supervisor chooses them while this object is open.

    A reservation is a socket with an abstract name. Such names are common to all accounts of a machine (or container,
    as its ports are), and the kernel releases them however a process ends. Programs that are not footpred do not know
    of it: ``is_free`` before each start and ``holder`` after it find those.
    """

    def __init__(self) -> None:
        self._reserved: dict[int, socket.socket] = {}

    def take(self, preferred: int) -> int:
        """Reserve the first free port from ``preferred`` on. Raises RuntimeError when there is none."""
        for port in range(preferred, min(preferred + TRIED, 65536)):
            if port not in self._reserved and (reservation := _reserve(port)):
                if is_free(port):
                    self._reserved[port] = reservation
                    return port
                reservation.close()
        raise RuntimeError(f"no free port from {preferred} to {preferred + TRIED - 1}: end a program that listens")

    def release(self, port: int) -> None:
        self._reserved.pop(port).close()

    def close(self) -> None:
        for port in list(self._reserved):
            self.release(port)


def is_free(port: int) -> bool:
    """Whether a server could listen on it now."""
    with suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False


def holder(port: int, group: int) -> Holder:
    """Whether what listens on ``port`` of 127.0.0.1 belongs to the process group ``group``.

    The kernel answers, so no server can claim to be another: neither another home's nor one of the same kind.
    """
    listening = set(_listening(port))
    if not listening:
        return Holder.NONE
    return Holder.OURS if listening <= set(_sockets_of(group)) else Holder.OTHER


def _reserve(port: int) -> socket.socket | None:
    reservation = socket.socket(socket.AF_UNIX)
    try:
        reservation.bind(f"\0footpred/port/{port}")
    except OSError:
        reservation.close()
        return None
    return reservation


def _listening(port: int) -> Iterable[str]:
    """Inodes of the sockets."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[1] == f"{LOOPBACK}:{port:04X}" and fields[3] == LISTENING:
            yield fields[9]


def _sockets_of(group: int) -> Iterable[str]:
    """Inodes of the sockets that the processes of a group have open."""
    for process in filter(str.isdecimal, os.listdir("/proc")):
        with suppress(OSError):
            if os.getpgid(int(process)) == group:
                for descriptor in os.listdir(f"/proc/{process}/fd"):
                    with suppress(OSError):
                        kind, _, inode = os.readlink(f"/proc/{process}/fd/{descriptor}").partition(":")
                        if kind == "socket":
                            yield inode.strip("[]")
