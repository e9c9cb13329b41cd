"""Three season starts as whole runs on real files, each with a name that no list has (FAULTS 71).

``test_season_starts.py`` replays all 126 of them at the level of raw load and club identity.
"""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.football_data.load import FIXTURES, results_target
from tests.support.command import fresh_home

pytestmark = [pytest.mark.slow, pytest.mark.real_data]
SEASONS_BEFORE = 3
STARTS = [
    # A promoted reserve side, in its first week.
    (2022, date(2022, 8, 19), ("SP1", "SP2", "E0"), ("Villarreal B", "Villarreal II"), False),
    # Relegated clubs, spelled anew.
    (2016, date(2016, 8, 26), ("E0", "E1", "SP1"), ("Aston Villa", "Aston Villa Birmingham"), True),
    (2024, date(2024, 9, 13), ("D1", "D2", "E0"), ("St Pauli", "FC St. Pauli 1910 Hamburg"), True),
]


def write_site(real: Path, folder: Path, start: int, until: date, leagues, respelled) -> None:
    """Seasons before ``start`` whole, this one until then with one club spelled anew, ten more days as fixtures."""
    coming = []
    for league in leagues:
        for year in range(start - SEASONS_BEFORE, start + 1):
            path = results_target(league, Season(year)).path
            lines = list(csv.DictReader(io.StringIO((real / path).read_bytes().decode("utf-8-sig", "replace"))))
            lines = [line for line in lines if line["Date"]]
            columns = list(lines[0])
            if year == start:
                lines = [{key: dict([respelled]).get(value, value) for key, value in line.items()} for line in lines]
                coming += [line for line in lines if 0 <= (_day(line) - until).days < 10]
                lines = [line for line in lines if _day(line) < until]
            if lines:
                _write(folder / path, columns, lines)
    _write(folder / FIXTURES.path, ["Div", "Date", "Time", "HomeTeam", "AwayTeam"], coming)


def _day(line: dict[str, str]) -> date:
    return datetime.strptime(line["Date"], "%d/%m/%Y" if len(line["Date"]) == 10 else "%d/%m/%y").date()


def _write(path: Path, columns: list[str], lines: list[dict[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(lines)


@pytest.mark.timeout(1800)
@pytest.mark.fault(71, "the other leagues are rated, predicted and sealed")
@pytest.mark.parametrize(("start", "until", "leagues", "respelled", "doubtful"), STARTS)
def test_faults_71_every_league_is_rated_predicted_and_sealed(
    tmp_path, data_dir, start, until, leagues, respelled, doubtful
):
    write_site(data_dir / "site", tmp_path / "site", start, until, leagues, respelled)
    with fresh_home(tmp_path) as home:
        as_of = f"{until - timedelta(days=1)}T23:59:00Z"
        run = home.json("run", "--source", str(tmp_path / "site"), "--leagues", ",".join(leagues), "--as-of", as_of)
        assert run["errors"] == []
        assert {name["name"] for name in run["pending"]} == ({respelled[1]} if doubtful else set())
        with psycopg.connect(home.database_url) as connection:
            sealed = connection.execute("""
                select distinct league from predictions.ledger inner join intermediate.int_fixtures using (match_id)
            """).fetchall()
            rated = connection.execute(
                "select distinct league from ratings.team_elo where season = %s", [str(Season(start))]
            ).fetchall()
        assert {league for (league,) in sealed} == {league for (league,) in rated} == set(leagues)
