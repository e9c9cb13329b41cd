"""As of when the policy decided last: which runs are about the past, and as of when the present is shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg

from footpred_dagster.core.matches.data_origin import simulated

POLICY = "policy"
"""The actor of the policy's own decisions."""
MOST_AHEAD = timedelta(minutes=10)
"""A clock may be wrong by so much."""


class StillToCome(ValueError):
    """An as_of of which nothing is known yet."""


def refuse_future(connection: psycopg.Connection, as_of: datetime) -> None:
    """Raise StillToCome for an ``as_of`` that is still to come, unless football is made up here anyway."""
    if as_of > datetime.now(UTC) + MOST_AHEAD and not simulated(connection):
        raise StillToCome(f"{as_of:%Y-%m-%d %H:%M} UTC is still to come: nothing is known as of then")


def newest_decision(connection: psycopg.Connection) -> datetime | None:
    """The latest as_of the policy decided under.

    Decisions by hand are as of the moment, whatever the clock of the runs; those of a simulated run in the future do
    not count.
    """
    row = connection.execute(
        """
        select max(as_of) from models.decisions
        where actor = %s and as_of <= clock_timestamp() + interval '10 minutes'
        """,
        [POLICY],
    ).fetchone()
    return row[0] if row else None


def is_about_the_past(connection: psycopg.Connection, as_of: datetime) -> bool:
    """Whether a run as of then is about the past: it promotes nobody and changes nothing that is served or shown."""
    newest = newest_decision(connection)
    return newest is not None and as_of < newest


def shown_as_of(connection: psycopg.Connection, as_of: datetime) -> datetime:
    """As of when a run computes what is shown of the present: for one about the past, as of the newest decision."""
    newest = newest_decision(connection)
    return as_of if newest is None else max(as_of, newest)
