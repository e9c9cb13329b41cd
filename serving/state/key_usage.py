"""When keys were last used, added up here and written by the watcher's thread every few seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg


class Uses:
    """Counts by key since the last writing."""

    channels: Sequence[str] = ()

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, list[float]] = {}

    def add(self, identity: str, *, refused: bool) -> None:
        now = time.time()
        with self._lock:
            seen = self._seen.setdefault(identity, [now, now, 0, 0])
            seen[1] = now
            seen[2] += 1
            seen[3] += refused

    def refresh(self, connection: psycopg.Connection[Any]) -> None:
        """Write what was seen; what cannot be written is kept for the next time."""
        with self._lock:
            seen, self._seen = self._seen, {}
        if not seen:
            return
        try:
            with connection.cursor() as cursor:
                cursor.executemany(
                    """
                    insert into serving.uses as before (key_id, first_used_at, last_used_at, requests, refused)
                    select %s, %s, %s, %s, %s where exists (select from serving.keys where id = %s)
                    on conflict (key_id) do update set
                        last_used_at = greatest(before.last_used_at, excluded.last_used_at),
                        requests = before.requests + excluded.requests, refused = before.refused + excluded.refused
                    """,
                    [
                        (key, _instant(first), _instant(last), int(requests), int(refused), key)
                        # In one order: two workers that lock rows in different orders would wait for each other.
                        for key, (first, last, requests, refused) in sorted(seen.items())
                    ],
                )
        except psycopg.Error:
            with self._lock:
                for key, (first, last, requests, refused) in seen.items():
                    newer = self._seen.get(key, [first, last, 0, 0])
                    self._seen[key] = [first, max(last, newer[1]), requests + newer[2], refused + newer[3]]
            raise


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
