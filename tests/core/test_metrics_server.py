"""The server of metrics and liveness: what it answers, and what a hostile client can hold."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress

import pytest

from footpred_dagster.core import metrics_server
from footpred_dagster.core.metrics_server import MetricsServer
from tests.support.half_open import half_open

HALF_OPEN = 800


class Served:
    def __init__(self) -> None:
        self.problem: str | None = None
        self.server = MetricsServer("127.0.0.1", 0, lambda: self.problem)
        self.url = f"http://127.0.0.1:{self.server.port}"

    def get(self, path: str, **headers: str) -> tuple[int, bytes]:
        request = urllib.request.Request(self.url + path, headers={k.replace("_", "-"): v for k, v in headers.items()})
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def exchange(self, sent: bytes) -> bytes:
        """Everything that is answered until the connection ends."""
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=5) as connection:
            connection.sendall(sent)
            received = b""
            with suppress(ConnectionResetError):
                while part := connection.recv(65536):
                    received += part
            return received


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served()
    yield served
    served.server.close()


def test_metrics_are_answered_as_text_and_compressed(served):
    status, page = served.get("/metrics?name[]=python_info")
    assert (status, page.startswith(b"# HELP python_info")) == (200, True)
    assert gzip.decompress(served.get("/metrics", Accept_Encoding="gzip")[1]).startswith(b"# HELP")


def test_liveness_says_why_not(served):
    assert served.get("/healthcheck/") == (200, b'{"status": "alive"}')
    served.problem = "because"
    status, body = served.get("/healthcheck/")
    assert (status, json.loads(body)) == (503, {"status": "failing", "problem": "because"})


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /other HTTP/1.1\r\n\r\n", 404),
        (b"POST /metrics HTTP/1.1\r\n\r\n", 405),
        (b"GET /metrics\r\n\r\n", 400),
        (b"\x16\x03\x01\xff\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\nX: " + b"x" * 2 * metrics_server.HEAD_BYTES + b"\r\n\r\n", 431),
    ],
)
def test_what_is_no_request_for_a_page_is_refused(served, sent, status):
    assert served.exchange(sent).startswith(b"HTTP/1.1 %d " % status)


def test_head_is_answered_without_the_page(served):
    head = served.exchange(b"HEAD /healthcheck/ HTTP/1.1\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert head.endswith(b"Content-Length: 19\r\nConnection: close\r\n\r\n")


def test_a_taken_port_is_an_error_of_the_caller(served):
    with pytest.raises(OSError, match="in use"):
        MetricsServer("127.0.0.1", served.server.port)


@pytest.mark.fault(60, "half-open connections to the metrics: few threads, others are answered, and they are closed")
def test_half_open_connections_hold_nothing(served, monkeypatch):
    monkeypatch.setattr(metrics_server, "HEAD_SECONDS", 1.0)
    threads = threading.active_count()
    with half_open(served.url, HALF_OPEN) as connections:
        assert threading.active_count() - threads <= metrics_server.RENDERERS
        began = time.monotonic()
        assert served.get("/metrics")[0] == 200
        assert served.get("/healthcheck/")[0] == 200
        assert time.monotonic() - began < 2
        for connection in connections:
            connection.settimeout(5)
            with suppress(ConnectionResetError):
                assert connection.recv(1) == b""
    assert served.server._incomplete == {}


@pytest.mark.fault(60, "a client that does not read its metrics is cut off")
def test_a_slow_reader_is_cut_off(served, monkeypatch):
    monkeypatch.setattr(metrics_server, "ANSWER_SECONDS", 0.5)
    monkeypatch.setattr(served.server, "_metrics", lambda _, start: (start("200 OK", []), [b"x" * 2**24])[1])
    with socket.create_connection(("127.0.0.1", served.server.port)) as slow:
        slow.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
        deadline = time.monotonic() + 5
        while not served.server._incomplete:
            assert time.monotonic() < deadline
        while served.server._incomplete:
            assert time.monotonic() < deadline
            time.sleep(0.05)
