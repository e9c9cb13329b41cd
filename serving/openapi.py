"""What the OpenAPI document says beyond what follows from the code."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

from litestar import Request
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import (
    Components,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Schema,
    SecurityScheme,
    Tag,
)

from serving.authentication import HEADER
from serving.errors import MEDIA_TYPE, TYPES
from serving.schemas.examples import UNKNOWN_TEAM, shown
from serving.schemas.problem import ProblemDetails

KEY = "key"
SECURITY: list[dict[str, list[str]]] = [{KEY: []}]
DESCRIPTION = """Football predictions and how they were made. Every operation but health needs a key in the header
X-API-Key; errors are problem details (RFC 9457) whose `type` is stable. Limits are told in RateLimit headers."""


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """Responses of an operation behind a key: those every one has, and ``statuses`` of its own."""
    return {status: _problem(status) for status in sorted({401, 403, 429, 500, *statuses})}


def public_problems(*statuses: int) -> dict[int, ResponseSpec]:
    return {status: _problem(status) for status in sorted({500, *statuses})}


def _problem(status: int) -> ResponseSpec:
    titles = [title for code, title in TYPES.values() if code == status]
    return ResponseSpec(
        ProblemDetails,
        generate_examples=False,
        description="; ".join(titles) + ".",
        media_type=MEDIA_TYPE,
        examples=shown(UNKNOWN_TEAM, "A team nobody knows") if status == 404 else None,
    )


class PlainDocs(OpenAPIRenderPlugin):
    """The operations as a page of HTML that loads nothing from anywhere."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        sections = []
        for path, methods in sorted(openapi_schema["paths"].items()):
            for method, operation in methods.items():
                statuses = "".join(
                    f"<li>{status}: {_text(response.get('description', ''))}</li>"
                    for status, response in sorted(operation["responses"].items())
                )
                sections.append(
                    f"<section><h2><code>{method.upper()} {_text(path)}</code></h2>"
                    f"<p>{_text(operation.get('description', operation.get('summary', '')))}</p><ul>{statuses}</ul>"
                    "</section>"
                )
        title = _text(openapi_schema["info"]["title"])
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            '<meta name="viewport" content="width=device-width"><style>body{font:16px/1.5 system-ui,sans-serif;'
            "max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}h2{font-size:1rem;margin-top:2rem}"
            f"</style></head><body><h1>{title}</h1><p>{_text(openapi_schema['info']['description'])}</p>"
            f'<p><a href="/schema/openapi.json">openapi.json</a></p>{"".join(sections)}</body></html>'
        ).encode()


def _text(value: str) -> str:
    return html.escape(value)


def config() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="footpred",
        version="1.0.0",
        description=DESCRIPTION,
        path="/schema",
        render_plugins=[PlainDocs(), JsonRenderPlugin(path="/openapi.json")],
        components=Components(
            security_schemes={KEY: SecurityScheme(type="apiKey", name=HEADER, security_scheme_in="header")}
        ),
        tags=[Tag("predictions"), Tag("matches"), Tag("models"), Tag("tasks"), Tag("service")],
        use_handler_docstrings=True,
    )


@dataclass
class Listed(Operation):
    """An operation whose answer also comes as lines of JSON and as a table."""

    def __post_init__(self) -> None:
        found = (self.responses or {}).get("200")
        if isinstance(found, OpenAPIResponse) and found.content is not None:
            text = Schema(type=OpenAPIType.STRING)
            found.content |= {kind: OpenAPIMediaType(schema=text) for kind in ("application/x-ndjson", "text/csv")}


@dataclass
class Tabled(Operation):
    """An operation whose answer also comes as a table."""

    def __post_init__(self) -> None:
        found = (self.responses or {}).get("200")
        if isinstance(found, OpenAPIResponse) and found.content is not None:
            found.content |= {"text/csv": OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))}
