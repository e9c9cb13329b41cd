"""The real files: every main-division season file, and the defective ones by the name of their defect."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import date, time
from pathlib import Path

import pytest

from footpred_dagster.core.domain import MAIN_LEAGUES, Season
from footpred_dagster.sources.football_data import (
    FileRefused,
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


def quirk(data_dir: Path, name: str) -> ParsedFile:
    """A defective file; its name ends in league and season or in season and league."""
    path = data_dir / "quirks" / f"{name}.csv"
    words = path.stem.split("_")
    league = next(word for word in words if word in MAIN_LEAGUES)
    code = next((word for word in words[1:] if word.isdigit()), "2627")
    return parse_results(path.read_bytes(), league, Season.parse(code))


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


def test_every_row_is_accounted_for(every_file: dict[Path, ParsedFile]) -> None:
    for path, parsed in every_file.items():
        dropped = sum(item.dropped for item in parsed.quarantined)
        assert parsed.facts["rows_read"] == len(parsed.matches) + dropped, path
        assert parsed.facts["duplicate_rows"] == 0, path


def test_little_is_doubted_and_one_row_is_dropped(every_file: dict[Path, ParsedFile]) -> None:
    reasons = Counter(item.reason for parsed in every_file.values() for item in parsed.quarantined)
    assert reasons == {
        "goals_above_on_target": 66,
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


def test_quirk_01_wrong_division(data_dir: Path) -> None:
    with pytest.raises(FileRefused, match="wrong_division: line 2 is of division 'EC', E0 was asked for"):
        quirk(data_dir, "01_wrong_division_E0_holds_EC")


def test_quirk_03_http300_html(data_dir: Path) -> None:
    with pytest.raises(FileRefused, match="html: not CSV: HTML page titled '300 Multiple Choices'"):
        quirk(data_dir, "03_http300_html_saved_as_E0")


def test_quirk_04_truncated_mid_row(data_dir: Path) -> None:
    with pytest.raises(FileRefused, match="truncated: the body breaks off in line 141"):
        quirk(data_dir, "04_truncated_mid_row_9596_D1")


def test_quirk_07_double_newlines_and_mojibake_bom(data_dir: Path) -> None:
    parsed = quirk(data_dir, "07_double_newlines_mojibake_bom_2526_E0")
    assert [match.line for match in parsed.matches] == list(range(2, 61))
    assert (len(scored(parsed)), parsed.quarantined) == (59, [])
    assert parsed.facts["encoding"] == "utf-8 with mojibake BOM"


def test_quirk_07_agrees_with_the_snapshot_of_the_same_season(data_dir: Path) -> None:
    copied = quirk(data_dir, "07_double_newlines_mojibake_bom_2526_E0")
    snapshot = data_dir / "snapshots" / "2025-09-23" / "mmz4281" / "2526" / "E0.csv"
    clean = parse_results(snapshot.read_bytes(), "E0", Season(2025))
    assert [match[1:7] for match in copied.matches[:50]] == [match[1:7] for match in clean.matches]


def test_quirk_10_ht_at_headers(data_dir: Path) -> None:
    parsed = quirk(data_dir, "10_HT_AT_headers_0001_G1")
    assert (len(scored(parsed)), parsed.quarantined) == (240, [])
    assert parsed.facts["header_warnings"] == ["column 'HT' read as 'HomeTeam'", "column 'AT' read as 'AwayTeam'"]
    assert parsed.matches[0][:9] == (2, date(2000, 9, 16), None, "Olympiakos", "Eth Asteras", 6, 0, 2, 0)


def test_quirk_11_duplicate_header_lb(data_dir: Path) -> None:
    parsed = quirk(data_dir, "11_duplicate_header_LB_0405_D2")
    assert (len(scored(parsed)), parsed.quarantined, parsed.facts["ragged_rows"]) == (306, [], 291)
    assert parsed.facts["header_warnings"] == [
        f"column 'LB' again at position {place}: the first one is read" for place in (24, 25)
    ]


def test_quirk_12_nbsp_in_latin1(data_dir: Path) -> None:
    parsed = quirk(data_dir, "12_latin1_nbsp_0405_E0")
    assert (len(scored(parsed)), parsed.quarantined, parsed.facts["encoding"]) == (380, [], "cp1252")
    (match,) = [match for match in parsed.matches if match.line == 337]
    assert match[1:9] == (date(2005, 4, 23), None, "Aston Villa", "Bolton", 1, 1, 1, 0)


def test_quirk_14_cp1252_apostrophe_in_a_team_name(data_dir: Path) -> None:
    parsed = quirk(data_dir, "14_latin1_2021_EC")
    assert (len(scored(parsed)), parsed.quarantined, parsed.facts["encoding"]) == (477, [], "cp1252")
    (match,) = [match for match in parsed.matches if match.line == 11]
    assert match[1:7] == (date(2020, 10, 3), time(17, 30), "King’s Lynn", "Yeovil", 2, 2)


def test_quirk_15_abandoned_match_is_void(data_dir: Path) -> None:
    parsed = quirk(data_dir, "15_unplayed_abandoned_2526_F2")
    assert (len(parsed.matches), len(scored(parsed)), parsed.quarantined) == (12, 11, [])
    (void,) = [match for match in parsed.matches if match.home_goals is None]
    assert void[:5] == (10, date(2025, 12, 5), time(19, 0), "Bastia", "Red Star")
    assert void[5:21] == (None,) * 16


def test_quirk_17_trailing_spaces_in_names(data_dir: Path) -> None:
    parsed = quirk(data_dir, "17_trailing_space_names_0708_D2")
    assert (len(scored(parsed)), parsed.quarantined) == (306, [])
    names = Counter(name for match in parsed.matches for name in (match.home, match.away))
    assert len(names) == 18
    assert names["Kaiserslautern"] == 34


def test_quirk_19_zero_odds_of_one_bookmaker_touch_no_average(data_dir: Path) -> None:
    parsed = quirk(data_dir, "19_B365H_zero_1213_E1")
    assert (len(scored(parsed)), parsed.quarantined) == (552, [])
    assert all(match.avg_h for match in parsed.matches)


def test_quirk_21_ragged_wide_rows(data_dir: Path) -> None:
    parsed = quirk(data_dir, "21_ragged_wide_rows_0304_I2")
    assert (len(scored(parsed)), parsed.quarantined, parsed.facts["ragged_rows"]) == (552, [], 521)
    assert parsed.matches[0][:9] == (2, date(2003, 9, 7), None, "Catania", "Cagliari", 0, 3, 0, 2)


def test_quirk_23_exchange_ghost_prices_touch_no_average(data_dir: Path) -> None:
    parsed = quirk(data_dir, "23_exchange_ghost_prices_2425_B1")
    assert (len(scored(parsed)), parsed.quarantined) == (312, [])
    assert all(match.avg_close_h for match in parsed.matches)


def test_quirk_26_republished_dates_are_the_same_matches(data_dir: Path) -> None:
    """All but one figure: the republication also corrected Villa's shots on 26 December from 5 to 15 (8 on target)."""
    old = quirk(data_dir, "26_republished_dates_E0_1516_old_ddmmyy")
    new = quirk(data_dir, "26_republished_dates_E0_1516_new_ddmmyyyy")
    assert (old.facts["date_style"], new.facts["date_style"]) == ("dd/mm/yy", "dd/mm/yyyy")
    assert new.quarantined == []
    assert old.quarantined == [Quarantined(172, "HST", "on_target_above_shots", "8 of 5", dropped=False)]
    corrected = {match.line: match for match in new.matches}[172]
    unbelieved = corrected._replace(home_shots=None, home_shots_on_target=None)
    assert (corrected.home_shots, corrected.home_shots_on_target) == (15, 8)
    assert old.matches == [unbelieved if match.line == 172 else match for match in new.matches]


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
