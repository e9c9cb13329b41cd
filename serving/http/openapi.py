"""What the OpenAPI document says beyond what follows from the code."""

from __future__ import annotations

from dataclasses import dataclass

from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import (
    Components,
    OpenAPIMediaType,
    OpenAPIResponse,
    OpenAPIType,
    Operation,
    Parameter,
    Schema,
    SecurityScheme,
    Tag,
)

from serving.http import docs
from serving.http.errors import MEDIA_TYPE, TYPES
from serving.http.request_context import KEY_HEADER
from serving.schemas.examples import UNKNOWN_TEAM, example
from serving.schemas.problem import ProblemDetails

KEY = "key"
SECURITY: list[dict[str, list[str]]] = [{KEY: []}]
DESCRIPTION = """Football predictions and how they were made. Every operation but health needs a key in the header
X-API-Key; errors are problem details (RFC 9457) whose `type` is stable. RateLimit headers state the limits.

Requests that reach no operation are answered with problem details too: no-such-path (404), method-not-allowed (405),
malformed-http (400) and head-too-large (431)."""


ADMISSION = (
    *("invalid-request", "key-missing", "key-refused", "scope-missing", "not-acceptable", "too-many-requests"),
    *("internal-error", "database-unavailable", "keys-unreadable", "too-many-connections"),
)
"""Problems of every operation behind a key: a key that is not in memory is looked up in the database."""
BODY = ("request-timeout", "body-too-large", "unsupported-media-type")
"""Those of an operation that reads a body."""
DATABASE = ("database-busy", "not-built")
"""Those of an operation that reads tables which runs make."""


def problems(*slugs: str) -> dict[int, ResponseSpec]:
    """Responses of an operation behind a key: the problems that each of them has, and ``slugs`` of its own."""
    return public_problems(*ADMISSION, *slugs)


def public_problems(*slugs: str) -> dict[int, ResponseSpec]:
    """Responses of an operation that answers with the problems ``slugs``, and of every kind with internal-error."""
    by_status: dict[int, list[str]] = {}
    for slug in TYPES:
        if slug in ("internal-error", *slugs):
            by_status.setdefault(TYPES[slug][0], []).append(slug)
    return {status: _problems(those) for status, those in by_status.items()}


def _problems(slugs: list[str]) -> ResponseSpec:
    return ResponseSpec(
        ProblemDetails,
        generate_examples=False,
        description="\n".join(f"- `{slug}`: {TYPES[slug][1]}." for slug in slugs),
        media_type=MEDIA_TYPE,
        examples=[example("unknown-team", "An unknown team", UNKNOWN_TEAM)] if "unknown-team" in slugs else None,
    )


def config() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="footpred",
        version="1.0.0",
        description=DESCRIPTION,
        openapi_router=docs.router(),
        render_plugins=[docs.Page(path="/"), JsonRenderPlugin(path="/openapi.json")],
        components=Components(
            security_schemes={KEY: SecurityScheme(type="apiKey", name=KEY_HEADER, security_scheme_in="header")}
        ),
        tags=[Tag("predictions"), Tag("matches"), Tag("models"), Tag("tasks"), Tag("service")],
        use_handler_docstrings=True,
    )


@dataclass
class Described(Operation):
    """An operation with parameters that can be left out: in an address or a header nothing is null."""

    def __post_init__(self) -> None:
        for parameter in self.parameters or []:
            schema = parameter.schema if isinstance(parameter, Parameter) else None
            if isinstance(schema, Schema):
                _remove_null(schema)


def _remove_null(schema: Schema) -> None:
    kinds = [kind for kind in schema.one_of or [] if isinstance(kind, Schema) and kind.type != OpenAPIType.NULL]
    if len(kinds) == 1:
        schema.one_of, schema.type, schema.format = None, kinds[0].type, kinds[0].format
    if isinstance(schema.type, list):
        (schema.type,) = (kind for kind in schema.type if kind != OpenAPIType.NULL)
        schema.enum = [value for value in schema.enum or [] if value is not None]


@dataclass
class Listed(Described):
    """An operation whose answer also comes as lines of JSON and as a table."""

    def __post_init__(self) -> None:
        super().__post_init__()
        found = (self.responses or {}).get("200")
        if isinstance(found, OpenAPIResponse) and found.content is not None:
            text = Schema(type=OpenAPIType.STRING)
            found.content |= {kind: OpenAPIMediaType(schema=text) for kind in ("application/x-ndjson", "text/csv")}


@dataclass
class Tabled(Described):
    """An operation whose answer also comes as a table."""

    def __post_init__(self) -> None:
        super().__post_init__()
        found = (self.responses or {}).get("200")
        if isinstance(found, OpenAPIResponse) and found.content is not None:
            found.content |= {"text/csv": OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))}
