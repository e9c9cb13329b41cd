"""The two operations that are called most, answered without the framework where it would give the same answer.

Its routing, request objects and checks of signatures take as long as all else that a lookup needs. Admission, answers
and problems come from the same functions there and here; a request that is unusual in any way is left to the framework.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

import msgspec
from litestar._asgi.utils import is_valid_host

from serving.authentication import Access
from serving.controllers.predict import answer_request, look_up
from serving.http.errors import Problem, error_answer, refusal
from serving.http.request_context import ARRIVED
from serving.schemas.predictions import Asked, PredictRequest
from serving.service import Service
from serving.service_call import call_of

if TYPE_CHECKING:
    from litestar import Litestar
    from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send


PREFIX = "/predict/"
MAX_BODY = 4096
"""Bytes; a request for one prediction has fewer."""
DECODER = msgspec.json.Decoder(PredictRequest)


class Direct:
    """In front of the handler of ``litestar``: ``GET /predict/{match_id}`` from memory, and ``POST /predict/``."""

    def __init__(self, litestar: Litestar, service: Service) -> None:
        self._framework, self._service = litestar.asgi_handler, service
        self._has_origins = litestar.cors_config is not None
        self._reads = Access(self._framework, "read", body=False)
        self._predicts = Access(self._framework, "predict", body=True)

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        made: Coroutine[Any, Any, ASGIApp] | None = None
        if path.startswith(PREFIX) and not scope["query_string"] and self._usual(scope["headers"]):
            method, match_id = scope["method"], path[len(PREFIX) :]
            if method == "GET" and match_id in self._service.snapshot.by_id:
                made, scope["path_template"] = self._look_up(scope, match_id), "/predict/{match_id}"
            elif method == "POST" and not match_id:
                made, scope["path_template"] = self._predict(scope, receive), "/predict"
        if made is None:
            await self._framework(scope, receive, send)
            return
        try:
            answer = await made
        except Problem as problem:
            answer = refusal(call_of(scope), problem)
        except Exception as error:
            answer = error_answer(scope, error)
        await answer(scope, receive, send)

    def _usual(self, headers: Any) -> bool:
        for name, value in headers:
            if (name == b"host" and not is_valid_host(value)) or (name == b"origin" and self._has_origins):
                return False
        return True

    async def _look_up(self, scope: HTTPScope, match_id: str) -> ASGIApp:
        await self._reads.admit(scope, call_of(scope))
        return await look_up(scope, match_id)

    async def _predict(self, scope: HTTPScope, receive: Receive) -> ASGIApp:
        await self._predicts.admit(scope, call_of(scope))
        if not scope.get(ARRIVED):
            return self._framework
        message = await receive()
        asked = _decode(message)
        return _Unread(self._framework, message) if asked is None else await answer_request(scope, asked)


class _Unread:
    """``app`` for a request whose first ``message`` was received already."""

    def __init__(self, app: ASGIApp, message: Any) -> None:
        self._app, self._messages = app, [message]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def again() -> Any:
            return self._messages.pop() if self._messages else await receive()

        await self._app(scope, again, send)


def _decode(message: Any) -> Asked | None:
    """What the body of ``message`` requests; None where the framework has to explain what is wrong."""
    if message["type"] != "http.request" or message["more_body"] or len(message["body"]) > MAX_BODY:
        return None
    try:
        return DECODER.decode(message["body"]).asked
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
