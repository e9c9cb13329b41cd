"""The real files: every main-division season file as the site serves it, and a season in progress."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import date, time
from pathlib import Path

import pytest

from footpred_dagster.core.domain import MAIN_LEAGUES, Season
from footpred_dagster.sources.football_data.results import (
    ParsedFile,
    Quarantined,
    RawFixture,
    RawMatch,
    parse_fixtures,
    parse_results,
)

pytestmark = pytest.mark.real_data

SCORED = 233_506


@pytest.fixture(scope="module")
def every_file(data_dir: Path) -> dict[Path, ParsedFile]:
    return {
        path: parse_results(path.read_bytes(), path.stem, Season.parse(path.parent.name))
        for path in sorted((data_dir / "site" / "mmz4281").glob("*/*.csv"))
    }


def naive_count(path: Path) -> int:
    """Rows with the file's Div, a date, a home team, a result and numeric goals, counted without our parser."""
    text = path.read_bytes().decode("latin-1").removeprefix("ï»¿")
    reader = csv.DictReader(io.StringIO(text), restval="")
    return sum(
        row["Div"] == path.stem
        and all((row["Date"], row.get("HomeTeam") or row.get("HT"), row["FTR"]))
        and row["FTHG"].strip().isdigit()
        and row["FTAG"].strip().isdigit()
        for row in reader
    )


def scored(parsed: ParsedFile) -> list[RawMatch]:
    return [match for match in parsed.matches if match.home_goals is not None]


def test_every_scored_match_of_every_file_is_read(every_file: dict[Path, ParsedFile]) -> None:
    assert len(every_file) == 667
    counts = {path: len(scored(parsed)) for path, parsed in every_file.items()}
    assert counts == {path: naive_count(path) for path in every_file}
    assert sum(counts.values()) == SCORED


def test_matches_decided_without_play_are_found_and_no_gap_of_the_source_is(every_file: dict[Path, ParsedFile]) -> None:
    found = {
        f"{path.stem} {path.parent.name}": count
        for path, parsed in every_file.items()
        if (count := sum(match.looks_awarded for match in parsed.matches))
    }
    assert found == {"T1 2223": 29, "SP2 1819": 21, "G1 1415": 21, "I2 2021": 1, "I2 0203": 1, "I2 0304": 1}


def test_every_row_is_accounted_for(every_file: dict[Path, ParsedFile]) -> None:
    for path, parsed in every_file.items():
        dropped = sum(item.dropped for item in parsed.quarantined)
        assert parsed.facts["rows_read"] == len(parsed.matches) + dropped, path
        assert parsed.facts["duplicate_rows"] == 0, path


def test_little_is_doubted_and_one_row_is_dropped(every_file: dict[Path, ParsedFile]) -> None:
    reasons = Counter(item.reason for parsed in every_file.values() for item in parsed.quarantined)
    assert reasons == {
        "goals_above_on_target": 66,
        "row_not_aligned": 6,
        "on_target_above_shots": 23,
        "bad_odds": 8,
        "implausible_value": 1,
        "half_time_incomplete": 1,
        "half_time_result_disagrees": 1,
        "missing_division": 1,
    }
    dropped = [(path.parts[-2:], item) for path, parsed in every_file.items() for item in parsed.quarantined if item[4]]
    assert dropped == [(("1314", "T1.csv"), Quarantined(308, "Div", "missing_division", "", dropped=True))]


def test_the_void_matches_are_the_known_ones(every_file: dict[Path, ParsedFile]) -> None:
    void = {
        (path.parent.name, path.stem, match.line, match.home, match.away)
        for path, parsed in every_file.items()
        for match in parsed.matches
        if match.home_goals is None
    }
    assert void == {
        ("1415", "G1", 302, "Niki Volos", "OFI"),
        ("1819", "G1", 199, "Panathinaikos", "Olympiakos"),
    }


def test_shapes_are_as_measured(every_file: dict[Path, ParsedFile]) -> None:
    facts = [parsed.facts for parsed in every_file.values()]
    assert Counter(fact["encoding"] for fact in facts) == {"ascii": 627, "utf-8 with BOM": 25, "cp1252": 15}
    assert Counter(fact["date_style"] for fact in facts) == {"dd/mm/yy": 503, "dd/mm/yyyy": 164}
    assert sum(fact["blank_rows"] for fact in facts) == 19_940
    assert sum(fact["ragged_rows"] for fact in facts) == 31_836


def test_no_team_plays_twice_on_a_day(every_file: dict[Path, ParsedFile]) -> None:
    for path, parsed in every_file.items():
        appearances = [(match.match_date, team) for match in parsed.matches for team in (match.home, match.away)]
        assert len(appearances) == len(set(appearances)), path


def test_the_snapshot_early_in_a_season_is_read_whole(data_dir: Path) -> None:
    folder = data_dir / "snapshots" / "2025-09-23" / "mmz4281" / "2526"
    parsed = {path.stem: parse_results(path.read_bytes(), path.stem, Season(2025)) for path in folder.glob("*.csv")}
    assert set(parsed) == set(MAIN_LEAGUES)
    assert {league: file.quarantined for league, file in parsed.items() if file.quarantined} == {
        "SP1": [Quarantined(4, "AvgCH", "bad_odds", "8.7/5.79/1.56", dropped=False)]
    }


def test_the_fixtures_of_the_snapshot_are_read_whole(data_dir: Path) -> None:
    body = (data_dir / "snapshots" / "2025-09-23" / "fixtures.csv").read_bytes()
    parsed = parse_fixtures(body, MAIN_LEAGUES)
    assert (len(parsed.fixtures), parsed.quarantined) == (39, [])
    assert all(fixture.avg_h for fixture in parsed.fixtures)
    assert parsed.fixtures[0] == RawFixture(
        2, "B1", date(2025, 9, 23), time(19, 30), "Anderlecht", "Gent", 1.72, 3.87, 4.34
    )
