"""Leagues, seasons and the clock: one spelling each, and no kickoff that is an hour off."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from footpred_dagster.core.domain import MAIN_LEAGUES, TOP_FIVE, Outcome, Season, kickoff_utc


@pytest.mark.parametrize(
    ("text", "start"),
    [("2425", 2024), ("2024-25", 2024), ("9394", 1993), ("9900", 1999), ("1999-00", 1999), ("0001", 2000)],
)
def test_a_season_reads_in_both_spellings(text, start):
    assert Season.parse(text) == Season(start)


@pytest.mark.parametrize("start", range(1993, 2030))
def test_both_spellings_of_a_season_read_back(start):
    season = Season(start)
    assert Season.parse(str(season)) == Season.parse(season.site_code) == season


def test_stored_seasons_sort_by_time_as_text():
    """Site codes would not: 9900 sorts after 0001."""
    seasons = [Season(start) for start in range(1993, 2030)]
    assert sorted(map(str, seasons)) == [str(season) for season in sorted(seasons)]


@pytest.mark.parametrize("text", ["2426", "2024-26", "2524", "2024-24", "1999-01"])
def test_years_that_do_not_follow_each_other_are_refused(text):
    with pytest.raises(ValueError, match="second year must follow"):
        Season.parse(text)


@pytest.mark.parametrize("text", ["", "2024", "24-25", "2024/25", "2024-2025", " 2425", "2425\n", "x"])
def test_what_is_no_season_is_refused_with_a_reason(text):
    with pytest.raises(ValueError, match="season"):
        Season.parse(text)


@pytest.mark.parametrize(
    ("day", "start"),
    [(date(2024, 6, 30), 2023), (date(2024, 7, 1), 2024), (date(2024, 12, 31), 2024), (date(2025, 1, 1), 2024)],
)
def test_seasons_turn_on_the_first_of_july(day, start):
    assert Season.containing(day) == Season(start)


def test_a_season_is_complete_at_the_end_of_june():
    assert Season(2024).end == datetime(2025, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "clock", "expected"),
    [
        (date(2024, 1, 6), time(15, 0), datetime(2024, 1, 6, 15, 0, tzinfo=UTC)),
        (date(2024, 8, 17), time(15, 0), datetime(2024, 8, 17, 14, 0, tzinfo=UTC)),
        (date(2024, 3, 30), time(20, 0), datetime(2024, 3, 30, 20, 0, tzinfo=UTC)),  # the night the clocks go forward
        (date(2024, 3, 31), time(14, 0), datetime(2024, 3, 31, 13, 0, tzinfo=UTC)),
        (date(2024, 10, 26), time(20, 0), datetime(2024, 10, 26, 19, 0, tzinfo=UTC)),  # the night they go back
        (date(2024, 10, 27), time(14, 0), datetime(2024, 10, 27, 14, 0, tzinfo=UTC)),
    ],
)
def test_kickoff_is_read_from_the_uk_clock_on_either_side_of_summer_time(day, clock, expected):
    kickoff = kickoff_utc(day, clock)
    assert (kickoff, kickoff.tzinfo) == (expected, UTC)


def test_a_missing_time_is_three_in_the_uk_and_midnight_is_not_missing():
    assert kickoff_utc(date(2010, 5, 1), None) == datetime(2010, 5, 1, 14, 0, tzinfo=UTC)
    assert kickoff_utc(date(2010, 1, 1), time(0, 0)) == datetime(2010, 1, 1, 0, 0, tzinfo=UTC)


def test_there_are_22_main_divisions_and_the_top_five_are_first_tiers_of_five_countries():
    assert len(MAIN_LEAGUES) == 22
    assert {code: MAIN_LEAGUES[code].code for code in MAIN_LEAGUES} == {code: code for code in MAIN_LEAGUES}
    assert [MAIN_LEAGUES[code].tier for code in TOP_FIVE] == [1] * 5
    assert len({MAIN_LEAGUES[code].country for code in TOP_FIVE}) == 5


def test_tiers_of_a_country_have_no_gap():
    tiers: dict[str, list[int]] = {}
    for league in MAIN_LEAGUES.values():
        tiers.setdefault(league.country, []).append(league.tier)
    assert {country: sorted(found) for country, found in tiers.items()} == {
        country: list(range(1, len(found) + 1)) for country, found in tiers.items()
    }


def test_outcomes_are_ordinal_from_home_to_away():
    assert [Outcome.HOME, Outcome.DRAW, Outcome.AWAY] == [0, 1, 2]
