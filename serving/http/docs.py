"""Swagger UI at ``/schema``: the OpenAPI document for people. Everything it loads is served here."""

from __future__ import annotations

import base64
import gzip
import hashlib
from functools import cache
from typing import Any

import swagger_ui_bundle
from litestar import Request, Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.response import Redirect

from serving.http.encoded_response import header

PATH = "/schema"
ASSETS = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript", "favicon-32x32.png": "image/png"}
STYLE = """
body { margin: 0; }
.swagger-ui .wrapper { padding: 0 16px; }
.swagger-ui .info { margin: 24px 0; }
@media (max-width: 640px) {
  .swagger-ui .opblock .opblock-summary, .swagger-ui .opblock .opblock-section-header { flex-wrap: wrap; height: auto; }
  .swagger-ui table, .swagger-ui tbody, .swagger-ui tr, .swagger-ui td { display: block; width: auto; }
  .swagger-ui table thead { display: none; }
}
"""
SCRIPT = """
document.documentElement.classList.toggle("dark-mode", matchMedia("(prefers-color-scheme: dark)").matches);
SwaggerUIBundle({
  url: "/schema/openapi.json", dom_id: "#operations", deepLinking: true, displayRequestDuration: true,
  tryItOutEnabled: true, validatorUrl: null
});
"""
"""``validatorUrl``: by default the document is sent to validator.swagger.io."""
PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>footpred API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" type="image/png" href="{PATH}/favicon-32x32.png">
<link rel="stylesheet" href="{PATH}/swagger-ui.css">
<style>{STYLE}</style>
</head>
<body>
<main id="operations"></main>
<noscript><p>This page needs JavaScript; see <a href="{PATH}/openapi.json">openapi.json</a>.</p></noscript>
<script src="{PATH}/swagger-ui-bundle.js"></script>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _hash(inline: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"


POLICY = "; ".join(
    (
        "default-src 'none'",
        f"script-src 'self' {_hash(SCRIPT)}",
        f"style-src 'self' {_hash(STYLE)}",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


class Page(OpenAPIRenderPlugin):
    """The page, as a plugin of the framework."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return PAGE.encode()


def router() -> Router:
    """What is below ``/schema``; the framework adds the page and the document to it."""
    return Router(
        PATH,
        route_handlers=[_asset(*asset) for asset in ASSETS.items()],
        include_in_schema=False,
        response_headers={"Content-Security-Policy": POLICY},
        after_request=_not_found,
    )


def _not_found(response: Response[Any]) -> Response[Any]:
    """Raises NotFoundException for the page with which the framework answers unknown paths below its router."""
    if response.status_code == 404:
        raise NotFoundException
    return response


@get("/", include_in_schema=False)
async def index() -> Redirect:
    return Redirect(PATH)


@cache
def _content(name: str, *, compressed: bool) -> bytes:
    content = (swagger_ui_bundle.swagger_ui_path / name).read_bytes()
    return gzip.compress(content) if compressed else content


def prepare() -> None:
    """Read and compress the files now: a tenth of a second."""
    for name in ASSETS:
        for compressed in (False, True):
            _content(name, compressed=compressed)


def _asset(name: str, media_type: str) -> HTTPRouteHandler:
    @get(f"/{name}", media_type=media_type, sync_to_thread=False)
    def asset(request: Request[Any, Any, Any]) -> Response[bytes]:
        compressed = "gzip" in [
            coding.strip() for coding in (header(request.scope, b"accept-encoding") or "").split(",")
        ]
        headers = {"Cache-Control": "public, max-age=3600", "Vary": "Accept-Encoding"}
        if compressed:
            headers["Content-Encoding"] = "gzip"
        return Response(_content(name, compressed=compressed), media_type=media_type, headers=headers)

    return asset
