"""Seasons of a league that a check holds back: they wait in the raw tables, and every other league goes on.

A check, or the resolution of names, writes what it found to ``raw.held_seasons``; ``apply`` brings the decision into
the intermediate layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import psycopg


@dataclass(frozen=True, slots=True)
class HeldSeason:
    """A season that ``check`` holds back, and why."""

    league: str
    season: str
    check: str
    why: str
    held_at: datetime


def hold_back(connection: psycopg.Connection, check: str, partitions: Mapping[str, str]) -> None:
    """Replace what ``check`` holds back by ``partitions`` (``E0|2024-25``), each with the reason.

    In the caller's transaction; the resolution of names after it takes it over.
    """
    connection.execute("delete from raw.held_seasons where check_name = %s", [check])
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into raw.held_seasons (check_name, league, season, why) values (%s, %s, %s, %s)",
            [(check, *key.split("|"), why) for key, why in partitions.items()],
        )


def held_seasons(connection: psycopg.Connection) -> list[HeldSeason]:
    rows = connection.execute("""
        select league, season, check_name, why, held_at from raw.held_seasons order by season desc, league, check_name
    """).fetchall()
    return [HeldSeason(*row) for row in rows]


def held_version(connection: psycopg.Connection) -> str:
    """Which seasons are held back, as short text."""
    rows = connection.execute("select distinct league || '|' || season from raw.held_seasons order by 1").fetchall()
    return ", ".join(key for (key,) in rows) or "no season held back"


def apply(connection: psycopg.Connection) -> int:
    """Take over which seasons are held back; returns how many are no longer or newly so.

    Their clubs are noted in ``raw.changes`` so that incremental tables drop or build their matches.
    """
    changed = connection.execute("""
        with wanted as (select distinct league, season from raw.held_seasons)
        select league, season from wanted full join intermediate.held_seasons as applied using (league, season)
        where wanted.league is null or applied.league is null
    """).fetchall()
    if not changed:
        return 0
    connection.execute("delete from intermediate.held_seasons")
    connection.execute("""
        insert into intermediate.held_seasons select distinct league, season from raw.held_seasons
    """)
    connection.execute("select pg_advisory_xact_lock(hashtext('raw.changes'))")
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into raw.changes (league, season, club, from_date)
            select league, season, club, min(match_date)
            from raw.matches cross join lateral (values (home), (away)) as sides (club)
            where league = %s and season = %s group by league, season, club
            """,
            changed,
        )
    return len(changed)
