"""Real defective files, each by the name of its defect: its exact rows and quarantine, and what inspection says."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date, time
from pathlib import Path

import pytest

from footpred_dagster.core.domain import MAIN_LEAGUES, Season
from footpred_dagster.sources.football_data.inspection import Inspection, inspect_body
from footpred_dagster.sources.football_data.results import FileRefused, ParsedFile, Quarantined, RawMatch, parse_results

pytestmark = pytest.mark.real_data


def quirk(data_dir: Path, name: str) -> ParsedFile:
    """A defective file; its name ends in league and season or in season and league. Its inspection says the same."""
    path = data_dir / "quirks" / f"{name}.csv"
    words = path.stem.split("_")
    league = next(word for word in words if word in MAIN_LEAGUES)
    season = Season.parse(next((word for word in words[1:] if word.isdigit()), "2627"))
    found = inspect_body(path.read_bytes(), path, league, season)
    if not found.accepted:
        assert (found.matches, found.quarantined) == (0, [])
        with pytest.raises(FileRefused, match=re.escape(found.reason or "none")):
            parse_results(path.read_bytes(), league, season)
    parsed = parse_results(path.read_bytes(), league, season)
    assert (found.reason, found.rows, found.matches) == (None, parsed.facts["rows_read"], len(scored(parsed)))
    assert found.void == len(parsed.matches) - len(scored(parsed))
    assert found.quarantined == [item._asdict() for item in parsed.quarantined]
    return parsed


def inspected(data_dir: Path, name: str) -> Inspection:
    """The inspection of a defective file that is told nothing but the file's name."""
    path = data_dir / "quirks" / f"{name}.csv"
    return inspect_body(path.read_bytes(), path)


def scored(parsed: ParsedFile) -> list[RawMatch]:
    return [match for match in parsed.matches if match.home_goals is not None]


def test_every_defective_file_has_a_test_of_its_number(data_dir: Path) -> None:
    numbers = {path.name[:2] for path in (data_dir / "quirks").glob("*.csv")}
    assert numbers == {match[1] for name in globals() if (match := re.match(r"test_quirk_(\d\d)_", name))}
    assert len(numbers) == 16


def test_quirk_01_wrong_division(data_dir: Path) -> None:
    with pytest.raises(FileRefused, match="wrong_division: line 2 is of division 'EC', E0 was requested"):
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


def test_quirk_08_duplicated_matchday_of_an_extra_league_is_told_by_its_header(data_dir: Path) -> None:
    found = inspected(data_dir, "08_duplicates_new_SWZ_2018")
    assert (found.kind, found.rows, found.encoding) == ("extra", 1115, "ascii")
    assert found.dates == {"style": "dd/mm/yy", "first": "2012-07-13", "last": "2018-09-02"}


def test_quirk_10_ht_at_headers(data_dir: Path) -> None:
    parsed = quirk(data_dir, "10_HT_AT_headers_0001_G1")
    assert (len(scored(parsed)), parsed.quarantined) == (240, [])
    assert parsed.facts["header_warnings"] == ["column 'HT' read as 'HomeTeam'", "column 'AT' read as 'AwayTeam'"]
    assert parsed.matches[0][:9] == (2, date(2000, 9, 16), None, "Olympiakos", "Eth Asteras", 6, 0, 2, 0)


def test_quirk_11_duplicate_header_lb(data_dir: Path) -> None:
    parsed = quirk(data_dir, "11_duplicate_header_LB_0405_D2")
    assert (len(scored(parsed)), parsed.quarantined, parsed.facts["ragged_rows"]) == (306, [], 291)
    assert parsed.facts["header_warnings"] == [
        *(f"column 'LB' again at position {place}: the first one is read" for place in (24, 25)),
        "columns without a name: 6, the first at position 37; not read",
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
    assert (len(scored(parsed)), parsed.facts["ragged_rows"]) == (552, 521)
    # Four rows hold more cells than the header names: they keep their results.
    assert [(item.line, item.reason) for item in parsed.quarantined] == [(n, "row_not_aligned") for n in range(86, 90)]
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


def test_quirk_28_x_in_the_odds_of_an_extra_league_is_told_by_its_header(data_dir: Path) -> None:
    found = inspected(data_dir, "28_x_in_odds_new_USA")
    assert (found.kind, found.rows, found.encoding) == ("extra", 16, "utf-8 with BOM")
    assert found.dates == {"style": "dd/mm/yyyy", "first": "2025-04-06", "last": "2025-04-13"}


def test_the_names_of_the_files_tell_league_and_season(data_dir: Path) -> None:
    """Nobody needs to say them: quirk 01 is refused because its name says E0 first."""
    told = {path.name[:2]: inspected(data_dir, path.stem) for path in (data_dir / "quirks").glob("*.csv")}
    assert {number for number, found in told.items() if found.kind == "results" and not found.accepted} == {"01", "04"}
    assert told["01"].reason == (
        "wrong_division: line 2 is of division 'EC', E0 was requested; the site serves another division here until "
        "the season starts"
    )
    assert [(told[n].league, told[n].season) for n in ("07", "10", "15")] == [
        ("E0", "2526"),
        ("G1", "0001"),
        ("F2", "2526"),
    ]


def test_odds_coverage_counts_scored_matches_with_a_full_price(data_dir: Path) -> None:
    found = inspected(data_dir, "14_latin1_2021_EC")
    assert found.odds == {
        "opening": {"columns": ["AvgH", "AvgD", "AvgA"], "priced": 476, "share": 0.9979},
        "closing": {"columns": ["AvgCH", "AvgCD", "AvgCA"], "priced": 477, "share": 1.0},
    }
