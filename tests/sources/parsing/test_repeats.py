"""One match told twice, in whatever form, is one match or none."""

from __future__ import annotations

import pytest

from footpred_dagster.core.domain import LEAGUES, Season
from footpred_dagster.sources.football_data.results import parse_fixtures, parse_results
from footpred_dagster.sources.parsing.records import ParsedFile
from tests.support.football_data import HEADER, body


def row(day: str, home: str, away: str, score: str = "1,0,H", division: str = "E0") -> str:
    return f"{division},{day},15:00,{home},{away},{score}"


def read(*rows: str, league: str = "E0", season: int = 2024) -> ParsedFile:
    filler = [row("02/11/2024", f"X{n}", f"Y{n}", division=league) for n in range(3)]
    return parse_results(body(*rows, *filler), league, Season(season))


def kept(parsed: ParsedFile) -> list[tuple[str, str, str]]:
    return [(f"{match.match_date:%d/%m}", match.home, match.away) for match in parsed.matches if match.home[0] != "X"]


def notes(parsed: ParsedFile) -> list[tuple[int, str, bool]]:
    return [(item.line, item.reason, item.dropped) for item in parsed.quarantined]


@pytest.mark.fault(52, "one match told twice on two dates: the later date, noted")
@pytest.mark.parametrize("first", ["17/08/2024", "18/08/2024"])
def test_one_score_on_two_dates_is_one_match_on_the_later(first: str) -> None:
    parsed = read(row(first, "Leeds", "Hull"), row("19/08/2024", "Leeds", "Hull"))
    assert kept(parsed) == [("19/08", "Leeds", "Hull")]
    assert notes(parsed) == [(3, "told_twice", False)]
    assert parsed.facts["duplicate_rows"] == 1


def test_the_order_of_lines_does_not_decide() -> None:
    parsed = read(row("19/08/2024", "Leeds", "Hull"), row("17/08/2024", "Leeds", "Hull"))
    assert kept(parsed) == [("19/08", "Leeds", "Hull")]
    assert notes(parsed) == [(2, "told_twice", False)]


@pytest.mark.fault(52, "one match told twice with two scores: both quarantined")
def test_two_scores_on_two_dates_quarantine_both() -> None:
    parsed = read(row("17/08/2024", "Leeds", "Hull"), row("19/08/2024", "Leeds", "Hull", "2,0,H"))
    assert kept(parsed) == []
    assert notes(parsed) == [(2, "too_many_meetings", True), (3, "too_many_meetings", True)]


def test_an_abandoned_match_and_its_replay_are_both_kept() -> None:
    parsed = read(row("17/08/2024", "Leeds", "Hull", ",,"), row("19/11/2024", "Leeds", "Hull"))
    assert kept(parsed) == [("17/08", "Leeds", "Hull"), ("19/11", "Leeds", "Hull")]
    assert notes(parsed) == []


def test_a_division_of_several_rounds_keeps_its_meetings() -> None:
    days = ("17/08/2024", "14/12/2024")
    assert len(kept(read(*[row(day, "Ayr", "Alloa", division="SC1") for day in days], league="SC1"))) == 2
    third = read(*[row(day, "Ayr", "Alloa", division="SC1") for day in (*days, "15/12/2024")], league="SC1")
    assert kept(third) == [("17/08", "Ayr", "Alloa"), ("15/12", "Ayr", "Alloa")]


def test_of_three_rows_beyond_the_rule_equal_scores_are_merged_first() -> None:
    rows = [row("17/08/2024", "Leeds", "Hull"), row("18/08/2024", "Leeds", "Hull", "3,0,H")]
    parsed = read(*rows, row("24/08/2024", "Leeds", "Hull"))
    assert kept(parsed) == []
    assert sorted(reason for _, reason, _ in notes(parsed)) == ["too_many_meetings"] * 2
    assert parsed.facts["duplicate_rows"] == 1


@pytest.mark.fault(52, "a club with two matches on one day: the later line is quarantined, naming the other")
@pytest.mark.parametrize(
    "second",
    [row("17/08/2024", "Hull", "Leeds"), row("17/08/2024", "Leeds", "Derby"), row("17/08/2024", "Derby", "Hull", ",,")],
)
def test_a_second_match_of_a_club_on_one_day_is_quarantined(second: str) -> None:
    parsed = read(row("17/08/2024", "Leeds", "Hull"), second)
    assert kept(parsed) == [("17/08", "Leeds", "Hull")]
    assert notes(parsed) == [(3, "second_match_on_one_day", True)]
    assert "line 2 has Leeds v Hull" in str(parsed.quarantined[0].value)


def test_a_note_on_a_row_that_repeats_another_goes_with_it() -> None:
    rows = [f"{row('17/08/2024', 'Leeds', 'Hull')},145", f"{row('19/08/2024', 'Leeds', 'Hull')},9"]
    parsed = parse_results(body(*rows, header=f"{HEADER},HF"), "E0", Season(2024))
    assert notes(parsed) == [(3, "told_twice", False)]


@pytest.mark.fault(52, "a club with two fixtures on one day: the later line is quarantined")
def test_fixtures_of_one_club_on_one_day_keep_the_first() -> None:
    lines = ("E0,20/09/2026,12:30,Derby,Leeds", "E1,20/09/2026,15:00,Leeds,Hull", "D1,20/09/2026,15:00,Leeds,Köln")
    parsed = parse_fixtures(body(*lines, header="Div,Date,Time,HomeTeam,AwayTeam"), LEAGUES)
    assert [(fixture.league, fixture.home) for fixture in parsed.fixtures] == [("E0", "Derby"), ("D1", "Leeds")]
    assert [(item.line, item.reason, item.dropped) for item in parsed.quarantined] == [
        (3, "second_match_on_one_day", True)
    ]
