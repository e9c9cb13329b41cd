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
from serving.call import ARRIVED
from serving.controllers.predict import answer_request, look_up
from serving.encoded import Encoded
from serving.errors import error_answer
from serving.schemas.predictions import Asked, PredictRequest

if TYPE_CHECKING:
    from litestar import Litestar
    from litestar.types import HTTPScope, Receive, Scope, Send

    from serving.service import Service

PREFIX = "/predict/"
MAX_BODY = 4096
"""Bytes; a request for one prediction has fewer."""
DECODER = msgspec.json.Decoder(PredictRequest)


class Direct:
    """In front of the handler of ``litestar``: ``GET /predict/{match_id}`` from memory, and ``POST /predict/``."""

    def __init__(self, litestar: Litestar, service: Service) -> None:
        self._framework, self._service = litestar.asgi_handler, service
        self._has_origins = litestar.cors_config is not None
        self._get = Access(self._get_prediction, "read", body=False)
        self._post = Access(self._predict, "predict", body=True)

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        operation = self._framework
        if path.startswith(PREFIX) and not scope["query_string"] and self._usual(scope["headers"]):
            method = scope["method"]
            if method == "GET" and path[len(PREFIX) :] in self._service.snapshot.by_id:
                operation, scope["path_template"] = self._get, "/predict/{match_id}"
            elif method == "POST" and path == PREFIX and scope.get(ARRIVED):
                operation, scope["path_template"] = self._post, "/predict"
        await operation(scope, receive, send)

    def _usual(self, headers: Any) -> bool:
        return not any(
            (name == b"host" and not is_valid_host(value)) or (name == b"origin" and self._has_origins)
            for name, value in headers
        )

    async def _get_prediction(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _answer(scope, receive, send, look_up(scope, scope["path"][len(PREFIX) :]))

    async def _predict(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        asked = _decode(message)
        if asked is None:
            await self._framework(scope, _after(message, receive), send)
        else:
            await _answer(scope, receive, send, answer_request(scope, asked))


async def _answer(scope: Scope, receive: Receive, send: Send, made: Coroutine[Any, Any, Encoded]) -> None:
    try:
        answer = await made
    except Exception as error:
        answer = error_answer(scope, error)
    await answer(scope, receive, send)


def _decode(message: Any) -> Asked | None:
    """What the body of ``message`` requests; None where the framework has to explain what is wrong."""
    if message["type"] != "http.request" or message["more_body"] or len(message["body"]) > MAX_BODY:
        return None
    try:
        return DECODER.decode(message["body"]).asked
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _after(message: Any, receive: Receive) -> Receive:
    """``receive`` of a request whose first ``message`` is read already."""
    messages = [message]

    async def read() -> Any:
        return messages.pop() if messages else await receive()

    return read
