"""Every API key in memory, refreshed when one changes. A key created a moment ago is looked up in the database."""

from __future__ import annotations

import time
from typing import Any

import psycopg
from psycopg.rows import class_row

from footpred_dagster.core.keys import EVERY_KEY, KEYS_CHANNEL, Key

LOOKUPS_PER_SECOND = 5


class KeyRing:
    """Keys by id."""

    channels = (KEYS_CHANNEL,)

    def __init__(self) -> None:
        self._keys: dict[str, Key] = {}
        self._lookups: list[float] = []

    def refresh(self, connection: psycopg.Connection[Any]) -> None:
        with connection.cursor(row_factory=class_row(Key)) as cursor:
            self._keys = {key.id: key for key in cursor.execute(EVERY_KEY)}

    def get(self, identity: str) -> Key | None:
        return self._keys.get(identity)

    def add(self, key: Key) -> None:
        self._keys = {**self._keys, key.id: key}

    def may_look_up(self) -> bool:
        """Whether the database may be asked for an unknown id: a few times per second, whoever guesses ids."""
        now = time.monotonic()
        self._lookups = [at for at in self._lookups if now - at < 1]
        if len(self._lookups) >= LOOKUPS_PER_SECOND:
            return False
        self._lookups.append(now)
        return True
