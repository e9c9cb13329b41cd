"""Where a poller leaves live scores for whoever shows them. They are edited for days and never train a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql

LIVE_CHANNEL = "footpred_live"
"""NOTIFY channel; the payload is the source."""
COLUMNS = (
    *("source", "source_id", "league", "kickoff", "home", "away", "status"),
    *("home_goals", "away_goals", "ht_home_goals", "ht_away_goals", "updated"),
)


def store(
    connection: psycopg.Connection,
    source: str,
    league: str,
    polled_at: datetime,
    scores: Iterable[Mapping[str, Any]],
    problem: str | None = None,
) -> None:
    """Replace what a source said of a league; with a ``problem`` its last word stays. The caller owns the transaction.

    ``scores`` have COLUMNS.
    """
    if problem is None:
        connection.execute("delete from serving.live_scores where source = %s and league = %s", [source, league])
        statement = sql.SQL("insert into serving.live_scores ({}) values ({})").format(
            sql.SQL(", ").join(map(sql.Identifier, COLUMNS)), sql.SQL(", ").join([sql.Placeholder()] * len(COLUMNS))
        )
        with connection.cursor() as cursor:
            cursor.executemany(statement, [[score[column] for column in COLUMNS] for score in scores])
    connection.execute(
        """
        insert into serving.live_polls (source, league, polled_at, problem) values (%s, %s, %s, %s)
        on conflict (source, league) do update set polled_at = excluded.polled_at, problem = excluded.problem
        """,
        [source, league, polled_at, problem],
    )
    connection.execute("select pg_notify(%s, %s)", [LIVE_CHANNEL, source])
