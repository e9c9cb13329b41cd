"""Connections on which a request was begun and is never completed."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit


@contextmanager
def half_open(url: str, count: int) -> Iterator[list[socket.socket]]:
    parts = urlsplit(url)
    with ExitStack() as stack:
        opened = [stack.enter_context(socket.create_connection((parts.hostname, parts.port))) for _ in range(count)]
        for connection in opened:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n")
        yield opened
