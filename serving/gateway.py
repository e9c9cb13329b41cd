"""Around every request, known path or not: an id, a time limit for its body, its metrics and its line in the log."""

from __future__ import annotations

import asyncio
import itertools
import re
import secrets
from time import perf_counter
from typing import TYPE_CHECKING, Any

from litestar.enums import ScopeType

from serving.call import ARRIVED, REFUSED, SCOPE_KEY, Call
from serving.errors import Problem, refusal
from serving.logs import access_line
from serving.metrics import request_metrics

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Receive, Scope, Send

    from serving.service import Service

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
BODY_SECONDS = 10.0
METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"})
_PREFIX = secrets.token_hex(6)
_NUMBERS = itertools.count()
"""Ids that no two processes share, at a tenth of what random ones cost."""
ALWAYS = [(b"x-content-type-options", b"nosniff")]


class Gateway:
    """Outermost ASGI layer of the application."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        call = Call(self._service, _request_id(scope["headers"]))
        scope[SCOPE_KEY] = call  # type: ignore[literal-required]
        status = 500

        async def sent(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"], (b"x-request-id", call.request_id.encode()), *ALWAYS]
                message["headers"] = headers + call.limit if call.limit else headers
            await send(message)

        async def in_time() -> Any:
            try:
                async with asyncio.timeout(BODY_SECONDS - (perf_counter() - started)):
                    message = await receive()
            except TimeoutError:
                raise Problem("request-timeout", f"no body within {BODY_SECONDS:.0f} s") from None
            if message["type"] == "http.disconnect":
                raise Problem("request-timeout", "the caller left before the body was whole")
            return message

        waits = scope["method"] != "GET" and not scope.get(ARRIVED)
        refused: Problem | None = scope.get(REFUSED)  # type: ignore[assignment]
        app = self._app if refused is None else refusal(call, refused)
        try:
            await app(scope, in_time if waits else receive, sent)
        finally:
            seconds = perf_counter() - started
            method = scope["method"] if scope["method"] in METHODS else "other"
            path = scope.get("path_template") or "unknown"
            count, duration = request_metrics(method, path, status)
            count.inc()
            duration.observe(seconds)
            line = access_line(call.request_id, method, path, status, seconds)
            if call.key is not None:
                line["key"] = call.key.id
                self._service.uses.add(call.key.id, refused=call.refused)
            if call.problem is not None:
                line["problem"] = call.problem
            self._service.access.add(line)


def _request_id(headers: Any) -> str:
    for name, value in headers:
        if name == b"x-request-id" and REQUEST_ID.fullmatch(value):
            return str(value, "ascii")
    return f"{_PREFIX}{next(_NUMBERS):08x}"
