"""OPTIONS: the methods of a path, and preflight requests of browsers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serving.http.encoded_response import Encoded, header
from serving.http.errors import Problem, allowed_methods, refusal
from serving.http.request_context import call_of

if TYPE_CHECKING:
    from litestar import Litestar
    from litestar.types import ASGIApp, Receive, Scope, Send


class Options:
    """Answers OPTIONS requests; ``app`` knows the origins that may call."""

    def __init__(self, app: ASGIApp, litestar: Litestar) -> None:
        self._app, self._litestar = app, litestar

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        preflight = all(header(scope, name) for name in (b"origin", b"access-control-request-method"))
        if not preflight or self._litestar.cors_config is None:
            await self._answer(scope)(scope, receive, send)
            return
        messages: list[Any] = []

        async def keep(message: Any) -> None:
            messages.append(message)

        await self._app(scope, receive, keep)
        if messages[0]["status"] == 400:
            problem = Problem("preflight-refused", "CORS_ALLOWED_ORIGINS lists the origins; see Allow for methods")
            await refusal(call_of(scope), problem)(scope, receive, send)
            return
        for message in messages:
            await send(message)

    def _answer(self, scope: Scope) -> Encoded:
        methods = allowed_methods(self._litestar, scope["path"])
        if not methods:
            return refusal(call_of(scope), Problem("no-such-path", "there is no operation"))
        return Encoded(b"", (b"allow", ", ".join(methods).encode()), status=204)
