"""A way to a server that can be cut, which resets and refuses connections, or frozen, which leaves them unanswered."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

LINGER_NOT = b"\x01\x00\x00\x00\x00\x00\x00\x00"


class Proxy:
    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (parts.hostname or "127.0.0.1", parts.port or 5432)
        self._listening = socket.create_server(("127.0.0.1", 0))
        port = self._listening.getsockname()[1]
        credentials = parts.netloc.rpartition("@")[0]
        self.url = urlunsplit(parts._replace(netloc=f"{credentials}@127.0.0.1:{port}"))
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._cut = False
        self._flowing = threading.Event()
        self._flowing.set()
        threading.Thread(target=self._accept, daemon=True).start()

    @contextmanager
    def cut(self) -> Iterator[None]:
        self._cut = True
        self._reset()
        try:
            yield
        finally:
            self._cut = False

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Connections stay, new ones are accepted, and nothing is answered: as of a server that was stopped."""
        self._flowing.clear()
        try:
            yield
        finally:
            self._flowing.set()

    def close(self) -> None:
        self._flowing.set()
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._reset()

    def _reset(self) -> None:
        with self._lock:
            for end in self._open:
                with suppress(OSError):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
                    end.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                if self._cut:
                    near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
                    near.close()
                    continue
                far = socket.create_connection(self._server)
                with self._lock:
                    self._open |= {near, far}
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=ends, daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                self._flowing.wait()
                target.sendall(data)
        with self._lock:
            self._open -= {source, target}
        for end in (source, target):
            end.close()
