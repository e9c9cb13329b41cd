"""The deadline of an exchange, against servers that send a byte now and then: no read of theirs times out."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from footpred_dagster.sources.clients.http import HttpSource
from tests.support.scripted_site import CSV, Clock

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(CSV), CSV)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n" % (len(CSV), CSV)
DRIPS = {
    "status line": (b"", b"H"),
    "header": (b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
    "headers": (b"HTTP/1.1 200 OK\r\n", b"X: x\r\n"),
    "interim answers": (b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "body": (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x"),
    "chunks": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "trailers": (CHUNKED, b"X: x\r\n"),
}


@contextmanager
def dripping(first: bytes, then: bytes) -> Iterator[str]:
    """The address of a server that drips to the first connection until that ends, and serves the second."""
    over = threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = server.accept()
        with suppress(OSError), connection:
            connection.recv(65_536)
            connection.sendall(first)
            while not over.wait(0.05):
                connection.sendall(then)
        if not over.is_set():
            with server.accept()[0] as connection:
                connection.recv(65_536)
                connection.sendall(WHOLE)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    finally:
        over.set()
        thread.join(10)
        server.close()


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", DRIPS)
def test_a_server_that_drips_is_hung_up_on_and_the_file_requested_again(kind: str, clock: Clock) -> None:
    with (
        dripping(*DRIPS[kind]) as url,
        HttpSource(url, timeout=20, deadline=0.5, sleep=clock.sleep, clock=clock) as source,
    ):
        assert source.fetch("fixtures.csv").body == CSV


def test_an_exchange_in_time_leaves_the_connection_open(site, clock: Clock) -> None:
    with HttpSource(site.url, deadline=0.5, sleep=clock.sleep, clock=clock) as source:
        assert source.fetch("fixtures.csv").body == CSV
        time.sleep(0.7)
        assert source.fetch("fixtures.csv").body == CSV
