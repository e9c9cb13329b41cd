"""League tables in the warehouse: read results and adjustments, rank by the rules, write ``ratings.standings``.

Callers own the transaction.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import psycopg

from footpred_dagster.core.database import build_marks
from footpred_dagster.core.domain import Season
from footpred_dagster.core.domain.tables import Adjustment, Line, Result, table

MARK = "standings"
COLUMNS = (
    *("league", "season", "table_date", "team_id", "place", "played", "won", "drawn", "lost"),
    *("goals_for", "goals_against", "points_won", "points_adjustment", "points_halved", "points"),
    *("phase", "zone", "is_final"),
)
LeagueSeason = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Stated:
    """An adjustment stated by a user: the season's total of a club."""

    league: str
    season: str
    team_id: str
    points: int
    effective_on: date
    reason: str


def adjustments(
    connection: psycopg.Connection, before: datetime | None = None, only: LeagueSeason | None = None
) -> dict[LeagueSeason, list[Adjustment]]:
    """Adjustments by league and season that were in force before ``before``, by default now.

    One takes effect at the start (UTC) of its day.
    """
    rows = connection.execute(
        """
        select league, season, team_id, points, effective_on from intermediate.int_points_adjustments
        where effective_on::timestamp at time zone 'UTC' < %(before)s
            and (%(league)s::text is null or (league, season) = (%(league)s, %(season)s))
        order by effective_on, team_id
        """,
        {
            "before": before or datetime.now(UTC),
            "league": only[0] if only else None,
            "season": only[1] if only else None,
        },
    )
    found: dict[LeagueSeason, list[Adjustment]] = defaultdict(list)
    for league, season, team_id, points, effective_on in rows:
        found[league, season].append(Adjustment(team_id, points, effective_on))
    return dict(found)


def store_standings(connection: psycopg.Connection, code: str) -> int:
    """Bring ``ratings.standings`` up to date with results and adjustments; returns the rows written.

    ``code`` is the version of the code: with another one than last time every season is written. Otherwise seasons
    with changed results are, and those with adjustments, now or when last written.
    """
    build = build_marks.begin(connection, MARK, code)
    adjusted = adjustments(connection)
    affected = None if build.since is None else _changed(connection, build.building) | set(adjusted)
    if affected is not None:
        rows = connection.execute("select distinct league, season from ratings.standings where points_adjustment <> 0")
        affected |= set(rows.fetchall())
    written = _write(connection, affected, adjusted)
    build.done(connection)
    return written


def store_season(connection: psycopg.Connection, league: str, season: str) -> int:
    """The same for one season of a league, whatever changed; returns the rows written."""
    key = (league, season)
    return _write(connection, {key}, adjustments(connection, only=key))


def state_adjustment(connection: psycopg.Connection, stated: Stated) -> None:
    """Record the total of a club and season in place of an earlier statement. Changes no standings."""
    connection.execute(
        """
        insert into raw.stated_adjustments (league, season, team_id, points, effective_on, reason)
        values (%s, %s, %s, %s, %s, %s)
        on conflict (league, season, team_id) do update set
            points = excluded.points, effective_on = excluded.effective_on, reason = excluded.reason,
            stated_at = clock_timestamp()
        """,
        [stated.league, stated.season, stated.team_id, stated.points, stated.effective_on, stated.reason],
    )


def withdraw_adjustment(connection: psycopg.Connection, league: str, season: str, team_id: str) -> bool:
    """Forget what was stated of a club and season, if anything was. Changes no standings."""
    statement = "delete from raw.stated_adjustments where (league, season, team_id) = (%s, %s, %s)"
    return connection.execute(statement, [league, season, team_id]).rowcount > 0


def _changed(connection: psycopg.Connection, building: int) -> set[LeagueSeason]:
    rows = connection.execute(
        """
        select distinct league, season from intermediate.int_changes
        where change_id <= %s
            and change_id > coalesce((select change_id from intermediate.build_marks where model = %s), 0)
        """,
        [building, MARK],
    )
    return set(rows.fetchall())


def _write(
    connection: psycopg.Connection,
    only: set[LeagueSeason] | None,
    adjusted: Mapping[LeagueSeason, Sequence[Adjustment]],
) -> int:
    """Replace the lines of the seasons ``only``, or of all of them where it is None."""
    found = _results(connection, only)
    newest: dict[str, str] = dict(
        connection.execute(
            "select league, max(season) from intermediate.int_matches where status in ('played', 'awarded') "
            "group by league"
        ).fetchall()
    )
    if only is None:
        connection.execute("delete from ratings.standings")
    else:
        with connection.cursor() as cursor:
            cursor.executemany("delete from ratings.standings where league = %s and season = %s", sorted(only))
    written = 0
    with (
        connection.cursor() as cursor,
        cursor.copy(f"copy ratings.standings ({', '.join(COLUMNS)}) from stdin") as copy,
    ):
        for (league, season), results in found.items():
            lines = table(league, Season.stored(season), results, adjusted.get((league, season), ()))
            last = max(one.day for one in results)
            for line in lines:
                copy.write_row(_row(league, season, last, line, is_final=season < newest[league]))
                written += 1
    return written


def _row(league: str, season: str, day: date, line: Line, *, is_final: bool) -> Sequence[object]:
    return (
        *(league, season, day, line.club, line.place, line.played, line.won, line.drawn, line.lost),
        *(line.goals_for, line.goals_against, line.points_won, line.adjustment, line.halved, line.points),
        *(line.group, line.zone, is_final),
    )


def _results(connection: psycopg.Connection, only: set[LeagueSeason] | None) -> dict[LeagueSeason, list[Result]]:
    keys = sorted(only) if only is not None else []
    rows = connection.execute(
        """
        select league, season, match_date, home_id, away_id, home_goals, away_goals from intermediate.int_matches
        where status in ('played', 'awarded') and (%(all)s or (league, season) in (
            select * from unnest(%(leagues)s::text[], %(seasons)s::text[])
        ))
        """,
        {"all": only is None, "leagues": [key[0] for key in keys], "seasons": [key[1] for key in keys]},
    )
    found: dict[LeagueSeason, list[Result]] = defaultdict(list)
    for league, season, *values in rows:
        found[league, season].append(Result(*values))
    return dict(found)
