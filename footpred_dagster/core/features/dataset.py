"""The one place where as_of cuts: what a model may learn from, and which fixtures it may predict from what.

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

from footpred_dagster.core.database.dataframes import read_frame
from footpred_dagster.core.domain import MAIN_LEAGUES, SITE_ZONE, Season
from footpred_dagster.core.domain.odds import power_devig
from footpred_dagster.core.features.contract import FEATURE_NAMES, IDENTITY
from footpred_dagster.core.features.past_state import features_before
from footpred_dagster.core.matches.whole_seasons import whole_seasons

RESULT = ("home_goals", "away_goals")
CLUBS = ("home_id", "away_id")
ODDS = tuple(f"{line}_odds_{side}" for line in ("opening", "closing") for side in ("home", "draw", "away"))


def _frame(connection: psycopg.Connection, query: sql.Composed) -> pd.DataFrame:
    return read_frame(connection, query, floats=(*FEATURE_NAMES, *ODDS, *RESULT), instants=("kickoff", "latest_input"))


def played_before(
    connection: psycopg.Connection, as_of: datetime, *, since: str = "", newest: int | None = None
) -> pd.DataFrame:
    """Main divisions' matches with kickoff before ``as_of``: identity, clubs, features, result and odds, by kickoff.

    Features are the allow-listed ones. Odds ride along for the benchmark lines and the market-aware model. ``whole``:
    whether the league-season is over at ``as_of`` and loaded whole; models learn from the others, too, and are neither
    calibrated nor judged on them. ``since`` is the first season that is wanted, ``newest`` how many matches, the
    latest; None: all.
    """
    query = sql.SQL("""
        select {features}, matches.outcome, {others}
        from features.fct_match_features as features
        inner join intermediate.int_matches as matches using (match_id)
        where matches.status = 'played' and matches.kickoff < {as_of} and matches.league = any({leagues})
            and matches.season >= {since}
        order by matches.kickoff desc, match_id desc
        limit {newest}
    """).format(
        features=_columns("features", IDENTITY + FEATURE_NAMES),
        others=_columns("matches", CLUBS + RESULT + ODDS),
        leagues=sql.Literal(list(MAIN_LEAGUES)),
        as_of=sql.Literal(as_of),
        since=sql.Literal(since),
        newest=sql.Literal(newest),
    )
    frame = _frame(connection, query)[::-1].reset_index(drop=True)
    frame["outcome"] = frame["outcome"].astype("int64")
    add_opening_line(frame)
    whole = [pair for pair in sorted(whole_seasons(connection)) if Season.stored(pair[1]).end <= as_of]
    known = pd.MultiIndex.from_tuples(whole, names=["league", "season"])
    frame["whole"] = pd.MultiIndex.from_frame(frame[["league", "season"]]).isin(known)
    return frame


def add_opening_line(frame: pd.DataFrame) -> None:
    """Add what the market-aware model reads beside the features: log-odds of the opening line, or NaN."""
    line = power_devig(frame[[f"opening_odds_{side}" for side in ("home", "draw", "away")]].to_numpy(dtype=float))
    home, draw, away = np.log(line).T
    frame["opening_home"], frame["opening_away"] = home - draw, away - draw


def predictable_fixtures(connection: psycopg.Connection, as_of: datetime) -> pd.DataFrame:
    """Listed fixtures with kickoff after ``as_of`` and their features as of then, by kickoff.

    Of leagues whose results are loaded: what is predicted of others would never be scored. At least one of the clubs
    has played before.

    While no result is newer than ``as_of``, features stand in the table. Otherwise they are assembled from the state on
    the morning of that day; a fixture played since is predicted all the same, and its result is not read. Then there
    are no opening prices, and models that need one do not predict.
    """
    opening = _columns("fixtures", ODDS[:3])
    features = _columns("features", IDENTITY + FEATURE_NAMES)
    columns = [features, opening, _columns("fixtures", (*CLUBS, "match_date"))]
    found = _frame(connection, _open_fixtures(sql.SQL(", ").join(columns), as_of))
    newer = connection.execute(
        "select exists (select from intermediate.int_matches where status = 'played' and kickoff >= %s)", [as_of]
    ).fetchone()
    if newer == (True,) and len(found):
        morning = as_of.astimezone(SITE_ZONE).date()
        dated = found.assign(match_date=pd.to_datetime(found["match_date"]).dt.date)
        found[[*FEATURE_NAMES, "latest_input"]] = features_before(connection, dated, morning)
        found["is_played"] = "f"
        found[list(ODDS[:3])] = np.nan  # the list is today's: its prices were published after that morning
    has_played = found[["home_matches_played", "away_matches_played"]].max(axis=1) > 0
    ready = found[has_played].drop(columns=[*CLUBS, "match_date"]).reset_index(drop=True)
    add_opening_line(ready)
    return ready


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
        where fixtures.kickoff > {as_of} and features.kickoff > {as_of}
            and exists (select from intermediate.int_matches as results where results.league = fixtures.league)
        order by fixtures.kickoff, match_id
    """).format(columns=columns, as_of=sql.Literal(as_of))


def _columns(table: str, names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(table, name) for name in names)
