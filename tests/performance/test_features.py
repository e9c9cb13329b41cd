"""How long features take to build, whole and a matchday at a time, beside pandas and polars doing the same columns.

Ours is SQL execution time out of dbt's run results, from staging to features, ratings left out: nobody else rates here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pandas as pd
import polars as pl
import psycopg
import pytest
from psycopg import sql

from footpred_dagster.core.clubs.resolution import resolve
from footpred_dagster.core.database.dataframes import read_frame
from footpred_dagster.core.domain import Season
from footpred_dagster.core.features.contract import FORM, VENUE_FORM, WINDOWS
from footpred_dagster.core.ratings.store import store_ratings
from footpred_dagster.sources.football_data.results import RawMatch, parse_results
from tests.support.timing import best, report
from tests.support.warehouse import run_dbt

pytestmark = [pytest.mark.bench, pytest.mark.real_data, pytest.mark.timeout(3600)]
CUT = date(2025, 5, 3)
"""The last matchday of a hundred matches or so."""


class Warehouse:
    """The whole history, ``times`` over under other names."""

    def __init__(self, url: str, data_dir: Path, target: Path, times: int) -> None:
        self.url, self.target = url, target
        self.connection = psycopg.connect(url, autocommit=True)
        columns = ("partition_key", "league", "season", *RawMatch._fields)
        with (
            self.connection.cursor() as cursor,
            cursor.copy(f"copy raw.matches ({', '.join(columns)}) from stdin") as copy,
        ):
            for path in sorted((data_dir / "site" / "mmz4281").glob("*/*.csv")):
                season = Season.parse(path.parent.name)
                for match in parse_results(path.read_bytes(), path.stem, season).matches:
                    for number in range(times):
                        again = match._replace(
                            line=match.line * times + number,
                            home=f"{match.home}{number or ''}",
                            away=f"{match.away}{number or ''}",
                        )
                        copy.write_row((f"{path.stem}|{season}", path.stem, str(season), *again))
        self.connection.execute("create table held_back as select * from raw.matches where match_date = %s", [CUT])
        self.connection.execute("delete from raw.matches where match_date >= %s", [CUT])
        self.connection.execute("analyze raw.matches")

    def add_matchday(self) -> int:
        """Returns its matches."""
        self.connection.execute("insert into raw.matches select * from held_back")
        self.connection.execute("""
            insert into raw.changes (league, season, club, from_date)
            select league, season, unnest(array[home, away]), match_date from held_back
        """)
        return self.connection.execute("select count(*) from held_back").fetchone()[0]

    def build(self, *how: str) -> dict[str, float]:
        """Seconds by model."""
        resolve(self.connection)
        seconds = self._dbt("staging", "intermediate", *how)
        with self.connection.transaction():
            store_ratings(self.connection, "bench")
        return seconds | self._dbt("features", *how)

    def _dbt(self, *chosen: str) -> dict[str, float]:
        run_dbt(self.url, self.target, "run", "--select", *chosen)
        results = json.loads((self.target / "run_results.json").read_text())["results"]
        return {result["unique_id"].rpartition(".")[2]: result["execution_time"] for result in results}


@pytest.fixture(params=[1, 4], ids=["once", "four times"])
def warehouse(request, module_database_url, data_dir, tmp_path) -> Iterator[Warehouse]:
    with psycopg.connect(module_database_url, autocommit=True) as connection:
        connection.execute(
            "truncate raw.matches, raw.changes, intermediate.build_marks; drop table if exists held_back"
        )
    run_dbt(module_database_url, tmp_path, "seed")
    whole = Warehouse(module_database_url, data_dir, tmp_path, request.param)
    yield whole
    whole.connection.close()


def test_a_full_build_and_a_matchday_beside_pandas_and_polars(warehouse: Warehouse) -> None:
    full = warehouse.build("--full-refresh")
    matches = warehouse.add_matchday()
    day = warehouse.build()
    whole, increment = sum(full.values()), sum(day.values())
    for seconds in (full, day):
        print("\n", {name: round(value, 2) for name, value in seconds.items()})  # noqa: T201
    report(f"a matchday of {matches} matches", increment, "the full build", whole)
    spine = read_spine(warehouse.connection)
    with_polars = features_of(pl.from_pandas(spine))
    assert_equal(with_polars, warehouse.connection)
    polars = best(lambda: features_of(pl.from_pandas(spine)), repeats=2)
    report(f"full build of {len(spine):,} matches", whole, "polars", polars)
    report("30 windows alone", best(lambda: windows_with_pandas(spine), repeats=1), "polars, all columns", polars)


def read_spine(connection: psycopg.Connection) -> pd.DataFrame:
    query = """
        select match_id, league, season, match_date, home_id, away_id, home_goals, away_goals,
            home_shots_on_target, away_shots_on_target
        from intermediate.int_match_spine
    """
    numbers = ("home_goals", "away_goals", "home_shots_on_target", "away_shots_on_target")
    frame = read_frame(connection, sql.SQL(query), floats=numbers)
    return frame.assign(match_date=pd.to_datetime(frame["match_date"]))


METRICS = tuple(FORM)


def features_of(spine: pl.DataFrame) -> pl.DataFrame:
    """The form, table, rest and head-to-head columns of ``fct_match_features``, as a polars user would write them."""
    sides = pl.concat([_side(spine, "home", "away"), _side(spine, "away", "home")]).sort("team", "match_date")
    goals, conceded = pl.col("goals_for"), pl.col("goals_against")
    sides = sides.with_columns(
        points=pl.when(goals > conceded).then(3.0).when(goals == conceded).then(1.0).otherwise(0.0)
    )
    sides = sides.with_columns(
        matches_played=pl.int_range(pl.len()).over("team"),
        rest_days=(pl.col("match_date") - pl.col("match_date").shift(1).over("team")).dt.total_days(),
        meetings=pl.int_range(pl.len()).over("team", "opponent"),
        met=_mean("points", 5, ["team", "opponent"]),
        **{f"{metric}_last_{window}": _mean(metric, window, ["team"]) for metric in METRICS for window in WINDOWS},
        **{f"venue_{metric}_last_10": _mean(metric, 10, ["team", "is_home"]) for metric in VENUE_FORM},
    )
    sides = sides.join(_tables(sides), on=["league", "season", "team", "match_date"], how="left")
    names = [name for name in sides.columns if name.rpartition("_last_")[1] or name.startswith("table_")]
    names += ["matches_played", "rest_days"]
    home, away = (
        sides.filter(pl.col("is_home") == is_home).select(
            "match_id", "met", "meetings", *(pl.col(name).alias(f"{side}_{name}") for name in names)
        )
        for side, is_home in (("home", True), ("away", False))
    )
    renamed = home.rename({"met": "head_to_head_points_last_5", "meetings": "head_to_head_meetings"})
    return renamed.join(away.drop("met", "meetings"), on="match_id")


def _side(spine: pl.DataFrame, own: str, other: str) -> pl.DataFrame:
    return spine.select(
        *("match_id", "league", "season", "match_date"),
        team=f"{own}_id",
        opponent=f"{other}_id",
        is_home=pl.lit(own == "home"),
        goals_for=f"{own}_goals",
        goals_against=f"{other}_goals",
        shots_on_target_for=f"{own}_shots_on_target",
        shots_on_target_against=f"{other}_shots_on_target",
    )


def _mean(metric: str, window: int, keys: list[str]) -> pl.Expr:
    return pl.col(metric).rolling_mean(window, min_samples=1).shift(1).over(keys)


def _tables(sides: pl.DataFrame) -> pl.DataFrame:
    """Each club's place before each day its league plays on."""
    season = ["league", "season"]
    days = sides.select(*season, "match_date").unique().sort("match_date")
    days = days.with_columns(next_day=pl.col("match_date").shift(-1).over(season))
    clubs = sides.group_by(*season, "team").agg(first=pl.col("match_date").min())
    evenings = clubs.join(days, on=season).filter(pl.col("match_date") >= pl.col("first"))
    played = sides.select(*season, "team", "match_date", "points", "goals_for", "goals_against", pl.lit(1).alias("n"))
    evenings = evenings.join(played, on=[*season, "team", "match_date"], how="left").sort("match_date")
    sums = [
        pl.col(name).fill_null(0).cum_sum().over(*season, "team")
        for name in ("points", "goals_for", "goals_against", "n")
    ]
    evenings = evenings.with_columns(sums)
    merit = pl.col("points") * 1e6 + (pl.col("goals_for") - pl.col("goals_against")) * 1e3 + pl.col("goals_for")
    return evenings.select(
        *season,
        "team",
        pl.col("next_day").alias("match_date"),
        table_matches="n",
        table_position=merit.rank("min", descending=True).over(*season, "match_date"),
        table_points=pl.col("points") / pl.col("n"),
    ).filter(pl.col("match_date").is_not_null())


def windows_with_pandas(spine: pd.DataFrame) -> pd.DataFrame:
    """Of the same columns only the rolling means."""
    sides = pd.concat(
        [
            spine.rename(
                columns={
                    f"{own}_id": "team",
                    f"{own}_goals": "goals_for",
                    f"{other}_goals": "goals_against",
                    f"{own}_shots_on_target": "shots_on_target_for",
                    f"{other}_shots_on_target": "shots_on_target_against",
                }
            )
            for own, other in (("home", "away"), ("away", "home"))
        ]
    ).sort_values(["team", "match_date"])
    sides["points"] = (sides["goals_for"] > sides["goals_against"]) * 3.0 + (
        sides["goals_for"] == sides["goals_against"]
    )
    grouped = sides.groupby("team")[list(METRICS)]
    return pd.concat([grouped.rolling(window, min_periods=1).mean() for window in (*WINDOWS, 10)], axis=1)


def assert_equal(theirs: pl.DataFrame, connection: psycopg.Connection) -> None:
    """Else two different things were timed."""
    names = [name for name in theirs.columns if name != "match_id"]
    query = sql.SQL("select match_id, {} from features.fct_match_features").format(
        sql.SQL(", ").join(map(sql.Identifier, names))
    )
    ours = read_frame(connection, query, floats=names).set_index("match_id").sort_index()
    found = theirs.to_pandas().set_index("match_id")[names].astype(float).sort_index()
    found = found.assign(**{name: found[name].fillna(0) for name in names if name.endswith("table_matches")})
    pd.testing.assert_frame_equal(found, ours, rtol=1e-9, check_names=False)
