"""What an operation behind a key states, once: where it is, who may call it, what it gives, how it fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from litestar.openapi import ResponseSpec

from serving.authentication import needs
from serving.http.negotiation import CSV, JSON, NDJSON
from serving.http.openapi import BODY, SECURITY, Described, Listed, Tabled, problems

LIST, TABLE = (JSON, NDJSON, CSV), (JSON, CSV)
"""Representations of lists and of tables, the default first."""
DESCRIBED: Mapping[tuple[str, ...], type[Described]] = {LIST: Listed, TABLE: Tabled}
NOT_MODIFIED = ResponseSpec(None, description="It is as If-None-Match has it.")


def gives(kind: Any, description: str, **more: Any) -> ResponseSpec:
    """The answer of an operation: a msgspec struct, what it is, and what else its ResponseSpec has."""
    return ResponseSpec(kind, generate_examples=False, description=description, **more)


def operation(
    method: Callable[..., Callable[[Any], Any]],
    path: str,
    answer: ResponseSpec,
    *slugs: str,
    scope: str,
    tag: str,
    formats: tuple[str, ...] = (JSON,),
    body: bool = False,
    status: int = 200,
    not_modified: bool = False,
    **more: Any,
) -> Callable[[Any], Any]:
    """Decorate a handler as the operation of its name.

    method: of Litestar, ``get``, ``post`` or ``delete``. slugs: its problems, beside those of every operation behind a
    key. scope: of the key. formats: what it can answer with; the one that the caller accepts is the call's
    ``representation``. body: it reads one. not_modified: it may answer 304. more: for the route.
    """
    responses = {status: answer} | ({304: NOT_MODIFIED} if not_modified else {})

    def decorate(handler: Any) -> Any:
        return method(
            path,
            status_code=status,
            middleware=needs(scope, body=body, formats=formats),
            responses=responses | problems(*slugs, *(BODY if body else ())),
            security=SECURITY,
            tags=[tag],
            operation_id=handler.__name__,
            operation_class=DESCRIBED.get(formats, Described),
            **more,
        )(handler)

    return decorate
