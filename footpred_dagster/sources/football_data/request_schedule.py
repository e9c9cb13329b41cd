"""Which files of somebody else's server are worth a request now.

football-data.co.uk publishes about twice a week, on Sunday and Wednesday nights. A results file can have changed once a
match was played after its newest result: one listed in ``fixtures.csv``, or one where the league played a year before.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

import psycopg

from footpred_dagster.core.domain import SITE_ZONE
from footpred_dagster.sources.fetching.fetch import Target
from footpred_dagster.sources.football_data.load import FIXTURES

UPDATE_NIGHTS = frozenset({2, 6})
"""Weekdays on whose evening an update night starts: Wednesday and Sunday."""
NIGHT = (time(18), time(6))
"""Start and end of an update night, London time."""

TICK = timedelta(minutes=15)
"""How often the sensor asks this module; a request is late by that at most."""
ON_UPDATE_NIGHTS = timedelta(minutes=60) - TICK
OTHERWISE = timedelta(hours=6) - TICK
NOTHING_PLAYED = timedelta(hours=24) - TICK
OFF_SEASON = timedelta(days=7) - TICK

PLAYED_AFTER = timedelta(hours=2)
"""From kickoff until a result can be published."""
EVENING = timedelta(hours=17)
"""Matches of a day without known kickoffs are over by 17:00 London time."""
RECENT = timedelta(days=10)
"""A league without a result for longer pauses, whatever it did a year before."""
CLOCKS_DIFFER = timedelta(minutes=5)
"""Between this machine and its database."""
A_YEAR = timedelta(days=364)
"""The same weekdays of the year before."""


@dataclass(frozen=True, slots=True)
class FileState:
    """What decides about a file. requested_at: None if never.

    can_have_changed: matches were played since its newest result. in_season: its league plays within a week of now.
    """

    target: Target
    requested_at: datetime | None
    can_have_changed: bool
    in_season: bool


def is_update_night(now: datetime) -> bool:
    """Whether the site usually publishes at this hour."""
    local = now.astimezone(SITE_ZONE)
    start, end = NIGHT
    if local.time() >= start:
        return local.weekday() in UPDATE_NIGHTS
    return local.time() < end and (local - timedelta(days=1)).weekday() in UPDATE_NIGHTS


def interval(state: FileState, now: datetime) -> timedelta:
    """How long a file is left alone after a request."""
    if state.can_have_changed:
        return ON_UPDATE_NIGHTS if is_update_night(now) else OTHERWISE
    return NOTHING_PLAYED if state.in_season else OFF_SEASON


def due_for_request(states: Iterable[FileState], now: datetime) -> list[Target]:
    """The targets to request; partitions that share a file are due together."""
    states = list(states)
    due = {
        state.target.path
        for state in states
        if state.requested_at is None or now - state.requested_at >= interval(state, now)
    }
    return [state.target for state in states if state.target.path in due]


def file_states(connection: psycopg.Connection, targets: Iterable[Target], now: datetime) -> list[FileState]:
    """The state of each target as of ``now``; the list of fixtures can always have changed."""
    targets = list(targets)
    leagues = {target.partition_key.partition("|")[0] for target in targets}
    requested: dict[str, datetime] = dict(
        connection.execute(
            # What was requested without an answer is left alone as well; a clock that was wrong does not count.
            """
            select path, max(at) from (
                select path, fetched_at as at from raw.fetches union all select path, failed_at from raw.fetch_failures
            ) as requests
            where path = any(%s) and at <= %s group by path
            """,
            [[target.path for target in targets], now + CLOCKS_DIFFER],
        ).fetchall()
    )
    local = now.astimezone(SITE_ZONE)
    rows = connection.execute(
        """
        with newest as (
            select league, max(match_date) as match_date from raw.matches
            where league = any(%(leagues)s) and home_goals is not null and match_date <= %(today)s
            group by league
        ),
        usual as (
            select league, match_date + %(year)s as match_date from raw.matches
            where league = any(%(leagues)s)
                and match_date between %(today)s - %(year)s - 10 and %(today)s - %(year)s + 10
        ),
        listed as (
            select
                league,
                match_date,
                ((match_date + coalesce(kickoff_time, time '15:00')) at time zone 'Europe/London') as kickoff
            from raw.fixtures where league = any(%(leagues)s)
        )
        select
            newest.league,
            exists (
                select from usual where usual.league = newest.league
                    and usual.match_date > greatest(newest.match_date, %(today)s - %(recent)s)
                    and usual.match_date <= %(over)s
            ) or exists (
                select from listed where listed.league = newest.league
                    and listed.match_date > newest.match_date and listed.kickoff <= %(kicked_off)s
            ) as can_have_changed,
            newest.match_date >= %(today)s - 7
            or exists (select from usual where usual.league = newest.league
                and usual.match_date between %(today)s - 7 and %(today)s + 7)
            or exists (select from listed where listed.league = newest.league) as in_season
        from newest
        """,
        {
            "leagues": list(leagues),
            "today": local.date(),
            "year": A_YEAR.days,
            "recent": RECENT.days,
            "over": (local - EVENING).date(),
            "kicked_off": now.astimezone(UTC) - PLAYED_AFTER,
        },
    ).fetchall()
    known = {league: (changed, plays) for league, changed, plays in rows}

    def state(target: Target) -> FileState:
        league = target.partition_key.partition("|")[0]
        changed, plays = (True, True) if target == FIXTURES else known.get(league, (True, True))
        return FileState(target, requested.get(target.path), changed, plays)

    return [state(target) for target in targets]
