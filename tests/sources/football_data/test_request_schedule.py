"""A season of a site that publishes twice a week: how often it is asked, and how soon a new file is fetched."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta

import pytest

from footpred_dagster.core.domain import SITE_ZONE, Season
from footpred_dagster.sources.fetching.fetch import Target
from footpred_dagster.sources.football_data.load import FIXTURES, results_target
from footpred_dagster.sources.football_data.request_schedule import (
    TICK,
    FileState,
    due_for_request,
    file_states,
    is_update_night,
)

MATCHES_OF = 39
"""Files followed: 22 main divisions, 16 extra leagues and the fixtures."""
PUBLISHED_AT = {6: time(23, 10), 2: time(23, 10), 5: time(22)}
"""By weekday, London time; on Saturdays some files only."""


@pytest.mark.parametrize(
    ("instant", "night"),
    [
        ("2026-11-29T17:59", False),
        ("2026-11-29T18:00", True),  # a Sunday
        ("2026-11-30T05:59", True),
        ("2026-11-30T06:00", False),
        ("2026-12-02T23:30", True),  # a Wednesday
        ("2026-12-03T02:00", True),
        ("2026-12-04T22:00", False),
        ("2026-07-05T17:30", True),  # 18:30 in London
    ],
)
def test_update_nights_are_london_s_sunday_and_wednesday(instant: str, night: bool) -> None:
    assert is_update_night(datetime.fromisoformat(instant).replace(tzinfo=UTC)) == night


def matchdays(league: int) -> list[date]:
    """Days on which a made-up league plays: weekends from August to May, each third league on Wednesdays as well."""
    days, day = [], date(2025, 8, 9) + timedelta(days=league % 2)
    while day < date(2026, 5, 24):
        days.append(day)
        if league % 3 == 0 and day.day % 2:
            days.append(day + timedelta(days=3 + league % 2))
        day += timedelta(days=7)
    return sorted(days)


class Year:
    """39 files of a site that publishes on Sundays and Wednesdays at 23:10, and some on Saturdays at 22:00."""

    def __init__(self) -> None:
        self.targets = [Target(f"L{number}|2025-26", f"L{number}.csv") for number in range(MATCHES_OF - 1)] + [FIXTURES]
        self.played = {target.path: matchdays(number) for number, target in enumerate(self.targets[:-1])}
        self.requested: dict[str, datetime] = {}
        self.newest = {path: days[0] - timedelta(days=80) for path, days in self.played.items()}
        self.requests = 0
        self.delays: dict[bool, list[timedelta]] = defaultdict(list)

    def published(self, path: str, now: datetime) -> tuple[date, datetime] | None:
        """The newest result in the file as it is now, and when it was published."""
        for back in range(8):
            day = (now - timedelta(days=back)).date()
            clock = PUBLISHED_AT.get(day.weekday())
            if clock is None or (day.weekday() == 5 and not path.endswith("8.csv")):
                continue
            at = datetime.combine(day, clock, SITE_ZONE)
            if at <= now and (place := bisect_right(self.played[path], day)):
                return self.played[path][place - 1], at
        return None

    def state(self, target: Target, now: datetime) -> FileState:
        """As ``file_states`` would have it from the tables."""
        requested = self.requested.get(target.path)
        if target == FIXTURES:
            return FileState(target, requested, True, True)
        over = (now.astimezone(SITE_ZONE) - timedelta(hours=17)).date()
        days, newest = self.played[target.path], self.newest[target.path]
        last = bisect_right(days, over)
        news = last > bisect_right(days, max(newest, over - timedelta(days=10)))
        near = bisect_right(days, over + timedelta(days=7)) > bisect_left(days, over - timedelta(days=7))
        return FileState(target, requested, news, near)

    def tick(self, now: datetime) -> None:
        for target in due_for_request([self.state(target, now) for target in self.targets], now):
            self.requests += 1
            before = self.requested.get(target.path)
            self.requested[target.path] = now
            if target == FIXTURES or before is None or not (answer := self.published(target.path, now)):
                continue
            newest, at = answer
            if newest > self.newest[target.path]:
                self.newest[target.path] = newest
                self.delays[is_update_night(at)].append(now - at)


def test_a_season_costs_few_requests_and_a_new_file_is_fetched_soon() -> None:
    year, now, days = Year(), datetime(2025, 8, 1, tzinfo=UTC), 91
    for _ in range(days * 96):
        year.tick(now)
        now += TICK
    assert year.requests / days <= 200
    assert len(year.delays[True]) > 300
    assert max(year.delays[True]) <= timedelta(minutes=60)
    assert len(year.delays[False]) > 20
    assert max(year.delays[False]) <= timedelta(hours=6)


SEASON, BEFORE = Season(2025), Season(2024)
E0 = results_target("E0", SEASON)


def store(connection, season: Season, days: list[date]) -> None:
    connection.cursor().executemany(
        "insert into raw.matches (partition_key, league, season, line, match_date, home, away, home_goals, away_goals) "
        "values (%s, 'E0', %s, %s, %s, %s, %s, 1, 0)",
        [(f"E0|{season}", str(season), line, day, f"H{line}", f"A{line}") for line, day in enumerate(days)],
    )


@pytest.fixture
def played(warehouse):
    """The league played on Saturdays of this and last season, this one up to 1 November 2025."""
    saturdays = [date(2024, 8, 17) + timedelta(days=7 * week) for week in range(40)]
    store(warehouse, BEFORE, saturdays)
    store(warehouse, SEASON, [day + timedelta(days=364) for day in saturdays if day <= date(2024, 11, 2)])
    warehouse.execute(
        "insert into raw.fetches (source, path, url, status, seconds, fetched_at) "
        "values ('site', %s, 'u', 200, 0, '2025-11-02T23:30Z')",
        [E0.path],
    )
    return warehouse


@pytest.mark.parametrize(
    ("instant", "changed", "due"),
    [
        ("2025-11-05T20:00", False, True),  # nothing played since, asked once a day
        ("2025-11-03T12:00", False, False),
        ("2025-11-08T16:00", False, True),  # Saturday, not over yet
        ("2025-11-08T18:00", True, True),
        ("2025-11-12T23:00", True, True),
        ("2026-02-14T12:00", True, True),
    ],
)
def test_a_file_can_have_changed_once_its_league_played_again(played, instant: str, changed: bool, due: bool) -> None:
    now = datetime.fromisoformat(instant).replace(tzinfo=UTC)
    (state,) = file_states(played, [E0], now)
    assert state.can_have_changed == changed
    assert bool(due_for_request([state], now)) == due


def test_a_listed_match_counts_from_two_hours_after_kickoff(played) -> None:
    played.execute(
        "insert into raw.fixtures (line, league, match_date, kickoff_time, home, away) "
        "values (1, 'E0', '2025-11-04', '20:00', 'A', 'B')"
    )
    before, after = (datetime(2025, 11, 4, hour, 1, tzinfo=UTC) for hour in (21, 22))
    assert [file_states(played, [E0], now)[0].can_have_changed for now in (before, after)] == [False, True]


def test_summer_is_off_season_and_what_was_never_requested_is_due(played) -> None:
    july = datetime(2025, 7, 5, 12, tzinfo=UTC)
    (state,) = file_states(played, [E0], july)
    assert (state.can_have_changed, state.in_season) == (False, False)
    new = results_target("E0", Season(2026))
    assert due_for_request(file_states(played, [new], july), july) == [new]
    fixtures, _ = file_states(played, [FIXTURES, E0], july)
    assert (fixtures.can_have_changed, fixtures.requested_at) == (True, None)


def test_partitions_of_one_file_are_due_together() -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    states = [
        FileState(Target("ARG|2026", "new/ARG.csv"), now - timedelta(hours=7), True, True),
        FileState(Target("ARG-COPA|2026", "new/ARG.csv"), now - timedelta(hours=7), False, True),
    ]
    assert [target.partition_key for target in due_for_request(states, now)] == ["ARG|2026", "ARG-COPA|2026"]
