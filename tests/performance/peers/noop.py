"""The service itself with two routes more that do nothing: what key, limit, metrics and request id cost.

The framework answers ``/noop``; ``/constant`` is answered in front of it, where the service answers lookups.
"""

from __future__ import annotations

import os
from typing import Any

from litestar import Litestar, Request, get

from serving.app import create_app as create_service
from serving.authentication import Access, needs
from serving.http.encoded_response import Encoded

BODY = b"x" * int(os.environ.get("NOOP_BYTES", "600"))


@get("/noop", middleware=needs("read"))
async def noop(request: Request[Any, Any, Any]) -> Encoded:
    return Encoded(BODY)


async def constant(scope: Any, receive: Any, send: Any) -> None:
    await Encoded(BODY)(scope, receive, send)


def create_app() -> Litestar:
    app = create_service()
    app.register(noop)
    gateway: Any = app.asgi_handler
    operations, access = gateway.operations, Access(constant, "read", body=False)

    async def with_constant(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/constant":
            scope["path_template"] = "/constant"
            await access(scope, receive, send)
        else:
            await operations(scope, receive, send)

    gateway.operations = with_constant
    return app
