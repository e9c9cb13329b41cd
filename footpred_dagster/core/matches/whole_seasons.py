"""Which league-seasons are loaded whole: models are judged on these alone, whatever the source."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import psycopg

from footpred_dagster.core.domain import MAIN_LEAGUES, Season
from footpred_dagster.core.domain.rules import is_complete
from footpred_dagster.core.matches.data_origin import simulated

LeagueSeason = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A league-season that is over and lacks matches: the source had no more of it when it was last loaded."""

    league: str
    season: str
    clubs: int
    matches: int


def whole_seasons(connection: psycopg.Connection) -> set[LeagueSeason]:
    """Main divisions' league-seasons that hold every match their rules give, void ones included.

    Simulated leagues play a double round robin each, whatever their rules: all of theirs are whole.
    """
    made_up = simulated(connection)
    return {
        (league, season)
        for league, season, clubs, matches in _loaded(connection)
        if made_up or is_complete(league, Season.stored(season), clubs, matches) is not False
    }


def incomplete_seasons(connection: psycopg.Connection, now: datetime) -> list[Incomplete]:
    """Main divisions' league-seasons that are over and are not loaded whole, newest first."""
    whole = whole_seasons(connection)
    return [
        Incomplete(league, season, clubs, matches)
        for league, season, clubs, matches in _loaded(connection)
        if (league, season) not in whole and Season.stored(season).end <= now
    ]


def _loaded(connection: psycopg.Connection) -> list[tuple[str, str, int, int]]:
    return connection.execute(
        """
        select league, season, count(distinct home_id), count(*) from intermediate.int_matches
        where league = any(%s) group by league, season order by season desc, league
        """,
        [list(MAIN_LEAGUES)],
    ).fetchall()
