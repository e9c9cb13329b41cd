"""What a user types after --leagues, --seasons and --as-of, and what he is told when it cannot be read."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from footpred_dagster.core.domain import EXTRA_LEAGUES, LEAGUES, MAIN_LEAGUES, Season
from footpred_dagster.runner.selection import Selection, parse_instant, parse_leagues, parse_seasons

UNTIL = Season(2025)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("main", tuple(MAIN_LEAGUES)),
        ("extra", tuple(EXTRA_LEAGUES)),
        ("all", tuple(LEAGUES)),
        ("ARG-COPA,E0", ("ARG-COPA", "E0")),
        ("E0", ("E0",)),
        (" D1 , E0,", ("D1", "E0")),
        ("E0,D1,E0", ("E0", "D1")),
    ],
)
def test_leagues_are_a_group_or_codes_each_once_in_the_order_given(text, expected):
    assert parse_leagues(text) == expected


@pytest.mark.parametrize(
    ("text", "said"), [("E0,XX,YY", "unknown league XX, YY"), ("e0", "unknown"), ("", "no league")]
)
def test_an_unknown_or_missing_league_is_named(text, said):
    with pytest.raises(ValueError, match=said):
        parse_leagues(text)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [("1516-2425", 2015, 2024), ("2425", 2024, 2024), ("9394-0001", 1993, 2000), (None, 1993, 2025)],
)
def test_seasons_are_a_closed_range_or_one_season_or_all(text, first, last):
    assert parse_seasons(text, UNTIL) == (Season(first), Season(last))


@pytest.mark.parametrize("text", ["2425-2324", "2426", "24", "2425-x", "1516-2425-2526", ""])
def test_seasons_that_run_backwards_or_are_none_are_refused(text):
    with pytest.raises(ValueError, match=r"season|backwards"):
        parse_seasons(text, UNTIL)


def test_a_season_is_accepted_in_every_form_the_refusal_offers():
    """Forbids advice that is refused in turn."""
    with pytest.raises(ValueError, match="write") as refusal:
        parse_seasons("24", UNTIL)
    offered = re.split(r" or ", str(refusal.value).partition("write ")[2])
    assert [parse_seasons(form, UNTIL) for form in offered] == [(Season(2024), Season(2024))] * len(offered)


def test_calendar_year_leagues_are_selected_by_the_year_their_season_starts_in():
    chosen = Selection(("E0", "BRA"), Season(2015), Season(2016))
    years = [start for start in range(2012, 2020) if chosen.covers("BRA", Season(start, autumn=False))]
    assert years == [start for start in range(2012, 2020) if chosen.covers("E0", Season(start))] == [2015, 2016]
    assert not chosen.covers("ARG", Season(2015, autumn=False))


def test_without_a_range_an_extra_leagues_file_is_taken_whole_whatever_as_of_is():
    """Forbids a past as_of that leaves rows of a file it has read unloaded."""
    chosen = Selection(("E0", "BRA"), Season(1993), Season(2024), bounded=False)
    assert chosen.covers("BRA", Season(2026, autumn=False))
    assert not chosen.covers("E0", Season(2026))


def test_a_selection_lists_its_seasons_as_they_are_stored():
    assert Selection(("E0",), Season(1998), Season(2000)).seasons == ["1998-99", "1999-00", "2000-01"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-06-30", datetime(2025, 6, 30, tzinfo=UTC)),
        ("2025-06-30T12:00:00Z", datetime(2025, 6, 30, 12, tzinfo=UTC)),
        ("2025-06-30T12:00:00+02:00", datetime(2025, 6, 30, 10, tzinfo=UTC)),
        ("2025-06-30 12:00", datetime(2025, 6, 30, 12, tzinfo=UTC)),
    ],
)
def test_an_instant_is_the_start_of_a_day_or_a_timestamp_in_utc_unless_it_says_otherwise(text, expected):
    assert parse_instant(text) == expected


@pytest.mark.parametrize("text", ["", "30/06/2025", "2025-02-30", "yesterday"])
def test_what_is_no_instant_is_refused_with_the_forms_that_are(text):
    with pytest.raises(ValueError, match="is not a date or timestamp: write"):
        parse_instant(text)
