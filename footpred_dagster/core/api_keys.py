"""Keys of the service: ``fp_<id>_<secret>``. The secret is shown once; its sha256 is all that is kept.

A key that is rotated keeps its owner, so that jobs and rate limit go on, and lives on for an overlap.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta

import psycopg
from psycopg import sql
from psycopg.rows import class_row

SCOPES = ("read", "predict", "batch", "admin")
DEFAULT_RATE, DEFAULT_BURST = 100.0, 200
"""Requests a second in the long run, and at once, of one owner across all workers."""
KEYS_CHANNEL = "footpred_keys"
"""NOTIFY channel; told by a trigger whenever a key changes."""
SHAPE = re.compile(r"fp_([a-z0-9]{12})_([A-Za-z0-9_-]{43})")
ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


class UnknownKey(LookupError):
    """There is no such key, or it is revoked already."""


@dataclass(frozen=True, slots=True)
class Key:
    """A key as stored. ``secret_sha256`` is kept out of ``repr``."""

    id: str
    owner: str
    name: str
    secret_sha256: bytes = field(repr=False)
    scopes: list[str]
    rate: float
    burst: int
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    replaced_by: str | None

    def opens(self, secret: str) -> bool:
        """Whether ``secret`` is this key's, in a time that does not depend on where it differs."""
        return hmac.compare_digest(_digest(secret), self.secret_sha256)

    def in_force(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


_COLUMNS = sql.SQL(", ").join(sql.Identifier(each.name) for each in fields(Key))
"""By name: a column that a later version adds does no harm to a service of this one."""
EVERY_KEY = sql.SQL("select {} from serving.keys order by created_at, id").format(_COLUMNS)
ONE_KEY = sql.SQL("select {} from serving.keys where id = %s").format(_COLUMNS)


def split(text: str) -> tuple[str, str] | None:
    """(id, secret) of what a caller sent, None if it has not the shape of a key."""
    found = SHAPE.fullmatch(text)
    return (found[1], found[2]) if found else None


def create(
    connection: psycopg.Connection,
    name: str,
    scopes: Sequence[str],
    *,
    lives: timedelta | None = None,
    rate: float = DEFAULT_RATE,
    burst: int = DEFAULT_BURST,
    owner: str | None = None,
) -> tuple[Key, str]:
    """A new key and its text, which nobody can read again. Raises ValueError for no scope, or one nobody knows."""
    if not scopes or set(scopes) - set(SCOPES):
        raise ValueError(f"scopes {', '.join(scopes) or 'missing'}: known are {', '.join(SCOPES)}")
    identity, secret = "".join(secrets.choice(ID_LETTERS) for _ in range(12)), secrets.token_urlsafe(32)
    ordered = [scope for scope in SCOPES if scope in scopes]
    expires_at = datetime.now(UTC) + lives if lives else None
    values = [identity, owner or identity, name, _digest(secret), ordered, rate, burst, expires_at]
    with connection.cursor(row_factory=class_row(Key)) as cursor:
        cursor.execute(
            sql.SQL("""
                insert into serving.keys (id, owner, name, secret_sha256, scopes, rate, burst, expires_at)
                values (%s, %s, %s, %s, %s, %s, %s, %s) returning {}
            """).format(_COLUMNS),
            values,
        )
        (key,) = cursor.fetchall()
    return key, f"fp_{identity}_{secret}"


def all_keys(connection: psycopg.Connection) -> list[Key]:
    """Every key there ever was, oldest first."""
    with connection.cursor(row_factory=class_row(Key)) as cursor:
        return cursor.execute(EVERY_KEY).fetchall()


def revoke(connection: psycopg.Connection, identity: str) -> Key:
    """Refuse a key from now on. Raises UnknownKey."""
    with connection.cursor(row_factory=class_row(Key)) as cursor:
        key = cursor.execute(
            sql.SQL("""
                update serving.keys set revoked_at = clock_timestamp() where id = %s and revoked_at is null
                returning {}
            """).format(_COLUMNS),
            [identity],
        ).fetchone()
    if key is None:
        raise UnknownKey(f"{identity} is no key in force: footpred keys list shows them")
    return key


def rotate(connection: psycopg.Connection, identity: str, *, overlap: timedelta) -> tuple[Key, str]:
    """A key in place of another, with its name, scopes, limits and lifetime; the old one ends after ``overlap``.

    Raises UnknownKey for one that is revoked or expired.
    """
    now = datetime.now(UTC)
    with connection.cursor(row_factory=class_row(Key)) as cursor:
        old = cursor.execute(ONE_KEY + sql.SQL(" for update"), [identity]).fetchone()
    if old is None or not old.in_force(now):
        raise UnknownKey(f"{identity} is no key in force: footpred keys list shows them")
    lives = old.expires_at - old.created_at if old.expires_at else None
    new, text = create(connection, old.name, old.scopes, lives=lives, rate=old.rate, burst=old.burst, owner=old.owner)
    connection.execute(
        "update serving.keys set expires_at = least(expires_at, %s), replaced_by = %s where id = %s",
        [now + overlap, new.id, old.id],
    )
    return new, text


def last_uses(connection: psycopg.Connection) -> dict[str, tuple[datetime, int, int]]:
    """By key: when it was last used, how many requests it made, and how many of those were refused."""
    rows = connection.execute("select key_id, last_used_at, requests, refused from serving.uses").fetchall()
    return {identity: (at, requests, refused) for identity, at, requests, refused in rows}


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
