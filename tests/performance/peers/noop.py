"""The service itself with one route more, which does nothing: what key, limit, metrics and request id cost."""

from __future__ import annotations

import os
from typing import Any

from litestar import Litestar, Request, get

from serving.app import create_app as create_service
from serving.authentication import needs
from serving.encoded import Encoded

BODY = b"x" * int(os.environ.get("NOOP_BYTES", "600"))


@get("/noop", middleware=needs("read"))
async def noop(request: Request[Any, Any, Any]) -> Encoded:
    return Encoded(BODY)


def create_app() -> Litestar:
    app = create_service()
    app.register(noop)
    return app
