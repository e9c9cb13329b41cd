"""What no request may contain: NUL, parameters that its operation does not have, a body that is no JSON."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from litestar.routes import HTTPRoute

from serving.encoded import header
from serving.errors import Problem
from serving.schemas.problem import FieldError

if TYPE_CHECKING:
    from litestar import Litestar

Parameters = Mapping[str, frozenset[str]]


def query_parameters(app: Litestar) -> Parameters:
    """The names of the query parameters of each operation, by its id."""
    return {
        handler.operation_id: frozenset(parameter.field_alias for parameter in model.expected_query_params)
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler, model in route.route_handler_map.values()
        if isinstance(handler.operation_id, str)
    }


def check_address(scope: Mapping[str, Any], parameters: Parameters) -> None:
    """Raises Problem for a NUL in path or query, and for a parameter that the operation does not have."""
    query: bytes = scope["query_string"]
    if "\0" in scope["path"] or b"%00" in query:
        raise Problem("invalid-request", "there is a NUL in the address")
    if not query:
        return
    known = parameters.get(scope["route_handler"].operation_id, frozenset())
    names = [name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)]
    if errors := [FieldError(f"query.{name[:100]}", _unknown(name, known)) for name in names if name not in known]:
        raise Problem("invalid-request", "see errors", errors=errors)


def _unknown(name: str, known: frozenset[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    if near:
        return f"there is no such parameter: did you mean {near[0]}?"
    return f"there is no such parameter; there are {', '.join(sorted(known))}" if known else "there are no parameters"


def check_body_type(scope: Mapping[str, Any]) -> None:
    """Raises Problem for a body that is declared as anything but JSON."""
    declared = header(scope, b"content-type")
    kind = (declared or "").partition(";")[0].strip().lower()
    if kind != "application/json":
        detail = f"{declared} is not read" if declared else "the type of the body is missing"
        raise Problem("unsupported-media-type", f"{detail[:200]}: send Content-Type: application/json")
