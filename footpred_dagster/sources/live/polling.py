"""Live scores polled while matches are played, and left where the service reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from datetime import datetime, timedelta

import psycopg

from footpred_dagster.core.domain import Season
from footpred_dagster.core.live_scores import store
from footpred_dagster.sources.clients.base import SourceUnavailable
from footpred_dagster.sources.live.base import LiveSource

BEFORE, AFTER = timedelta(minutes=15), timedelta(hours=3)
"""Of kickoff: when a league is worth asking for."""
Opener = Callable[[str, Season, int], Sequence[LiveSource]]
"""The sources of a league, season and matchday."""


def in_play(connection: psycopg.Connection, now: datetime) -> list[tuple[str, Season, int]]:
    """Leagues with a served match under way, each with its season and the number of its matchday."""
    rows = connection.execute(
        """
        select league, season, max(1 + (
            select count(*) from raw.matches
            where matches.league = served.league and matches.season = served.season
                and matches.home_goals is not null and served.home_name in (matches.home, matches.away)
        ))
        from predictions.served where kickoff between %s and %s group by league, season order by league
        """,
        [now - AFTER, now + BEFORE],
    ).fetchall()
    return [(league, Season.stored(season), matchday) for league, season, matchday in rows]


def poll(connection: psycopg.Connection, opener: Opener, now: datetime) -> dict[str, str]:
    """Ask every source of each league in play; what came of it by ``league source``. The connection is in autocommit.

    A source that does not answer leaves its last word where it is, and a note beside it.
    """
    said = {}
    for league, season, matchday in in_play(connection, now):
        for source in opener(league, season, matchday):
            with closing(source), connection.transaction():
                try:
                    scores = source.scores()
                except SourceUnavailable as error:
                    store(connection, source.name, league, now, [], problem=str(error))
                    said[f"{league} {source.name}"] = str(error)
                else:
                    store(connection, source.name, league, now, map(asdict, scores))
                    said[f"{league} {source.name}"] = f"{len(scores)} matches"
    return said
