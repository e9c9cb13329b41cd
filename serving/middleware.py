"""Around every request, known path or not: an id, a time limit for its body, its metrics and its line in the log."""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets
from time import perf_counter
from typing import TYPE_CHECKING, Any

from litestar.enums import ScopeType

from serving.direct import Direct
from serving.http.encoded_response import PRIVATE
from serving.http.errors import Problem, refusal
from serving.http.options import Options
from serving.http.request_context import ARRIVED, REFUSED, SCOPE_KEY
from serving.logs import access_line
from serving.metrics import request_metrics
from serving.service import Service
from serving.service_call import ServiceCall

if TYPE_CHECKING:
    from litestar import Litestar
    from litestar.types import ASGIApp, Receive, Scope, Send


REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
BODY_SECONDS = 10.0
METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"})
_PREFIX = secrets.token_hex(6)
_NUMBERS = itertools.count()
"""Ids that no two processes share, at a tenth of what random ones cost."""
ALWAYS = [(b"x-content-type-options", b"nosniff")]
NO_BODY: Any = {"type": "http.response.body", "body": b"", "more_body": False}
VARY = (b"vary", b"Accept, X-API-Key")
CLOSE = (b"connection", b"close")


class Gateway:
    """Outermost ASGI layer: around the handler of ``litestar``."""

    def __init__(self, litestar: Litestar, service: Service) -> None:
        self._framework, self._service = litestar.asgi_handler, service
        self.operations: ASGIApp = Direct(litestar, service)  # type: ignore[assignment]  # HTTP only
        self._options = Options(self._framework, litestar)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._framework(scope, receive, send)
            return
        started = perf_counter()
        call = ServiceCall(self._service, _request_id(scope["headers"]))
        scope[SCOPE_KEY] = call  # type: ignore[literal-required]
        status, method = 500, scope["method"]

        async def sent(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"], (b"x-request-id", call.request_id.encode()), *ALWAYS]
                if call.key is not None:
                    headers.append(VARY)
                    if b"cache-control" not in dict(headers):
                        headers.append(PRIVATE)
                if self._service.ending.draining:
                    headers.append(CLOSE)
                message["headers"] = headers + call.limit if call.limit else headers
            if method != "HEAD":
                await send(message)
            elif message["type"] == "http.response.start":
                await send(message)
                await send(NO_BODY)

        async def in_time() -> Any:
            try:
                async with asyncio.timeout(BODY_SECONDS - (perf_counter() - started)):
                    message = await receive()
            except TimeoutError:
                raise Problem("request-timeout", f"no body within {BODY_SECONDS:.0f} s") from None
            if message["type"] == "http.disconnect":
                raise Problem("request-timeout", "the caller left before the body was whole")
            return message

        if method == "HEAD":  # as GET; the server sends no body, for it has the scope as it came
            scope, receive = {**scope, "method": "GET"}, _disconnected
        waits = scope["method"] != "GET" and not scope.get(ARRIVED)
        refused: Problem | None = scope.get(REFUSED)  # type: ignore[assignment]
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            refused = refused or Problem("invalid-request", "there is a NUL in the address")
        app: Any = self.operations if method != "OPTIONS" else self._options
        if refused is not None:
            app = refusal(call, refused)
        try:
            await app(scope, in_time if waits else receive, sent)
        finally:
            seconds = perf_counter() - started
            label = method if method in METHODS else "other"
            path = scope.get("path_template") or "unknown"
            count, duration = request_metrics(label, path, status)
            count.inc()
            duration.observe(seconds)
            line = access_line(call.request_id, label, path, status, seconds)
            if call.key is not None:
                line["key"] = call.key.id
                self._service.uses.add(call.key.id, refused=call.refused)
            if call.problem is not None:
                line["problem"] = call.problem
            self._service.access.add(line)


async def _disconnected() -> Any:
    """For HEAD: a stream ends after its head."""
    return {"type": "http.disconnect"}


def _request_id(headers: Any) -> str:
    for name, value in headers:
        if name == b"x-request-id" and REQUEST_ID.fullmatch(value):
            return str(value, "ascii")
    return f"{_PREFIX}{next(_NUMBERS):08x}"
