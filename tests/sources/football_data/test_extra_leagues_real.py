"""The sixteen real files: counts by an independent reader, two competitions told apart, and the known defects."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from footpred_dagster.core.domain import EXTRA_LEAGUES, Season
from footpred_dagster.sources.football_data.extra_leagues import Pair, parse_extra
from footpred_dagster.sources.parsing.records import ParsedFile, Quarantined

pytestmark = pytest.mark.real_data

ROWS = 62_641


@pytest.fixture(scope="module")
def every_file(data_dir: Path) -> dict[Path, dict[Pair, ParsedFile]]:
    return {path: parse_extra(path.read_bytes(), path.stem) for path in sorted((data_dir / "site/new").glob("*.csv"))}


@pytest.fixture(scope="module")
def seasons(every_file: dict[Path, dict[Pair, ParsedFile]]) -> dict[Pair, ParsedFile]:
    return {pair: parsed for parts in every_file.values() for pair, parsed in parts.items()}


def quirk(data_dir: Path, name: str, file: str) -> dict[Pair, ParsedFile]:
    return parse_extra((data_dir / "quirks" / f"{name}.csv").read_bytes(), file)


def naive_counts(path: Path) -> Counter[tuple[str, str]]:
    """Rows by the file's own league name and season label, read without anything of ours."""
    text = path.read_bytes().decode("utf-8-sig")
    rows = csv.DictReader(io.StringIO(text, newline=""))
    return Counter((row["League"].strip(), row["Season"].replace("/20", "-")) for row in rows)


def test_every_row_of_every_file_is_read_into_its_competition_and_season(every_file) -> None:
    assert len(every_file) == 16
    for path, parts in every_file.items():
        second = {"Copa De La Liga Profesional": "ARG-COPA", "Challenge League": "SWZ-2"}
        expected = Counter[tuple[str, str]]()
        for (name, season), count in naive_counts(path).items():
            mislabelled = (path.stem, season) == ("JPN", "2026")
            expected[second.get(name, path.stem), "2026-27" if mislabelled else season] += count
        assert Counter({(code, str(season)): len(p.matches) for (code, season), p in parts.items()}) == expected, path
    assert sum(len(parsed.matches) for parts in every_file.values() for parsed in parts.values()) == ROWS


def test_two_competitions_of_one_file_are_told_apart(seasons) -> None:
    totals = Counter[str]()
    for (code, _), parsed in seasons.items():
        totals[code] += len(parsed.matches)
    assert {code: totals[code] for code in ("ARG", "ARG-COPA", "SWZ", "SWZ-2")} == {
        "ARG": 5390,
        "ARG-COPA": 920,
        "SWZ": 2691,
        "SWZ-2": 2,
    }
    assert set(totals) == set(EXTRA_LEAGUES)


def test_the_static_list_of_seasons_is_exactly_what_the_files_hold(seasons) -> None:
    newest = date(2026, 8, 18)
    assert len(seasons) == 244
    assert set(seasons) == {
        (league.code, season) for league in EXTRA_LEAGUES.values() for season in league.seasons(newest)
    }


def test_little_is_doubted_and_no_row_is_dropped(seasons) -> None:
    doubts = Counter((item.reason, item.dropped) for parsed in seasons.values() for item in parsed.quarantined)
    assert doubts == {("bad_odds", False): 23, ("season_mislabelled", False): 10}


def test_one_match_is_void(seasons) -> None:
    void = [match[:5] for parsed in seasons.values() for match in parsed.matches if match.home_goals is None]
    assert [(line, day, home, away) for line, day, _, home, away in void] == [
        (1893, date(2016, 12, 11), "Chapecoense-SC", "Atletico-MG")
    ]


def test_a_play_off_seven_months_after_its_season_is_kept_in_it(seasons) -> None:
    latest = max(seasons["ARG", Season(2013)].matches, key=lambda match: match.match_date)
    assert latest[:5:2] == (765, latest.kickoff_time, "Velez Sarsfield")
    assert latest.match_date == date(2015, 1, 29)


def test_every_match_has_a_time_and_all_but_a_few_a_closing_line(seasons) -> None:
    matches = [match for parsed in seasons.values() for match in parsed.matches]
    assert all(match.kickoff_time for match in matches)
    assert all(match.avg_h is None for match in matches)
    unpriced = Counter(code for (code, _), parsed in seasons.items() for m in parsed.matches if m.avg_close_h is None)
    assert sum(unpriced.values()) == 112
    assert unpriced["RUS"] == 90


def test_quirk_08_duplicated_matchday(data_dir: Path) -> None:
    seasons = quirk(data_dir, "08_duplicates_new_SWZ_2018", "SWZ")
    assert {str(season): len(parsed.matches) for (_, season), parsed in seasons.items()} == {
        **{f"{start}-{start - 1999}": 180 for start in range(2012, 2018)},
        "2018-19": 30,
    }
    newest = seasons["SWZ", Season(2018)]
    assert (newest.facts["rows_read"], newest.facts["duplicate_rows"], newest.quarantined) == (35, 5, [])
    assert (newest.facts["date_style"], newest.facts["encoding"]) == ("dd/mm/yy", "ascii")


def test_quirk_08_gives_the_odds_todays_file_gives(data_dir: Path, seasons) -> None:
    """The older copy calls closing odds AvgH; same matches, same prices, under another spelling of the date."""
    old = quirk(data_dir, "08_duplicates_new_SWZ_2018", "SWZ")["SWZ", Season(2015)]
    new = seasons["SWZ", Season(2015)]
    assert [match[1:] for match in old.matches] == [match[1:] for match in new.matches]


def test_quirk_28_x_in_odds(data_dir: Path) -> None:
    ((pair, parsed),) = quirk(data_dir, "28_x_in_odds_new_USA", "USA").items()
    assert pair == ("USA", Season(2025, autumn=False))
    assert (len(parsed.matches), parsed.facts["rows_read"]) == (16, 16)
    assert parsed.quarantined == [Quarantined(9, "AvgCH", "bad_odds", "x/4.65/5.56", dropped=False)]
    (match,) = [match for match in parsed.matches if match.line == 9]
    assert (match.home, match.home_goals, match.away_goals, match.avg_close_d) == ("Atlanta Utd", 0, 1, None)
