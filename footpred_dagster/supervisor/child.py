"""One process of ``footpred up``: its start, its log, whether it answers, its end."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from footpred_dagster.supervisor.ports import Holder, holder
from footpred_dagster.supervisor.processes import Process

PROBE_TIMEOUT = 2.0
MAX_LOG_BYTES = 10 * 2**20
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(slots=True)
class Child:
    """A process as it runs: ``popen`` is None while it waits for the one it comes after, or for its next start."""

    process: Process
    ports: list[int]
    log: Path
    popen: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    ready: bool = False
    restarts: int = 0
    not_before: float = 0.0
    failed: bool = False

    @property
    def port(self) -> int:
        """Where it answers; 0 for a process that does not listen on a port."""
        return self.ports[0] if self.ports else 0

    @property
    def state(self) -> str:
        return "failed" if self.failed else "running" if self.ready else "starting"

    def start(self, folder: Path) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as output:
            self.popen = subprocess.Popen(
                self.process.command(*(self.ports or [0])),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # the terminal's Ctrl-C is for the supervisor, and a group ends whole
                preexec_fn=_die_with_parent,
            )
        self.started = time.monotonic()

    def port_taken(self) -> int | None:
        """The port of this process on which another program listens."""
        assert self.popen is not None
        return next((port for port in self.ports if holder(port, self.popen.pid) is Holder.OTHER), None)

    def answers(self) -> bool:
        """Whether it is ready: this process, not another that listens on its port."""
        assert self.popen is not None
        if self.process.listens_at:
            with suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(PROBE_TIMEOUT)
                connection.connect(str(self.process.listens_at()))
                return True
            return False
        if not self.port:
            return time.monotonic() - self.started > 1
        if holder(self.port, self.popen.pid) is not Holder.OURS:
            return False
        if not self.process.health:
            return True
        try:
            with _direct.open(f"http://127.0.0.1:{self.port}{self.process.health}", timeout=PROBE_TIMEOUT) as answer:
                return answer.status == 200 and self.process.says.encode() in answer.read()
        except (OSError, urllib.error.URLError):
            return False


def rotate(log: Path) -> None:
    """Keep a log of MAX_LOG_BYTES and the one before it; a process that appends to it continues in the same file."""
    with suppress(OSError):
        if log.stat().st_size > MAX_LOG_BYTES:
            shutil.copyfile(log, log.with_name(f"{log.name}.1"))
            os.truncate(log, 0)


def signal_group(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def end_group(pid: int) -> None:
    signal_group(pid, signal.SIGKILL)


def _die_with_parent() -> None:
    """In the child: a supervisor that is killed takes its processes along."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
