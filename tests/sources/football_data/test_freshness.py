"""When old data is called old: since the source last answered, and since leagues that should be playing did."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.clients.base import results_path
from footpred_dagster.sources.football_data.freshness import fixtures_age, results_age

NOW = datetime.now(UTC)
WINTER = datetime(2024, 11, 20, 12, tzinfo=UTC)
SEASONS = (Season(2023), Season(2024))


def ask(warehouse, path: str, *, days_ago: float = 0) -> None:
    warehouse.execute(
        "insert into raw.fetches (source, path, url, status, seconds, fetched_at) values ('s', %s, 'u', 200, 0, %s)",
        [path, NOW - timedelta(days=days_ago)],
    )


def play(warehouse, league: str, season: Season, first: date, last: date) -> None:
    """A match a week."""
    for line in range((last - first).days // 7 + 1):
        warehouse.execute(
            """
            insert into raw.matches
                (partition_key, league, season, line, match_date, home, away, home_goals, away_goals)
            values (%s, %s, %s, %s, %s, 'a', 'b', 1, 0)
            """,
            [f"{league}|{season}", league, str(season), line, first + timedelta(weeks=line)],
        )


def two_seasons(warehouse, league: str, until: date) -> None:
    for season in SEASONS:
        ask(warehouse, results_path(league, season))
        last = min(date(season.start + 1, 5, 20), until)
        play(warehouse, league, season, date(season.start, 8, 10), last)


def test_a_league_in_full_swing_is_fresh(warehouse):
    two_seasons(warehouse, "E0", WINTER.date())
    age = results_age(warehouse, WINTER)
    assert (age.expected, age.silent, age.stale(NOW)) == (1, [], False)
    assert WINTER.date() - age.newest < timedelta(days=8)


def test_a_source_that_stopped_in_mid_season_is_stale(warehouse):
    two_seasons(warehouse, "E0", date(2024, 10, 20))
    age = results_age(warehouse, WINTER)
    assert [(one.league, one.newest) for one in age.silent] == [("E0", date(2024, 10, 19))]
    assert age.stale(NOW)


def test_one_silent_league_of_three_is_told_and_no_alarm(warehouse):
    for league, until in (("E0", date(2024, 10, 20)), ("D1", WINTER.date()), ("I1", WINTER.date())):
        two_seasons(warehouse, league, until)
    age = results_age(warehouse, WINTER)
    assert (age.expected, [one.league for one in age.silent], age.stale(NOW)) == (3, ["E0"], False)


@pytest.mark.parametrize(
    "clock", [datetime(2025, 7, 1, tzinfo=UTC), datetime(2024, 8, 20, tzinfo=UTC), datetime(2023, 10, 1, tzinfo=UTC)]
)
def test_summer_the_first_weeks_and_a_past_clock_are_no_silence(warehouse, clock):
    two_seasons(warehouse, "E0", date(2025, 5, 20))
    assert not results_age(warehouse, clock).stale(NOW)


def test_old_files_read_today_are_history_and_not_stale(warehouse):
    """A folder of seasons long over: nobody expects it to play."""
    two_seasons(warehouse, "E0", date(2025, 5, 20))
    age = results_age(warehouse, NOW)
    assert (age.expected, age.stale(NOW)) == (0, False)


def test_a_season_nobody_asked_for_is_nobodys_lack(warehouse):
    ask(warehouse, results_path("E0", SEASONS[0]))
    play(warehouse, "E0", SEASONS[0], date(2023, 8, 10), date(2024, 5, 20))
    assert results_age(warehouse, WINTER).expected == 0
    # Asked for and not published: it should be playing.
    ask(warehouse, results_path("E0", SEASONS[1]))
    assert results_age(warehouse, WINTER).stale(NOW)


@pytest.mark.parametrize(("days", "stale"), [(6.9, False), (7.1, True)])
def test_a_source_that_has_not_answered_for_a_week_is_stale(warehouse, days, stale):
    ask(warehouse, results_path("E0", SEASONS[1]), days_ago=days)
    ask(warehouse, "fixtures.csv", days_ago=days)
    assert results_age(warehouse, WINTER).stale(NOW) == stale
    assert fixtures_age(warehouse).stale(NOW, WINTER) == stale


@pytest.mark.parametrize(("behind", "stale"), [(-3, False), (4, False), (5, True)])
def test_fixtures_all_over_days_ago_are_stale(warehouse, behind, stale):
    ask(warehouse, "fixtures.csv")
    warehouse.execute(
        "insert into raw.fixtures (line, league, match_date, home, away) values (2, 'E0', %s, 'a', 'b')",
        [WINTER.date() - timedelta(days=behind)],
    )
    assert fixtures_age(warehouse).stale(NOW, WINTER) == stale


def test_an_empty_list_off_season_is_fine_and_a_silent_source_is_not(warehouse):
    assert fixtures_age(warehouse).stale(NOW, WINTER)
    ask(warehouse, "fixtures.csv")
    assert not fixtures_age(warehouse).stale(NOW, WINTER)
