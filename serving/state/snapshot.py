"""All served predictions in memory, encoded once; and how old the data is that they stand on."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from footpred_dagster.core.clubs.search import ClubSearch
from footpred_dagster.core.predictions import ledger
from footpred_dagster.core.predictions.served import SERVED_CHANNEL
from serving import metrics
from serving.schemas.prediction_bodies import Answer, answers, tail
from serving.state.clubs import Clubs
from serving.state.table_versions import Versions, table_versions

CHUNK = 1000
"""Rows made into answers at a time: their grids of scorelines take 2 KB each."""


class Snapshot:
    """``by_id``: answers; ``ordered``: the same by kickoff and id. Both are replaced, never changed.

    ``head``: the end of the ledger, None before anything was read.
    """

    channels = (SERVED_CHANNEL,)

    def __init__(self, clubs: Clubs) -> None:
        self._clubs, self._named = clubs, clubs.by_id
        self.by_id: dict[str, Answer] = {}
        self.ordered: list[Answer] = []
        self.head: ledger.Head | None = None
        self.loaded_at: datetime | None = None
        self._rows: dict[str, dict[str, Any]] = {}
        self._seen: tuple[Versions, ClubSearch] | None = None

    def refresh(self, connection: psycopg.Connection[Any]) -> None:
        seen = (table_versions(connection, "predictions.served"), self._clubs.search)
        if seen != self._seen:
            self._read(connection)
            self._seen = seen
        self.head = ledger.head(connection)
        self.loaded_at = datetime.now(UTC)

    def _read(self, connection: psycopg.Connection[Any]) -> None:
        with connection.cursor(row_factory=dict_row, binary=True) as cursor:
            rows = {row["match_id"]: row for row in cursor.execute("select * from predictions.served")}
        if self._named is not self._clubs.by_id:  # names go into every answer
            self._named, self._rows = self._clubs.by_id, {}
        changed = [row for match_id, row in rows.items() if self._rows.get(match_id) != row]
        if changed or len(rows) != len(self._rows):
            made = {match_id: answer for match_id, answer in self.by_id.items() if match_id in rows}
            for start in range(0, len(changed), CHUNK):
                part = changed[start : start + CHUNK]
                made.update(zip((row["match_id"] for row in part), answers(part, self._clubs.team), strict=True))
            self._rows = rows
            self.by_id, self.ordered = made, sorted(made.values(), key=by_kickoff)
            metrics.SERVED.set(len(made))


def by_kickoff(answer: Answer) -> tuple[datetime, str]:
    """Where an answer stands in ``ordered``."""
    return answer.prediction.kickoff, answer.prediction.match_id or ""


class DataAge:
    """When a source last answered, and the end of every answer that tells so."""

    channels = (SERVED_CHANNEL,)

    def __init__(self) -> None:
        self.newest: datetime | None = None
        self.stale = True
        self._tail, self._tail_until = b"", 0.0

    def refresh(self, connection: psycopg.Connection[Any]) -> None:
        (self.newest,) = connection.execute("select max(fetched_at) from raw.fetches").fetchone() or (None,)
        if (age := self.seconds()) is not None:
            metrics.DATA_AGE.set(age)

    def told(self, up: bool) -> None:
        self.stale = not up
        self._tail_until = 0.0
        metrics.STALE.set(self.stale)

    def seconds(self) -> int | None:
        return None if self.newest is None else max(0, int((datetime.now(UTC) - self.newest).total_seconds()))

    def tail(self) -> bytes:
        """Made once a second."""
        now = time.monotonic()
        if now >= self._tail_until:
            self._tail, self._tail_until = tail(self.stale, self.seconds()), now + 1
        return self._tail
