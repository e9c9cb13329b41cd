"""The one place where as_of cuts: what a model may learn from, and which fixtures it may predict.

Here extra leagues are left out as well: tables hold them, models learn from and are judged on the main divisions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd
import psycopg
from psycopg import sql

from footpred_dagster.core.contract import FEATURE_NAMES, IDENTITY
from footpred_dagster.core.domain import MAIN_LEAGUES
from footpred_dagster.core.frames import read_frame
from footpred_dagster.core.odds import power_devig
from footpred_dagster.core.whole_seasons import whole_seasons

RESULT = ("home_goals", "away_goals")
CLUBS = ("home_id", "away_id")
ODDS = tuple(f"{line}_odds_{side}" for line in ("opening", "closing") for side in ("home", "draw", "away"))


def _frame(connection: psycopg.Connection, query: sql.Composed) -> pd.DataFrame:
    return read_frame(connection, query, floats=(*FEATURE_NAMES, *ODDS, *RESULT), instants=("kickoff", "latest_input"))


def played_before(connection: psycopg.Connection, as_of: datetime, since: str = "") -> pd.DataFrame:
    """Main divisions' matches with kickoff before ``as_of``: identity, clubs, features, result and odds, by kickoff.

    Features are the allow-listed ones. Odds ride along for the benchmark lines and the market-aware model. ``whole``:
    whether the league-season is loaded whole; models learn from the others, too, and are not judged on them. ``since``
    is the first season that is wanted.
    """
    query = sql.SQL("""
        select {features}, matches.outcome, {others}
        from features.fct_match_features as features
        inner join intermediate.int_matches as matches using (match_id)
        where matches.status = 'played' and matches.kickoff < {as_of} and matches.league = any({leagues})
            and matches.season >= {since}
        order by matches.kickoff, match_id
    """).format(
        features=_columns("features", IDENTITY + FEATURE_NAMES),
        others=_columns("matches", CLUBS + RESULT + ODDS),
        leagues=sql.Literal(list(MAIN_LEAGUES)),
        as_of=sql.Literal(as_of),
        since=sql.Literal(since),
    )
    frame = with_opening_line(_frame(connection, query).astype({"outcome": "int64"}))
    whole = pd.MultiIndex.from_tuples(sorted(whole_seasons(connection)), names=["league", "season"])
    return frame.assign(whole=pd.MultiIndex.from_frame(frame[["league", "season"]]).isin(whole))


def with_opening_line(frame: pd.DataFrame) -> pd.DataFrame:
    """``frame`` with what the market-aware model reads beside the features: log-odds of the opening line, or NaN."""
    line = power_devig(frame[[f"opening_odds_{side}" for side in ("home", "draw", "away")]].to_numpy(dtype=float))
    home, draw, away = np.log(line).T
    return frame.assign(opening_home=home - draw, opening_away=away - draw)


def predictable_fixtures(connection: psycopg.Connection, as_of: datetime) -> pd.DataFrame:
    """Listed fixtures with kickoff after ``as_of`` whose features are all made of earlier matches, by kickoff.

    A fixture played since is predicted all the same when the clock is set before its kickoff; its result is not read.
    """
    opening = _columns("fixtures", ODDS[:3])
    features = _columns("features", IDENTITY + FEATURE_NAMES)
    return with_opening_line(_frame(connection, _open_fixtures(sql.SQL("{}, {}").format(features, opening), as_of)))


def fixture_cut(connection: psycopg.Connection, as_of: datetime, kind: str) -> str:
    """Which fixtures ``as_of`` leaves open for prediction, and as what kind of row, as text."""
    rows = connection.execute(_open_fixtures(sql.SQL("match_id"), as_of)).fetchall()
    digest = hashlib.sha256("|".join(row[0] for row in rows).encode()).hexdigest()[:12]
    return f"{len(rows)} {kind} fixtures {digest}"


def _open_fixtures(columns: sql.Composable, as_of: datetime) -> sql.Composed:
    return sql.SQL("""
        select {columns}
        from features.fct_match_features as features
        inner join intermediate.int_fixtures as fixtures using (match_id)
        where fixtures.kickoff > {as_of} and features.kickoff > {as_of} and features.latest_input < {as_of}
        order by fixtures.kickoff, match_id
    """).format(columns=columns, as_of=sql.Literal(as_of))


def _columns(table: str, names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(table, name) for name in names)
