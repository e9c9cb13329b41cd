"""Keys: who calls, and whether they may. Looked up in memory; one made this very moment is asked for once."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
from litestar import Request
from litestar.types import Scope
from psycopg.rows import class_row

from footpred_dagster.core.keys import EVERY_KEY, KEYS_CHANNEL, Key, split
from serving.call import call_of
from serving.encoded import Encoded
from serving.errors import Problem, refusal

if TYPE_CHECKING:
    from serving.service import Service

HEADER = "X-API-Key"
HEADER_BYTES = HEADER.lower().encode()
CHALLENGE = {"WWW-Authenticate": f'ApiKey header="{HEADER}"'}
LOOKUPS_A_SECOND = 5
NOBODY = Key("", "", "", bytes(32), [], 1.0, 1, datetime(2000, 1, 1, tzinfo=UTC), None, None, None)
"""Compared with when there is no such key, so that an unknown id takes as long as a wrong secret."""


class KeyRing:
    """All keys in memory, read anew when one changes."""

    channels = (KEYS_CHANNEL,)

    def __init__(self) -> None:
        self._keys: dict[str, Key] = {}
        self._looked_up: list[float] = []

    def refresh(self, connection: psycopg.Connection[Any]) -> None:
        with connection.cursor(row_factory=class_row(Key)) as cursor:
            self._keys = {key.id: key for key in cursor.execute(EVERY_KEY)}

    def get(self, identity: str) -> Key | None:
        return self._keys.get(identity)

    def add(self, key: Key) -> None:
        self._keys = {**self._keys, key.id: key}

    def may_look_up(self) -> bool:
        """Few times a second only: guessing ids must not become work for the database."""
        now = time.monotonic()
        self._looked_up = [at for at in self._looked_up if now - at < 1]
        if len(self._looked_up) >= LOOKUPS_A_SECOND:
            return False
        self._looked_up.append(now)
        return True


async def caller(scope: Scope) -> Key:
    """The key of a request; raises Problem. Only the header counts: addresses end up in logs."""
    text = next((value for name, value in scope["headers"] if name == HEADER_BYTES), None)
    if text is None:
        raise Problem("key-missing", f"send a key in the header {HEADER}, never in the address", headers=CHALLENGE)
    parts = split(text.decode("latin-1"))
    if parts is None:
        raise Problem("key-refused", "this has not the form fp_<id>_<secret>", headers=CHALLENGE)
    identity, secret = parts
    service: Service = call_of(scope).service
    key = service.keys.get(identity)
    if key is None and service.database.up and service.keys.may_look_up():
        key = await service.database.find_key(identity)
        if key is not None:
            service.keys.add(key)
    opened = (key or NOBODY).opens(secret)
    if key is None or not opened or not key.in_force(datetime.now(UTC)):
        raise Problem("key-refused", "it is unknown, expired or revoked", headers=CHALLENGE)
    return key


def needs(scope: str) -> Any:
    """What runs before a handler: the key must have ``scope`` and be within its limit. ``admin`` has every scope.

    Not a guard of Litestar's: it copies the handler for each call, which takes as long as all else here. Who asks
    too much is answered without an exception on its way through the framework: refusing must be cheaper than serving.
    """

    async def check(request: Request[Any, Any, Any]) -> Encoded | None:
        call = call_of(request.scope)
        key = call.key = await caller(request.scope)
        limit = await call.service.limits.take(key)
        call.limit = limit.headers()
        if not limit.granted:
            call.refused = True
            why = f"{key.rate:g} requests a second, {key.burst} at once: try again in {limit.reset} s"
            return refusal(call, Problem("too-many-requests", why, headers={"Retry-After": str(limit.reset)}))
        if scope not in key.scopes and "admin" not in key.scopes:
            raise Problem("scope-missing", f"it needs the scope {scope}, this key has {', '.join(key.scopes)}")
        return None

    return check
