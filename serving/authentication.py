"""Authentication by API key, authorization by scope, and the rate limit of a key: a middleware of each operation."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
from litestar.middleware import DefineMiddleware

from footpred_dagster.core.api_keys import Key, split
from serving.http.encoded_response import header
from serving.http.errors import RETRY_LATER, Problem, refusal
from serving.http.negotiation import JSON, accepted
from serving.http.request_checks import check_address, check_body_type
from serving.http.request_context import KEY_HEADER
from serving.service import Service
from serving.service_call import ServiceCall, call_of

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Receive, Scope, Send


HEADER_BYTES = KEY_HEADER.lower().encode()
CHALLENGE = {"WWW-Authenticate": f'ApiKey header="{KEY_HEADER}"'}
NO_KEY = Key("", "", "", bytes(32), [], 1.0, 1, datetime(2000, 1, 1, tzinfo=UTC), None, None, None)
"""Compared with when the id is unknown, so that an unknown id takes as long as a wrong secret."""

log = logging.getLogger("footpred.service")


def needs(scope: str, *, body: bool = False, formats: Sequence[str] = (JSON,)) -> list[DefineMiddleware]:
    """Middleware of an operation for keys with ``scope``, or ``admin``.

    body: the operation reads one. formats: what it answers with.
    """
    return [DefineMiddleware(Access, needed=scope, body=body, formats=formats)]


class Access:
    """Admits a request whose key is valid, within its rate limit and has the scope ``needed``, and that is well formed.

    Every other request is answered here with a problem (400, 401, 403, 406, 415, 429, 503): without an exception
    through the framework, because a refusal must cost less than an answer.
    """

    def __init__(self, app: ASGIApp, needed: str, body: bool, formats: Sequence[str] = (JSON,)) -> None:
        self._app, self._needed, self._body, self._formats = app, needed, body, formats

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        call = call_of(scope)
        if call.key is None:  # else it is admitted, and the framework takes over
            try:
                await self.admit(scope, call)
            except Problem as problem:
                await refusal(call, problem)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def admit(self, scope: Scope, call: ServiceCall) -> None:
        """Raises Problem when the request is refused."""
        key = call.key = await authenticate(scope, call)
        await take(call, 1)
        if self._needed not in key.scopes and "admin" not in key.scopes:
            detail = f"it needs the scope {self._needed}, this key has {', '.join(key.scopes)}"
            raise Problem("scope-missing", detail)
        check_address(scope, call.service.parameters)
        if self._body:
            check_body_type(scope)
        call.representation = accepted(header(scope, b"accept"), self._formats)


async def authenticate(scope: Scope, call: ServiceCall) -> Key:
    """The key of a request; raises Problem. It is read from the header only: addresses end up in logs."""
    text = header(scope, HEADER_BYTES)
    if text is None:
        raise Problem("key-missing", f"send a key in the header {KEY_HEADER}, never in the address", headers=CHALLENGE)
    parts = split(text.strip())
    if parts is None:
        raise Problem("key-refused", "this has not the form fp_<id>_<secret>", headers=CHALLENGE)
    identity, secret = parts
    service = call.service
    if service.keys.closed:
        raise Problem("keys-unreadable", service.keys.closed, headers=RETRY_LATER)
    key = service.keys.get(identity)
    if key is None:
        key = await _look_up(service, identity)
    valid = (key or NO_KEY).opens(secret)
    if key is None or not valid or not key.in_force(datetime.now(UTC)):
        raise Problem("key-refused", "it is unknown, expired or revoked", headers=CHALLENGE)
    return key


async def _look_up(service: Service, identity: str) -> Key | None:
    """A key that was created a moment ago. Raises Problem when that is not possible: it may be valid."""
    if not service.database.up:
        raise Problem("database-unavailable", "this key cannot be checked now", headers=RETRY_LATER)
    if not service.keys.may_look_up():
        return None
    try:
        key = await service.database.find_key(identity)
    except psycopg.Error as error:
        log.warning("a key cannot be looked up: %s: %s", type(error).__name__, error)
        raise Problem("keys-unreadable", "this key cannot be checked now", headers=RETRY_LATER) from None
    if key is not None:
        service.keys.add(key)
    return key


async def charge(call: ServiceCall, cost: int) -> None:
    """Take the tokens that a request costs beyond the one it was admitted with; raises Problem when there are fewer.

    A request that costs more than the burst costs the burst.
    """
    assert call.key is not None
    cost = min(cost, call.key.burst)
    await take(call, cost - 1, retry=cost)


async def take(call: ServiceCall, tokens: int, *, retry: int | None = None) -> None:
    """Take ``tokens`` of the rate limit of the request's key; raises Problem when there are fewer."""
    assert call.key is not None
    limit = await call.service.limits.take(call.key, tokens, retry=retry)
    call.limit = limit.headers()
    if not limit.granted:
        call.refused = True
        detail = f"{call.key.rate:g} requests a second, {call.key.burst} at once: try again in {limit.reset} s"
        raise Problem("too-many-requests", detail, headers={"Retry-After": str(limit.reset)})
