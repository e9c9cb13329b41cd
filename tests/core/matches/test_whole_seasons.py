"""Models are judged on league-seasons that are loaded whole, whatever the source (FAULTS 55)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import psycopg
import pytest

from footpred_dagster.core.domain import MAIN_LEAGUES, Season
from footpred_dagster.core.evaluation.scores import evaluate
from footpred_dagster.core.evaluation.windows import season_windows
from footpred_dagster.core.matches.whole_seasons import incomplete_seasons, whole_seasons
from footpred_dagster.core.training.train import training_cut
from footpred_dagster.sources.football_data.results import parse_results

TODAY = datetime(2026, 11, 30, tzinfo=UTC)
TABLE = """
    create table intermediate.int_matches (
        league text, season text, status text, kickoff timestamptz, home_id text, away_id text
    )
"""


@pytest.fixture
def warehouse(connection: psycopg.Connection) -> psycopg.Connection:
    connection.execute(TABLE)
    return connection


def load(connection: psycopg.Connection, paths: Iterable[Path]) -> None:
    with connection.cursor() as cursor, cursor.copy("copy intermediate.int_matches from stdin") as copy:
        for path in paths:
            season = Season.parse(path.parent.name)
            for match in parse_results(path.read_bytes(), path.stem, season).matches:
                kickoff = datetime.combine(match.match_date, datetime.min.time(), UTC)
                status = "void" if match.home_goals is None else "played"
                copy.write_row((path.stem, str(season), status, kickoff, match.home, match.away))


@pytest.mark.real_data
@pytest.mark.fault(55, "a season loaded before its end judges no model")
def test_the_files_of_last_september_loaded_today_are_no_season_to_judge_on(warehouse, data_dir):
    for start in (2021, 2022, 2023, 2024):
        load(warehouse, (data_dir / "site").glob(f"mmz4281/{Season(start).site_code}/*.csv"))
    assert incomplete_seasons(warehouse, TODAY) == []
    assert training_cut(warehouse, TODAY).endswith("judged on 2023-24, 2024-25, not whole: none")
    snapshot = sorted((data_dir / "snapshots" / "2025-09-23").rglob("mmz4281/2526/*.csv"))
    assert len(snapshot) > 15
    load(warehouse, snapshot)
    assert {each.season for each in incomplete_seasons(warehouse, TODAY)} == {"2025-26"}
    assert len(incomplete_seasons(warehouse, TODAY)) == len(snapshot)
    assert "judged on 2023-24, 2024-25, not whole: 2025-26 B1, " in training_cut(warehouse, TODAY)
    # As of the day it was fetched it is a season under way.
    assert training_cut(warehouse, datetime(2025, 9, 23, tzinfo=UTC)).endswith("not whole: none")


@pytest.mark.real_data
def test_every_season_of_the_site_is_whole(warehouse, data_dir):
    load(warehouse, sorted((data_dir / "site").glob("mmz4281/*/*.csv")))
    assert incomplete_seasons(warehouse, TODAY) == []
    loaded = warehouse.execute("select distinct league, season from intermediate.int_matches").fetchall()
    assert whole_seasons(warehouse) == set(loaded)


def test_one_league_that_is_not_whole_leaves_the_season_to_the_others():
    frame = pd.DataFrame(
        {
            "season": season,
            "league": league,
            "whole": (season, league) != ("2024-25", "E0"),
            "outcome": 0,
            "kickoff": pd.Timestamp(f"{season[:4]}-09-01", tz="UTC"),
        }
        for season in ("2021-22", "2022-23", "2023-24", "2024-25")
        for league in MAIN_LEAGUES
        for _ in range(3)
    )
    assert season_windows(frame, TODAY).seasons == ("2023-24", "2024-25")
    certain = pd.DataFrame({"p_home": 0.5, "p_draw": 0.3, "p_away": 0.2}, index=frame.index)
    (row,) = evaluate({"model": certain}, frame, ["2024-25"], {"all": tuple(MAIN_LEAGUES)})
    assert row.scores.n == 3 * (len(MAIN_LEAGUES) - 1)
    assert evaluate({"model": certain}, frame, ["2024-25"], {"E0": ("E0",)}) == []
    mostly_missing = frame.assign(whole=(frame["season"] != "2024-25") | (frame["league"] == "E0"))
    assert season_windows(mostly_missing, TODAY).seasons == ("2023-24",)
