"""Leagues, seasons and the clock: one spelling each, and no kickoff that is an hour off."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from footpred_dagster.core.domain import (
    EXTRA_LEAGUES,
    LEAGUES,
    MAIN_LEAGUES,
    TOP_FIVE,
    Outcome,
    Season,
    kickoff_utc,
)


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


YEARS = [Season(2016), Season(2021, autumn=False), Season(2016, autumn=False), Season(2015, autumn=False)]


def test_calendar_year_seasons_sort_by_time_among_the_others_as_objects_and_as_text():
    """Argentina played 2016 from February to May and 2016/2017 from August."""
    assert [str(season) for season in sorted(YEARS)] == ["2015", "2016", "2016-17", "2021"]
    assert sorted(map(str, YEARS)) == [str(season) for season in sorted(YEARS)]


@pytest.mark.parametrize("season", YEARS)
def test_a_stored_season_reads_back_and_is_echoed_by_the_code_of_the_year_it_starts_in(season):
    assert Season.stored(str(season)) == season
    assert season.site_code == Season(season.start).site_code


def test_2021_is_a_calendar_year_where_stored_and_a_site_code_where_typed():
    assert Season.stored("2021") == Season(2021, autumn=False)
    assert Season.parse("2021") == Season(2020)


def test_a_calendar_year_season_is_complete_in_march_and_holds_what_was_postponed_until_then():
    season = Season(2020, autumn=False)
    assert season.end == datetime(2021, 3, 1, tzinfo=UTC)
    assert season.holds(date(2020, 1, 1))
    assert season.holds(date(2021, 2, 26))
    assert not season.holds(date(2019, 12, 31))
    assert not season.holds(date(2021, 4, 1))


def test_an_autumn_season_holds_july_to_august():
    assert [Season(2019).holds(day) for day in (date(2019, 6, 30), date(2019, 7, 1), date(2020, 8, 31))] == [
        *(False, True, True)
    ]


def test_a_league_that_changed_its_calendar_lists_what_it_played():
    seasons = [str(season) for season in EXTRA_LEAGUES["ARG"].seasons(date(2022, 1, 1))]
    assert seasons == [
        *("2012-13", "2013-14", "2014", "2015", "2016", "2016-17", "2017-18", "2018-19", "2019-20", "2021", "2022")
    ]
    assert [str(season) for season in EXTRA_LEAGUES["JPN"].seasons(date(2026, 12, 31))][-2:] == ["2025", "2026-27"]
    assert str(EXTRA_LEAGUES["AUT"].seasons(date(2026, 6, 30))[-1]) == "2025-26"
    assert [str(season) for season in EXTRA_LEAGUES["SWZ-2"].seasons(date(2026, 6, 30))] == ["2020-21"]


def test_a_league_has_every_season_it_lists_and_none_of_the_other_calendar():
    for league in LEAGUES.values():
        assert all(league.has(season) for season in league.seasons(date(2030, 12, 31)))
    assert not EXTRA_LEAGUES["BRA"].has(Season(2020))
    assert not EXTRA_LEAGUES["ARG"].has(Season(2020, autumn=False))
    assert MAIN_LEAGUES["E0"].has(Season(2040))


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


def test_sixteen_extra_files_hold_eighteen_competitions_and_no_main_country_has_one():
    assert len({league.file for league in EXTRA_LEAGUES.values()}) == 16
    assert [league.code for league in EXTRA_LEAGUES.values() if league.code != league.file] == ["ARG-COPA", "SWZ-2"]
    assert not {x.country for x in EXTRA_LEAGUES.values()} & {x.country for x in MAIN_LEAGUES.values()}
    assert {league.file for league in MAIN_LEAGUES.values()} == {None}


def test_tiers_of_a_country_have_no_gap():
    tiers: dict[str, list[int]] = {}
    for league in MAIN_LEAGUES.values():
        tiers.setdefault(league.country, []).append(league.tier)
    assert {country: sorted(found) for country, found in tiers.items()} == {
        country: list(range(1, len(found) + 1)) for country, found in tiers.items()
    }


def test_outcomes_are_ordinal_from_home_to_away():
    assert [Outcome.HOME, Outcome.DRAW, Outcome.AWAY] == [0, 1, 2]
