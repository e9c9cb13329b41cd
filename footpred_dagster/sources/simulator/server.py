"""The simulated site over HTTP on loopback, with the validators and status codes conditional clients rely on."""

from __future__ import annotations

import hashlib
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import inf
from types import TracebackType
from typing import Any, Self

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.clients.base import FIXTURES_PATH, SIMULATED_HEADER
from footpred_dagster.sources.simulator.faults import Answer, Fault, misbehaved
from footpred_dagster.sources.simulator.site import (
    fixtures_changed,
    render_fixtures,
    render_results,
    render_truth,
    results_changed,
    truth_changed,
)
from footpred_dagster.sources.simulator.world import World

TRUTH_PATH = "truth.csv"
IDLE_SECONDS = 30
"""After which a silent connection is closed."""

_RESULTS = re.compile(r"mmz4281/(\d{4})/([A-Z0-9]+)\.csv", re.ASCII)


@dataclass(frozen=True, slots=True)
class Page:
    """One body as of one instant. etag: strong, SHA-256 of the body, quoted. changed: UTC, whole seconds."""

    body: bytes
    etag: str
    changed: datetime


@dataclass(slots=True)
class _Ordered:
    """A fault for the next ``times`` requests whose path matches the glob ``path``."""

    path: str
    fault: Fault
    times: float


class SimulatorServer:
    """Serves ``world`` as of ``clock()`` (aware; whole minutes, in which kickoffs are set) until closed.

    Use it in a ``with`` statement, or call ``start`` and ``close``. ``asked`` counts requests by path, ``requests``
    answers by status, ``sent`` the bytes of bodies handed to the network; a test reads them, and may clear them.
    """

    def __init__(self, world: World, clock: Callable[[], datetime]) -> None:
        self.world, self.clock = world, clock
        self.asked: Counter[str] = Counter()
        self.requests: Counter[int] = Counter()
        self.sent = 0
        self.closing = threading.Event()
        self._faults: list[_Ordered] = []
        self._published: dict[str, Page] = {}
        self._pages: dict[str, tuple[datetime, Page | None]] = {}
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True, name="simulator")

    @property
    def url(self) -> str:
        """Without trailing slash; the port is the operating system's choice."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> Self:
        self._thread.start()
        return self

    def close(self) -> None:
        self.closing.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def misbehave(self, path: str, fault: Fault, times: int | None = None) -> None:
        """Answer the next ``times`` requests for ``path``, a glob, with ``fault``; for ever if None.

        Several faults of one path come one after the other, in the order they were ordered.
        """
        with self._lock:
            self._faults.append(_Ordered(path, fault, inf if times is None else times))

    def behave(self) -> None:
        """Forget every fault."""
        with self._lock:
            self._faults.clear()

    def publish(self, path: str, body: bytes) -> None:
        """Serve ``body`` under ``path`` from now on, whatever the world says."""
        self._published[path] = _page(body, self.clock())

    def fault(self, path: str) -> Fault | None:
        """The fault due for a request of ``path``, which is counted; one of its times is used up."""
        with self._lock:
            self.asked[path] += 1
            for ordered in self._faults:
                if ordered.times > 0 and fnmatchcase(path, ordered.path):
                    ordered.times -= 1
                    return ordered.fault
        return None

    def page(self, path: str) -> Page | None:
        """What ``path`` holds now; None where the site has no file. Kept per path until the clock's next minute."""
        if published := self._published.get(path):
            return published
        as_of = self.clock().astimezone(UTC).replace(second=0, microsecond=0)
        with self._lock:
            kept = self._pages.get(path)
            if kept is None or kept[0] != as_of:
                kept = as_of, self._render(path, as_of)
                if kept[1] is not None:  # unbounded guesses at paths are not worth remembering
                    self._pages[path] = kept
            return kept[1]

    def count(self, *, status: int | None = None, sent: int = 0) -> None:
        with self._lock:
            self.sent += sent
            if status is not None:
                self.requests[status] += 1

    def _render(self, path: str, as_of: datetime) -> Page | None:
        if path == FIXTURES_PATH:
            return _page(render_fixtures(self.world, as_of), fixtures_changed(self.world, as_of))
        if path == TRUTH_PATH:
            return _page(render_truth(self.world, as_of), truth_changed(self.world, as_of))
        if not (match := _RESULTS.fullmatch(path)):
            return None
        try:
            season = Season.parse(match[1])
        except ValueError:
            return None
        body = render_results(self.world, match[2], season, as_of)
        changed = results_changed(self.world, match[2], season, as_of)
        return _page(body, changed) if body is not None and changed is not None else None


def _page(body: bytes, changed: datetime) -> Page:
    return Page(body, f'"{hashlib.sha256(body).hexdigest()}"', changed.astimezone(UTC).replace(microsecond=0))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    disable_nagle_algorithm = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up, as one that has seen enough of an answer does, is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _handler(simulator: SimulatorServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server_version = "FootpredSimulator"
        disable_nagle_algorithm = True
        timeout = IDLE_SECONDS

        def do_GET(self) -> None:
            path = self.path.partition("?")[0].lstrip("/")
            page, fault = simulator.page(path), simulator.fault(path)
            if fault:
                self._misbehave(misbehaved(fault, path, page.body if page else b""))
            elif page is None:
                self._send(Answer(404, {"Content-Type": "text/plain"}, iter([b"no such file\n"]), 13))
            else:
                headers = {"ETag": page.etag, "Last-Modified": format_datetime(page.changed, usegmt=True)}
                if _unchanged(page, self.headers.get("If-None-Match"), self.headers.get("If-Modified-Since")):
                    self._send(Answer(304, headers, length=None))
                else:
                    self._send(Answer(200, {"Content-Type": "text/csv", **headers}, iter([page.body]), len(page.body)))

        def _misbehave(self, answer: Answer | None) -> None:
            """Clients hang up on some faults, and are to be hung up on by others."""
            self.close_connection = True
            if answer is None:
                simulator.closing.wait(IDLE_SECONDS)
                return
            with suppress(ConnectionError):
                self._send(answer)

        def _send(self, answer: Answer) -> None:
            simulator.count(status=answer.status)
            self.send_response(answer.status)
            for name, value in {**answer.headers, SIMULATED_HEADER: "true"}.items():
                self.send_header(name, value)
            if answer.length is not None:
                self.send_header("Content-Length", str(answer.length))
            self.end_headers()
            for chunk in answer.chunks:
                self.wfile.write(chunk)
                simulator.count(sent=len(chunk))

        def log_message(self, *_: Any) -> None:
            """Nobody reads a line per request on standard error; ``requests`` counts them."""

    return Handler


def _unchanged(page: Page, if_none_match: str | None, if_modified_since: str | None) -> bool:
    """RFC 9110, 13.2.2: the entity tag decides alone where it is sent; a date nobody can read asks nothing."""
    if if_none_match is not None:
        tags = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
        return page.etag in tags or "*" in tags
    try:
        since = parsedate_to_datetime(if_modified_since or "")
    except ValueError:
        return False
    return page.changed <= (since if since.tzinfo else since.replace(tzinfo=UTC))
