"""What ``footpred table`` does, and how it is shown."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import click
import psycopg
from psycopg.rows import dict_row
from rich.table import Table

from footpred_dagster.cli.output import console, plain, safe
from footpred_dagster.core.clubs.names import clubs_of, find_club
from footpred_dagster.core.database.connection import connect_migrated
from footpred_dagster.core.domain import LEAGUES, Season
from footpred_dagster.core.matches.league_tables import Stated, state_adjustment, store_season, withdraw_adjustment

_TABLE = """
    select position, team_id, team_name, played, won, drawn, lost, goals_for, goals_against, points, points_adjustment,
        points_halved, phase, zone
    from marts.fct_league_tables where league = %s and season = %s order by position, team_name
"""
_ADJUSTMENTS = """
    select team_id, team_name, points, effective_on::text as effective_on, reason, source
    from marts.fct_points_adjustments where league = %s and season = %s order by effective_on, team_id
"""


EARLIEST, LATEST = timedelta(days=31), timedelta(days=92)
"""Rulings count from so long before a season's first day, to so long after its end."""


def adjust(league: str, season: str, club: str, points: int, day: date, because: str) -> dict[str, Any]:
    """Record the adjustment and bring that season's standings up to date; raises UnknownClub, click.UsageError."""
    running = Season.stored(season)
    if not running.first_day - EARLIEST <= day <= running.end.date() + LATEST:
        raise click.UsageError(f"{day} is no day of season {season}, nor of the summers around it")
    with connect_migrated() as connection:
        team_id = _club_of(connection, league, season, club)
        state_adjustment(connection, Stated(league, season, team_id, points, day, because))
        lines = _follow(connection, league, season)
    return {
        "league": league,
        "season": season,
        "team_id": team_id,
        "points": points,
        "effective_on": day.isoformat(),
        "because": because,
        "lines": lines,
    }


def withdraw(league: str, season: str, club: str) -> dict[str, Any]:
    """Withdraw what was stated of a club and season; raises UnknownClub, click.UsageError where nothing was."""
    with connect_migrated() as connection:
        team_id = find_club(connection, league, season, club)
        if not withdraw_adjustment(connection, league, season, team_id):
            raise click.UsageError(f"nothing is stated of {team_id} in {league} {season}")
        _follow(connection, league, season)
    return {"league": league, "season": season, "team_id": team_id, "withdrawn": True}


def _club_of(connection: psycopg.Connection, league: str, season: str, club: str) -> str:
    """The club's id; raises click.UsageError where it is known not to play there.

    Clubs may begin a season with a deduction, before anything of it is loaded.
    """
    team_id = find_club(connection, league, season, club)
    clubs = clubs_of(connection, league, season)
    elsewhere = [
        code
        for code, other in LEAGUES.items()
        if other.country == LEAGUES[league].country and code != league and team_id in clubs_of(connection, code, season)
    ]
    over = Season.stored(season).end <= datetime.now(UTC)
    if team_id not in clubs and elsewhere:
        raise click.UsageError(f"{team_id} plays in {', '.join(elsewhere)} in {season}, not in {league}")
    if over and not clubs:
        raise click.UsageError(f"nothing of {league} {season} is loaded: footpred run loads it")
    if over and team_id not in clubs:
        raise click.UsageError(f"{team_id} did not play in {league} {season}")
    return team_id


def _follow(connection: psycopg.Connection, league: str, season: str) -> int:
    """Bring the standings up to date; lines written, none where nothing is built yet."""
    built = connection.execute("select to_regclass('intermediate.int_points_adjustments') is not null").fetchone()
    return store_season(connection, league, season) if built == (True,) else 0


def print_adjusted(done: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(done))
        return
    click.echo(
        f"{done['team_id']}, {done['league']} {done['season']}: {done['points']:+} points from {done['effective_on']}"
    )
    click.echo("the table counts it" if done["lines"] else "the table counts it once results are loaded")


def show(league: str, season: str | None) -> dict[str, Any] | None:
    """The table of a season, by default the newest, with its adjustments; None when nothing of it is loaded."""
    with connect_migrated() as connection, connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute("select to_regclass('marts.fct_points_adjustments') is not null as built")
        if cursor.fetchone() != {"built": True}:
            return None
        newest = cursor.execute("select max(season) as season from ratings.standings where league = %s", [league])
        season = season or (newest.fetchone() or {}).get("season")
        rows = cursor.execute(_TABLE, [league, season]).fetchall()
        adjustments = cursor.execute(_ADJUSTMENTS, [league, season]).fetchall()
    return {"league": league, "season": season, "table": rows, "adjustments": adjustments} if rows else None


def print_table(found: dict[str, Any]) -> None:
    table = Table(title=f"{LEAGUES[found['league']].name} {found['season']}")
    for name in ("#", "club", "P", "W", "D", "L", "goals", "points", "zone"):
        table.add_column(name, justify="left" if name in {"club", "zone"} else "right")
    for row in found["table"]:
        goals, points = (
            f"{row['goals_for']}:{row['goals_against']}",
            f"{row['points']}{'*' * bool(row['points_adjustment'])}",
        )
        counts = (row[name] for name in ("played", "won", "drawn", "lost"))
        table.add_row(*plain(row["position"], row["team_name"], *counts, goals, points, row["zone"] or ""))
    out = console()
    out.print(table)
    for row in found["adjustments"]:
        ruling = f"* {row['team_name']} {row['points']:+} from {row['effective_on']}: {row['reason']}"
        out.print(safe(ruling), highlight=False, markup=False)
