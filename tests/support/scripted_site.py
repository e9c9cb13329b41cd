"""A real server on loopback that answers as it is told, and a clock whose waits are asserted, not waited for."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CSV = b"Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR\r\n"


@dataclass
class Answer:
    status: int = 200
    body: bytes = CSV
    headers: dict[str, str] = field(default_factory=dict)
    claimed: int | None = None
    """Content-Length to claim, when it is not the body's."""
    hang: bool = False
    """Say nothing until the test is over."""


class Site:
    """A server that gives the next scripted answer, the last one for ever, and remembers what it was asked."""

    def __init__(self) -> None:
        self.script: list[Answer] = [Answer()]
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.over = threading.Event()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                answer = site.script.pop(0) if len(site.script) > 1 else site.script[0]
                if answer.hang:
                    site.over.wait(10)
                    return
                with suppress(BrokenPipeError, ConnectionResetError):  # some tests expect the client to hang up
                    self._give(answer)

            def _give(self, answer: Answer) -> None:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                length = len(answer.body) if answer.claimed is None else answer.claimed
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
