"""HTTP/1.1 as uvicorn implements it, with a limit of bytes for every phase of a connection; of time in ``waits``."""

from __future__ import annotations

import asyncio
import socket
from functools import partial
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from serving.http.errors import Problem, raw_answer
from serving.http.flow import Flow, begin_in_turn
from serving.http.request_context import ARRIVED, REFUSED, call_of
from serving.http.waits import IDLE, SPREAD, UNFINISHED, Waits
from serving.metrics import request_metrics

HEAD_SECONDS = 10.0
BODY_SECONDS = 10.0
"""From the end of the head; the gateway answers 408 then."""
LINGER_SECONDS = 2.0
"""For the rest of a body that was not needed: a client that still sends would not see the answer to it."""
KEEP_ALIVE_SECONDS = 30
HEAD_BYTES = 32 * 2**10
"""Also of what is around a body: the header of a chunk, trailers."""
BODY_BYTES = 16 * 2**20
"""More than any operation reads: the framework answers 413 long before."""
PARSED_BYTES = 8 * 2**10
"""At a time; no more is parsed while requests wait for the answers to earlier ones."""
SEND_BUFFER = 128 * 2**10
"""Bytes of an answer that the kernel holds for one connection: by itself it lets a client leave megabytes unread."""
MAX_CONNECTIONS = 3000
"""Of one worker."""

HEALTH = frozenset({"/healthcheck", "/readyz", "/readyz/lookups"})
"""Paths that are answered however many connections there are."""
HEAD_TOO_LARGE = Problem(
    "head-too-large",
    f"a request line and headers have at most {HEAD_BYTES} bytes, and so have trailers",
    headers={"Connection": "close"},
)
NO_HOST = Problem("malformed-http", "a request names exactly one Host", headers={"Connection": "close"})
TOO_MANY_CONNECTIONS = Problem(
    "too-many-connections",
    f"{MAX_CONNECTIONS} requests are being answered",
    headers={"Connection": "close", "Retry-After": "1"},
)


class BoundedProtocol(Waits):
    """One connection."""

    flow: Flow
    _answering: RequestResponseCycle | None = None
    """Of several requests that were sent at once, the one that is being answered; ``cycle`` is the newest."""
    _admitted = False
    """The last request on it had a valid key."""
    _in_head = _in_body = _new_phase = _beyond_limit = False
    _head_bytes = _body_bytes = _framing_bytes = 0
    _unparsed = b""
    _framing = b""
    """Of a request that asks to upgrade and has a body: a head to go on with."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER // 2)
        self.flow = Flow(transport)
        self._wait(UNFINISHED, HEAD_SECONDS)
        if len(self.connections) > MAX_CONNECTIONS:
            self._beyond_limit = not self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._work()
        self._ignore_reader()
        if self._answering is not None:
            self._answering.disconnected = True  # uvicorn marks the newest only, and an older one would fail
        super().connection_lost(exc)
        self.pipeline.clear()  # requests that were not begun refer to this object
        if self.cycle is not self._answering:
            self.cycle = None  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        data, self._unparsed, self.flow.held = self._unparsed + data, b"", False
        for start in range(0, len(data), PARSED_BYTES):
            if self.pipeline:
                self._unparsed, self.flow.held = data[start:], True
                self.flow.pause_reading()
                break
            self._parse(data[start : start + PARSED_BYTES])
            if self.transport.is_closing():
                break

    def _parse(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
        elif self._in_body:
            self._framing_bytes += len(data)
        else:
            self._head_bytes = len(data)
        self._new_phase = False
        self._feed(data)
        if self.transport.is_closing():
            return
        if (self._in_head and self._head_bytes > HEAD_BYTES) or (self._in_body and self._framing_bytes > HEAD_BYTES):
            self._refuse(HEAD_TOO_LARGE)
        elif self._new_phase:
            self._enter_phase()

    def _feed(self, data: bytes) -> None:
        """As uvicorn, but a request is read on though it asks to upgrade, which nothing here does (RFC 9110, 7.8).

        The parser ends such a request with its head. A second head with the same framing, of which nothing else is
        told, makes it read the body as a body: otherwise that would be lost, or be the next request.
        """
        self._unset_keepalive_if_required()
        while True:
            try:
                self.parser.feed_data(data)
                break
            except httptools.HttpParserUpgrade as ended:
                data = self._framing + data[ended.args[0] :]
                self._framing = b""
            except httptools.HttpParserError:
                self.logger.warning("Invalid HTTP request received.")
                self.send_400_response("Invalid HTTP request received.")
                break

    def _enter_phase(self) -> None:
        if self.pipeline:
            self._work()
        elif self._in_head:
            self._wait(UNFINISHED, HEAD_SECONDS)
        elif self._in_body and self.cycle.response_complete:
            self._wait(UNFINISHED, LINGER_SECONDS)
        elif self._in_body:  # the gateway answers before, also when this is shortened
            self._wait(UNFINISHED, (BODY_SECONDS + LINGER_SECONDS) / (1 - SPREAD))
        elif self.cycle.response_complete:
            self._wait(IDLE, KEEP_ALIVE_SECONDS)
        else:
            self._work()

    def on_message_begin(self) -> None:
        if not self._in_body:  # else it begins again, for its body
            self._in_head = self._new_phase = True
            super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self._in_body:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_body:  # a trailer is no header
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._in_body:
            return
        self._in_head, self._new_phase = False, True
        too_large = self._head_bytes > HEAD_BYTES and self._exact_head_bytes() > HEAD_BYTES
        # What follows in the same bytes is body, or another message.
        self._head_bytes = self._body_bytes = self._framing_bytes = 0
        super().on_headers_complete()
        self._in_body = True
        if self.parser.should_upgrade():
            self._framing = self._head_of_framing()
        if self.scope["http_version"] == "1.1" and sum(name == b"host" for name, _ in self.headers) != 1:
            self.scope[REFUSED] = NO_HOST  # type: ignore[literal-required]
        elif too_large:
            self.scope[REFUSED] = HEAD_TOO_LARGE  # type: ignore[literal-required]
        elif self._beyond_limit and self.scope["path"].rstrip("/") not in HEALTH:
            self.scope[REFUSED] = TOO_MANY_CONNECTIONS  # type: ignore[literal-required]

    def on_body(self, body: bytes) -> None:
        self._framing_bytes = 0
        self._body_bytes += len(body)
        if self._body_bytes > BODY_BYTES:
            self._end()
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._framing:
            return
        self._in_body, self._new_phase = False, True
        super().on_message_complete()
        self.cycle.scope[ARRIVED] = True  # type: ignore[literal-required]

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        if self._admitted:
            self._begin(cycle, app)
        else:
            begin_in_turn(self.loop, partial(self._begin, cycle, app))

    def _begin(self, cycle: RequestResponseCycle, app: Any) -> None:
        if not self.transport.is_closing():
            super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        assert self._answering is not None
        self._admitted = call_of(self._answering.scope).key is not None
        super().on_response_complete()
        if self.transport.is_closing():
            self._watch_reader()
        elif not self.pipeline:
            if self._timer is None or not self._in_head:  # a head that is under way gets no more time
                self._enter_phase()
            self.data_received(b"")

    def timeout_keep_alive_handler(self) -> None:
        self._end()

    def send_400_response(self, msg: str) -> None:
        self._refuse(Problem("malformed-http", msg))

    def _exact_head_bytes(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _head_of_framing(self) -> bytes:
        framing = [
            name + b": " + value for name, value in self.headers if name in (b"content-length", b"transfer-encoding")
        ]
        if not framing:
            return b""
        close = [] if self.cycle.keep_alive else [b"connection: close"]
        return b"\r\n".join([b"POST / HTTP/1.1", *framing, *close, b"", b""])

    def _refuse(self, problem: Problem) -> None:
        """Answer a request that is none, unless the application began to answer it or an earlier one; close."""
        if self._in_body and not self.cycle.response_started and not self.pipeline:
            self.cycle.disconnected = True  # what the application answers is not sent any more
            self.cycle.message_event.set()
        if self.cycle is None or self.cycle.response_complete or self.cycle.disconnected:
            answer, status = raw_answer(problem)
            self.transport.write(answer)
            request_metrics("other", "unknown", status)[0].inc()
        self._end()
