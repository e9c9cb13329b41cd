"""How old what we hold is: since the source last answered, and since leagues that should be playing last did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import psycopg

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.clients.base import FIXTURES_PATH

ANSWER_WITHIN = timedelta(days=7)
"""The site is updated about twice a week."""
PLAYS_WITHIN = 21
"""Days. International breaks take two weeks."""
LISTED_WITHIN = timedelta(days=4)
"""fixtures.csv may be played out between two updates, not longer."""
A_YEAR = 364
"""Days: the same weekdays of the year before."""


@dataclass(frozen=True, slots=True)
class Silent:
    """A league without a result for ``PLAYS_WITHIN`` days that played all through the same weeks a year before."""

    league: str
    newest: date


@dataclass(frozen=True, slots=True)
class ResultsAge:
    """answered: when the source last answered for a results file. expected: leagues that should be playing."""

    answered: datetime | None
    newest: date | None
    expected: int
    silent: list[Silent]

    def stale(self, now: datetime) -> bool:
        """The source has not answered for a week, or more than half of the leagues that should play do not."""
        return self.answered is None or now - self.answered > ANSWER_WITHIN or 2 * len(self.silent) > self.expected


@dataclass(frozen=True, slots=True)
class FixturesAge:
    """answered: when the source last answered for fixtures.csv. last: the latest date listed in it."""

    answered: datetime | None
    listed: int
    last: date | None

    def stale(self, now: datetime, clock: datetime) -> bool:
        """The source has not answered for a week, or everything listed was over days before ``clock``."""
        over = self.last is not None and clock.date() - self.last > LISTED_WITHIN
        return self.answered is None or now - self.answered > ANSWER_WITHIN or over


def results_age(connection: psycopg.Connection, clock: datetime) -> ResultsAge:
    """As of ``clock``, so that old data read with a past clock is not called old.

    A league should be playing when it did a year before, in the first and in the last of the three weeks, and the
    source was asked for the season ``clock`` is in: seasons nobody asked for are nobody's lack.
    """
    today = clock.date()
    answered, newest = connection.execute(
        """
        select (select max(fetched_at) from raw.fetches where path <> %s), max(match_date)
        from raw.matches where home_goals is not null and match_date < %s
        """,
        [FIXTURES_PATH, today],
    ).fetchone() or (None, None)
    leagues = connection.execute(
        """
        select
            league,
            max(match_date) as newest,
            bool_or(match_date >= %(today)s - %(within)s) as plays
        from raw.matches
        where home_goals is not null and match_date < %(today)s and exists (
            select from raw.fetches
            where path in (
                'mmz4281/' || %(season)s || '/' || league || '.csv', 'new/' || split_part(league, '-', 1) || '.csv'
            )
        )
        group by league
        having
            bool_or(match_date - (%(today)s - %(year)s - %(within)s) between 0 and 6)
            and bool_or((%(today)s - %(year)s) - match_date between 1 and 7)
        order by league
        """,
        {"today": today, "within": PLAYS_WITHIN, "year": A_YEAR, "season": Season.containing(today).site_code},
    ).fetchall()
    silent = [Silent(league, last) for league, last, plays in leagues if not plays]
    return ResultsAge(answered, newest, len(leagues), silent)


def fixtures_age(connection: psycopg.Connection) -> FixturesAge:
    row = connection.execute(
        """
        select (select max(fetched_at) from raw.fetches where path = %s), count(*), max(match_date) from raw.fixtures
        """,
        [FIXTURES_PATH],
    ).fetchone() or (None, 0, None)
    return FixturesAge(*row)
