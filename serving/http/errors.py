"""Every answer that is no success is a problem of a known type; what nobody foresaw is a 500 without its inside."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import msgspec
import psycopg
from litestar import Litestar, Request
from litestar.exceptions import HTTPException, ValidationException
from litestar.utils import normalize_path
from msgspec import UNSET
from psycopg_pool import PoolTimeout

from serving.http.encoded_response import Encoded
from serving.http.request_context import Call, call_of
from serving.schemas.problem import FieldError, ProblemDetails

MEDIA_TYPE = "application/problem+json"
TYPES: dict[str, tuple[int, str]] = {
    "invalid-request": (400, "The request is not as its schema says"),
    "preflight-refused": (400, "Pages of this origin may not call this"),
    "malformed-http": (400, "This is no HTTP request"),
    "key-missing": (401, "A key is needed"),
    "key-refused": (401, "This key opens nothing"),
    "scope-missing": (403, "This key may not do that"),
    "no-such-path": (404, "There is nothing at this path"),
    "unknown-match": (404, "No match goes by this id"),
    "unknown-task": (404, "None of your tasks goes by this id"),
    "unknown-team": (404, "No team goes by this name"),
    "unknown-league": (404, "No league goes by this code"),
    "unknown-season": (404, "No season of this league goes by this name"),
    "unknown-cursor": (404, "This cursor is of no page of this list"),
    "not-computed": (404, "This was not computed yet"),
    "method-not-allowed": (405, "This path knows other methods"),
    "not-acceptable": (406, "No representation is of a type that is accepted"),
    "request-timeout": (408, "The request took too long to arrive"),
    "not-predictable": (409, "There is no prediction for this match"),
    "kickoff-past": (409, "The match has begun"),
    "idempotency-conflict": (409, "The Idempotency-Key was used before, for something else"),
    "task-ended": (409, "The task has ended"),
    "body-too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "The body is of a type this path does not read"),
    "too-many-requests": (429, "The limit of this key is reached"),
    "too-many-tasks": (429, "Too many of your tasks wait"),
    "too-many-streams-of-yours": (429, "Too many of your streams are open"),
    "head-too-large": (431, "The request line and headers are too large"),
    "internal-error": (500, "Something went wrong here"),
    "worker-lost": (500, "Every worker that made it ended before it did"),
    "database-unavailable": (503, "The database does not answer"),
    "database-busy": (503, "The database is busy with the data this needs"),
    "keys-unreadable": (503, "Keys cannot be checked"),
    "too-many-connections": (503, "Too many connections are open"),
    "too-many-streams": (503, "Too many streams are open"),
    "not-built": (503, "The data this needs was not built yet"),
    "no-champion": (503, "There is no model to predict with yet"),
}
"""Slug of each problem type: its status and title. The list is part of the interface: entries are only added."""
BY_STATUS = {400: "invalid-request", 404: "no-such-path", 405: "method-not-allowed", 406: "not-acceptable"} | {
    413: "body-too-large",
    415: "unsupported-media-type",
}
RETRY_LATER = {"Retry-After": "5"}

log = logging.getLogger("footpred.service")


class Problem(Exception):
    """Raised by handlers; ``slug`` is one of TYPES, ``extra`` more fields of ProblemDetails."""

    def __init__(self, slug: str, detail: str, *, headers: Mapping[str, str] | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.slug, self.detail, self.headers, self.extra = slug, detail, dict(headers or {}), extra

    def details(self, request_id: str | None = None) -> ProblemDetails:
        status, title = TYPES[self.slug]
        kind = f"urn:footpred:problem:{self.slug}"
        return ProblemDetails(kind, title, status, self.detail, request_id or UNSET, **self.extra)


def answer(request: Request[Any, Any, Any], problem: Problem) -> Encoded:
    return refusal(call_of(request.scope), problem)


def refusal(call: Call, problem: Problem) -> Encoded:
    """The answer that ``problem`` is."""
    call.problem = problem.slug
    details = problem.details(call.request_id)
    body = msgspec.json.encode(details)
    headers = [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
    about = ((b"content-type", MEDIA_TYPE.encode()), (b"content-length", b"%d" % len(body)))
    return Encoded(body, *about, *headers, status=details.status)


def raw_answer(problem: Problem) -> tuple[bytes, int]:
    """(bytes to write, status): the answer to a request that does not reach the application. It closes."""
    details = problem.details()
    body = msgspec.json.encode(details)
    lines = [
        f"HTTP/1.1 {details.status} {HTTPStatus(details.status).phrase}",
        f"content-type: {MEDIA_TYPE}",
        f"content-length: {len(body)}",
        "x-content-type-options: nosniff",
        "connection: close",
        "",
        "",
    ]
    return "\r\n".join(lines).encode() + body, details.status


def on_problem(request: Request[Any, Any, Any], error: Problem) -> Encoded:
    return answer(request, error)


def on_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Encoded:
    if error.status_code >= 500 or error.status_code not in BY_STATUS:
        return on_bug(request, error)
    if error.status_code == 405:
        allowed = ", ".join(allowed_methods(request.app, request.scope["path"]))
        return answer(request, Problem("method-not-allowed", f"not {request.method}", headers={"Allow": allowed}))
    if error.status_code == 404:
        return answer(request, Problem("no-such-path", f"{request.method} {request.scope['path']} is no operation"))
    return answer(request, Problem(BY_STATUS[error.status_code], _plain(error.detail)))


def on_validation(request: Request[Any, Any, Any], error: ValidationException) -> Encoded:
    found = error.extra if isinstance(error.extra, list) else []
    errors = [
        FieldError(_where(item), _plain(item["message"]))
        for item in found
        if isinstance(item, dict) and "message" in item
    ]
    return answer(request, Problem("invalid-request", "see errors" if errors else _plain(error.detail), errors=errors))


def on_unreadable(request: Request[Any, Any, Any], error: Exception) -> Encoded:
    deep = isinstance(error, RecursionError)
    return answer(request, Problem("invalid-request", "the body is nested too deeply" if deep else "it is not UTF-8"))


def on_database_down(request: Request[Any, Any, Any], _error: Exception) -> Encoded:
    what = "predictions that are already loaded are still served; try this again later"
    return answer(request, Problem("database-unavailable", what, headers=RETRY_LATER))


def on_busy(request: Request[Any, Any, Any], error: Exception) -> Encoded:
    log.warning("a statement failed: %s: %s", type(error).__name__, str(error).strip())
    return answer(request, Problem("database-busy", "a table is locked; try this again later", headers=RETRY_LATER))


def on_not_built(request: Request[Any, Any, Any], _error: Exception) -> Encoded:
    return answer(request, Problem("not-built", "footpred run builds it", headers=RETRY_LATER))


def on_bug(request: Request[Any, Any, Any], error: Exception) -> Encoded:
    request_id = call_of(request.scope).request_id
    log.error("unforeseen error", exc_info=error, extra={"request_id": request_id})
    return answer(request, Problem("internal-error", f"it is logged under request id {request_id}"))


def allowed_methods(app: Litestar, path: str) -> list[str]:
    """Methods of the operations at a path; empty where there are none."""
    found = []
    for method in ("GET", "POST", "DELETE"):
        with suppress(HTTPException):
            app.asgi_router.handle_routing(path=normalize_path(path), method=method)
            found.append(method)
    if "GET" in found:
        found.insert(1, "HEAD")
    return [*found, "OPTIONS"] if found else []


def _where(item: Mapping[str, Any]) -> str:
    """``query.limit``, ``body.items``: as the request spells it, not as our parameters are called."""
    source, key = getattr(item.get("source"), "value", item.get("source", "")), str(item.get("key", ""))
    name = {"start": "from", "end": "to"}.get(key, key).removeprefix("data").removeprefix(".")
    return f"{source}.{name}" if name else str(source)


def _plain(text: str) -> str:
    """Without what JSON cannot carry: a message may quote the request."""
    return text.encode("utf-8", "replace").decode()


HANDLERS: dict[Any, Any] = {
    Problem: on_problem,
    ValidationException: on_validation,
    HTTPException: on_http_exception,
    RecursionError: on_unreadable,
    UnicodeDecodeError: on_unreadable,
    PoolTimeout: on_database_down,
    psycopg.errors.QueryCanceled: on_busy,
    psycopg.errors.LockNotAvailable: on_busy,
    psycopg.errors.DeadlockDetected: on_busy,
    psycopg.errors.IdleInTransactionSessionTimeout: on_database_down,
    psycopg.OperationalError: on_database_down,
    psycopg.errors.UndefinedTable: on_not_built,
    psycopg.errors.UndefinedColumn: on_not_built,
    Exception: on_bug,
}


def error_answer(scope: Any, error: Exception) -> Encoded:
    """The answer that the framework gives when an operation raises ``error``."""
    handler = next(HANDLERS[kind] for kind in type(error).__mro__ if kind in HANDLERS)
    made: Encoded = handler(Request(scope), error)
    return made
