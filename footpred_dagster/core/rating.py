"""Ratings in the warehouse: read the spine in date order, write the ratings of both teams before each match.

The caller owns the transaction; whoever reads the table meanwhile waits for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
import psycopg
from psycopg import sql

from footpred_dagster.core.frames import read_frame
from footpred_dagster.core.models.pseudo_goals import COLUMNS, pseudo_goals
from footpred_dagster.core.models.ratings import RatedMatch, elo
from footpred_dagster.core.models.strengths import NOISE, NOISE_GOALS_ONLY, Matches, strengths

IDENTITY = ("match_id", "league", "season", "kickoff")
STRENGTH_COLUMNS = {
    "home_attack": "home_attack",
    "home_defence": "home_defence",
    "away_attack": "away_attack",
    "away_defence": "away_defence",
    "home_log_goals": "home_rate",
    "away_log_goals": "away_rate",
    "log_goals_variance": "variance",
}
"""Column of ratings.team_strength by field of Strengths."""


def store_elo(connection: psycopg.Connection) -> int:
    """Replace ``ratings.team_elo`` by one pass over all matches and fixtures; returns the rows written."""
    rows = connection.execute("""
        select match_id, match_date, tier, home_id, away_id, home_goals, away_goals, league, season, kickoff
        from intermediate.int_match_spine order by match_date, match_id
    """).fetchall()
    rated = elo([RatedMatch(*row[:7]) for row in rows])
    columns = ("match_id", "home_elo", "away_elo", "league", "season", "kickoff")
    _replace(connection, "team_elo", columns, ((*before, *row[7:]) for before, row in zip(rated, rows, strict=True)))
    return len(rows)


def store_strengths(connection: psycopg.Connection) -> int:
    """The same for ``ratings.team_strength``."""
    spine = _spine(connection)
    rated = strengths(_matches(spine))
    columns = [spine[name].tolist() for name in IDENTITY]
    columns += [getattr(rated, field).tolist() for field in STRENGTH_COLUMNS.values()]
    rows = zip(*columns, strict=True)
    _replace(connection, "team_strength", (*IDENTITY, *STRENGTH_COLUMNS), rows)
    return len(spine)


def _spine(connection: psycopg.Connection) -> pd.DataFrame:
    names = (*IDENTITY, "match_date", "tier", "home_id", "away_id", *COLUMNS)
    query = sql.SQL("select {} from intermediate.int_match_spine order by match_date, match_id").format(
        sql.SQL(", ").join(map(sql.Identifier, names))
    )
    return read_frame(connection, query, floats=COLUMNS)


def _matches(spine: pd.DataFrame) -> Matches:
    start_year = spine["season"].str[:4].astype("int64")
    scores = pseudo_goals(spine.assign(season=start_year))
    clubs, _ = pd.factorize(pd.concat([spine["home_id"], spine["away_id"]]))
    days = pd.to_datetime(spine["match_date"]).to_numpy(dtype="datetime64[D]")
    return Matches(
        day=days.astype(np.int64),
        season=np.asarray(start_year, dtype=np.int64),
        league=pd.factorize(spine["league"])[0].astype(np.int64),
        tier=spine["tier"].to_numpy(dtype=np.int64),
        home=clubs[: len(spine)].astype(np.int64),
        away=clubs[len(spine) :].astype(np.int64),
        home_x=scores.home,
        away_x=scores.away,
        noise=np.where(scores.with_statistics, NOISE, NOISE_GOALS_ONLY),
    )


def _replace(
    connection: psycopg.Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    target = sql.Identifier("ratings", table)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("truncate {}").format(target))
        with cursor.copy(sql.SQL("copy {} ({}) from stdin").format(target, names)) as copy:
            for row in rows:
                copy.write_row(row)
        cursor.execute(sql.SQL("analyze {}").format(target))
