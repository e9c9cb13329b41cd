"""What no request may contain: parameters that its operation does not have, a body that is no JSON."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from litestar.routes import HTTPRoute

from serving.http.encoded_response import header
from serving.http.errors import Problem
from serving.schemas.problem import FieldError

if TYPE_CHECKING:
    from litestar import Litestar

Parameters = Mapping[str, Mapping[str, bool]]


def query_parameters(app: Litestar) -> Parameters:
    """The query parameters of each operation, by its id: for each name whether its values are any text."""
    return {
        handler.operation_id: {
            parameter.field_alias: handler.parsed_fn_signature.parameters[parameter.field_name].has_inner_subclass_of(
                str
            )
            for parameter in model.expected_query_params
        }
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for handler, model in route.route_handler_map.values()
        if isinstance(handler.operation_id, str)
    }


def check_address(scope: Mapping[str, Any], parameters: Parameters) -> None:
    """Raises Problem for a parameter that the operation does not have or that is repeated, and for null."""
    query: bytes = scope["query_string"]
    if not query:
        return
    known = parameters.get(scope["route_handler"].operation_id, {})
    errors, given = [], set()
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name not in known:
            errors.append(FieldError(f"query.{name[:100]}", _unknown(name, known)))
        elif name in given:  # the framework would read the last one
            errors.append(FieldError(f"query.{name}", "it is given more than once"))
        elif value.lower() == "null" and not known[name]:  # the framework would read it as a parameter left out
            errors.append(FieldError(f"query.{name}", "it is not null: leave the parameter out"))
        given.add(name)
    if errors:
        raise Problem("invalid-request", "see errors", errors=errors)


def _unknown(name: str, known: Mapping[str, bool]) -> str:
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
