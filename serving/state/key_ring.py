"""Every API key in memory, refreshed when one changes. A key created a moment ago is looked up in the database."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from footpred_dagster.core.api_keys import EVERY_KEY, KEYS_CHANNEL, Key

LOOKUPS_PER_SECOND = 5
UNREADABLE_SECONDS = 60.0
"""Keys that could not be read for so long, while the database answers, open nothing: one may be revoked."""


class KeyRing:
    """Keys by id. ``closed`` says why none opens anything, None while they do.

    Without the database the last known keys open what is in memory for ``outage_seconds``.
    """

    channels = (KEYS_CHANNEL,)

    def __init__(self, outage_seconds: float) -> None:
        self._outage_seconds = outage_seconds
        self._keys: dict[str, Key] = {}
        self._lookups: list[float] = []
        self._answered_at = time.monotonic()
        self.closed: str | None = None

    def refresh(self, connection: psycopg.Connection[Any]) -> None:
        with connection.cursor(row_factory=class_row(Key)) as cursor:
            self._keys = {key.id: key for key in cursor.execute(EVERY_KEY)}

    def judge(self, *, database_up: bool, late_seconds: float) -> None:
        """Open or close by how long the keys were not read; called every second."""
        now = time.monotonic()
        if database_up:
            self._answered_at = now
        outage = now - self._answered_at
        if database_up and late_seconds >= UNREADABLE_SECONDS:
            self.closed = f"the keys have not been readable for {late_seconds:.0f} s"
        elif outage >= self._outage_seconds:
            self.closed = f"the database has not answered for {outage / 60:.0f} minutes"
        else:
            self.closed = None

    def get(self, identity: str) -> Key | None:
        return self._keys.get(identity)

    def opens(self, identity: str) -> bool:
        """Whether a key that was authenticated before is still valid."""
        key = self._keys.get(identity)
        return not self.closed and key is not None and key.in_force(datetime.now(UTC))

    def add(self, key: Key) -> None:
        self._keys = {**self._keys, key.id: key}

    def may_look_up(self) -> bool:
        """Whether to query the database for an unknown id: a few times per second, so that guesses cost it little."""
        now = time.monotonic()
        self._lookups = [at for at in self._lookups if now - at < 1]
        if len(self._lookups) >= LOOKUPS_PER_SECOND:
            return False
        self._lookups.append(now)
        return True
