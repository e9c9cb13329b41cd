"""Ratings in the warehouse: read the spine in date order, rate it, write what the changes since the last time affect.

The passes go through the whole history, which takes seconds; what is written is only what can differ. The caller owns
the transaction; whoever reads a table meanwhile sees it as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import psycopg
from psycopg import sql

from footpred_dagster.core.database import build_marks
from footpred_dagster.core.database.dataframes import read_frame
from footpred_dagster.core.ratings.current import Raters, appearance
from footpred_dagster.core.ratings.history import Matches, advanced, rate
from footpred_dagster.core.ratings.observations import COLUMNS, STATISTICS, observe

MARK = "ratings"
IDENTITY = ("match_id", "league", "season", "kickoff", "is_played")
TABLES = {
    "team_elo": ("home_elo", "away_elo", "elo_difference"),
    "team_pi": ("home_pi", "away_pi", "pi_difference"),
    "team_strength": (
        *("home_attack", "home_defence", "away_attack", "away_defence"),
        *("home_log_goals", "away_log_goals", "log_goals_difference", "poisson_home", "poisson_away"),
        *(f"log_{name}_{what}" for name in STATISTICS[1:] for what in ("difference", "sum")),
        *(f"{side}_{tempo}momentum" for tempo in ("", "short_", "venue_") for side in ("home", "away")),
    ),
}
"""Columns of each table of ratings before a match."""
TEAM_STATE = ("team_id", "league", "season", "elo", "home_pi", "away_pi", "attack", "defence", "momentum")
DIVISION_STATE = ("league", "season", "level", "home_advantage")


@dataclass(frozen=True, slots=True)
class History:
    """The spine in date order, and as the raters read it; clubs and leagues are names by their number there."""

    spine: pd.DataFrame
    matches: Matches
    clubs: pd.Index
    leagues: pd.Index


def store_ratings(connection: psycopg.Connection, code: str) -> dict[str, int]:
    """Bring every rating up to date with ``intermediate.int_matches``; returns the rows written, by table.

    ``code`` is the version of the code: with another one than last time everything is written.
    """
    build = build_marks.begin(connection, MARK, code)
    known = read_history(connection)
    raters = Raters.fresh(known.matches)
    before = rate(raters, known.matches)
    affected = _affected(known.spine, build.since)
    written = {}
    for table, columns in TABLES.items():
        frame = known.spine[[*IDENTITY]].assign(**{name: before.get(name) for name in columns})[affected]
        _forget(connection, table, build.since)
        written[table] = _copy(connection, table, IDENTITY + columns, frame.itertuples(index=False, name=None))
    teams, divisions = zip(*current_state(known, raters), strict=True) if len(known.spine) else ((), ())
    for table, columns, rows in (
        ("team_state", TEAM_STATE, [row for team in teams for row in team]),
        ("division_state", DIVISION_STATE, divisions),
    ):
        connection.execute(sql.SQL("delete from {}").format(sql.Identifier("ratings", table)))
        written[table] = _copy(connection, table, columns, rows)
    build.done(connection)
    return written


def read_history(connection: psycopg.Connection) -> History:
    """Everything that is rated, in order of date."""
    return history_of(read_spine(connection))


def read_spine(connection: psycopg.Connection) -> pd.DataFrame:
    """``int_match_spine`` in order of date."""
    names = (*IDENTITY, "match_date", "country", "tier", "home_id", "away_id", *COLUMNS)
    query = sql.SQL("select {} from intermediate.int_match_spine order by match_date, match_id").format(
        sql.SQL(", ").join(map(sql.Identifier, names))
    )
    spine = read_frame(connection, query, floats=COLUMNS)
    spine["is_played"] = spine["is_played"] == "t"
    spine["match_date"] = pd.to_datetime(spine["match_date"])
    return spine


def history_of(spine: pd.DataFrame) -> History:
    """Rows of ``read_spine`` as the raters read them."""
    start_year = spine["season"].str[:4].astype("int64")
    observed = observe(spine.assign(season=start_year))
    clubs, club_names = pd.factorize(pd.concat([spine["home_id"], spine["away_id"]]))
    leagues, league_names = pd.factorize(spine["league"])
    matches = Matches(
        day=spine["match_date"].to_numpy(dtype="datetime64[D]").astype(np.int64),
        season=np.asarray(start_year, dtype=np.int64),
        league=leagues.astype(np.int64),
        tier=spine["tier"].to_numpy(dtype=np.int64),
        home=clubs[: len(spine)].astype(np.int64),
        away=clubs[len(spine) :].astype(np.int64),
        home_goals=spine["home_goals"].to_numpy(dtype=float),
        away_goals=spine["away_goals"].to_numpy(dtype=float),
        home_x=observed.home,
        away_x=observed.away,
        noise=observed.noise,
    )
    return History(spine, matches, pd.Index(club_names), pd.Index(league_names))


def current_state(known: History, raters: Raters) -> Iterator[tuple[list[tuple[object, ...]], tuple[object, ...]]]:
    """Rows of TEAM_STATE and one of DIVISION_STATE for each league: as of the morning after the last match, in the
    league's latest season. A club is in the league of its latest match and in those of its fixtures."""
    spine = known.spine
    sides = pd.concat(
        [spine[["league", "match_date", "is_played"]].assign(club=spine[side]) for side in ("home_id", "away_id")]
    )
    latest = sides.groupby("club")["match_date"].transform("max")
    belonging = sides[(sides["match_date"] == latest) | ~sides["is_played"]].drop_duplicates(["club", "league"])
    of_leagues = spine.groupby("league").agg({"season": "max", "tier": "first"})
    tomorrow = int(known.matches.day.max()) + 1
    for league, members in belonging.groupby("league"):
        season, tier = str(of_leagues.at[league, "season"]), int(of_leagues["tier"][str(league)])
        number = int(known.leagues.get_indexer(pd.Index([league]))[0])
        clubs = known.clubs.get_indexer(pd.Index(members["club"])).astype(np.int64)
        then = advanced(raters, appearance(tomorrow, int(season[:4]), number, tier, clubs))
        state = then.clubs(clubs)
        values = (values.T.tolist() for values in state)
        teams = zip(members["club"], [league] * len(clubs), [season] * len(clubs), *values, strict=True)
        division = then.strengths.division(np.array([number]))
        yield list(teams), (league, season, *(level[:, 0].tolist() for level in division))


def _affected(spine: pd.DataFrame, since: Mapping[str, date] | None) -> npt.NDArray[np.bool_]:
    """(n,) fixtures, and matches from the first changed day of their country on: countries are rated apart."""
    if since is None:
        return np.ones(len(spine), dtype=bool)
    first = pd.to_datetime(spine["country"].map(since))
    return np.asarray(~spine["is_played"] | (spine["match_date"] >= first))


def _forget(connection: psycopg.Connection, table: str, since: Mapping[str, date] | None) -> None:
    """Delete what ``_affected`` writes."""
    name = sql.Identifier("ratings", table)
    if since is None:
        connection.execute(sql.SQL("delete from {}").format(name))
        return
    connection.execute(sql.SQL("delete from {} where not is_played").format(name))
    for country, first in since.items():
        connection.execute(
            sql.SQL("""
                delete from {} where kickoff >= (%s::timestamp at time zone 'Europe/London')
                and league in (select league from staging.leagues where country = %s)
            """).format(name),
            [first, country],
        )


def _copy(connection: psycopg.Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    target, names = sql.Identifier("ratings", table), sql.SQL(", ").join(map(sql.Identifier, columns))
    with connection.cursor() as cursor:
        written = 0
        with cursor.copy(sql.SQL("copy {} ({}) from stdin").format(target, names)) as copy:
            for written, row in enumerate(rows, start=1):  # noqa: B007
                copy.write_row(row)
        cursor.execute(sql.SQL("analyze {}").format(target))
    return written
