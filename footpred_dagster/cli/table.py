"""``footpred table``: league tables, and points that a ruling gave or took."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import click
import psycopg
from psycopg.rows import dict_row
from rich.table import Table

from footpred_dagster.cli.options import because_option, day_of, league_code, parsed, season_stored
from footpred_dagster.cli.output import console, plain, safe
from footpred_dagster.cli.session import Reading, Session, with_session
from footpred_dagster.core.clubs.names import UnknownClub, clubs_of, find_club
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
MOST_POINTS = 99


def parse_points(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d{1,2}", text, re.ASCII):
        raise ValueError(f"{text!r} is no number of points: write -10, from -{MOST_POINTS} to {MOST_POINTS}")
    return int(text)


@click.group()
def table() -> None:
    """League tables by the rules of each season, and points that a ruling gave or took."""


# A deduction is a negative number, not an option.
@table.command(context_settings={"ignore_unknown_options": True})
@click.argument("league", callback=league_code, is_eager=True)
@click.argument("season", callback=season_stored)
@click.argument("club")
@click.argument("points", callback=parsed(parse_points))
@click.option("--on", "day", required=True, callback=day_of, help="The day it takes effect: 2024-04-08.")
@because_option("Why; shown beside the table.")
@with_session
def adjust(session: Session, league: str, season: str, club: str, points: int, day: date, because: str) -> None:
    """State the POINTS of a season that rulings gave CLUB or took from it; a deduction is negative.

    It is the season's total of that club: it replaces what footpred lists itself and what was stated before. CLUB is
    its id or a spelling of its name.
    """
    running = Season.stored(season)
    if not running.first_day - EARLIEST <= day <= running.end.date() + LATEST:
        raise click.UsageError(f"{day} is no day of season {season}, nor of the summers around it")
    with session.connect() as connection, _unknown_club_explained():
        team_id = _club_of(connection, league, season, club)
        state_adjustment(connection, Stated(league, season, team_id, points, day, because))
        lines = _update_standings(connection, league, season)
    facts = {
        "league": league,
        "season": season,
        "team_id": team_id,
        "points": points,
        "effective_on": day.isoformat(),
        "because": because,
        "lines": lines,
    }
    counts = "the table counts it" if lines else "the table counts it once results are loaded"
    session.tell(facts, f"{team_id}, {league} {season}: {points:+} points from {day}\n{counts}")


@table.command()
@click.argument("league", callback=league_code, is_eager=True)
@click.argument("season", callback=season_stored)
@click.argument("club")
@with_session
def withdraw(session: Session, league: str, season: str, club: str) -> None:
    """Withdraw what was stated of CLUB; what footpred lists itself counts again."""
    with session.connect() as connection, _unknown_club_explained():
        team_id = find_club(connection, league, season, club)
        if not withdraw_adjustment(connection, league, season, team_id):
            raise click.UsageError(f"nothing is stated of {team_id} in {league} {season}")
        _update_standings(connection, league, season)
    facts = {"league": league, "season": season, "team_id": team_id, "withdrawn": True}
    session.tell(facts, f"nothing is stated of {team_id} any more")


@table.command(cls=Reading)
@click.argument("league", callback=league_code, is_eager=True)
@click.argument("season", callback=season_stored, required=False)
@with_session
def show(session: Session, league: str, season: str | None) -> None:
    """Show the table of a league: of SEASON, else of its newest season."""
    with session.connect() as connection:
        found = _read(connection, league, season)
    if found is None:
        raise click.ClickException(f"no results of {league} {season or ''}".rstrip() + " are loaded: footpred run")
    session.tell(found, lambda: _print_table(found))


@contextmanager
def _unknown_club_explained() -> Iterator[None]:
    try:
        yield
    except UnknownClub as error:
        raise click.BadParameter(str(error), param_hint="CLUB") from error


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


def _update_standings(connection: psycopg.Connection, league: str, season: str) -> int:
    """Bring the standings up to date; lines written, none where nothing is built yet."""
    built = connection.execute("select to_regclass('intermediate.int_points_adjustments') is not null").fetchone()
    return store_season(connection, league, season) if built == (True,) else 0


def _read(connection: psycopg.Connection, league: str, season: str | None) -> dict[str, Any] | None:
    """The table of a season, by default the newest, with its adjustments; None when nothing of it is loaded."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute("select to_regclass('marts.fct_points_adjustments') is not null as built")
        if cursor.fetchone() != {"built": True}:
            return None
        newest = cursor.execute("select max(season) as season from ratings.standings where league = %s", [league])
        season = season or (newest.fetchone() or {}).get("season")
        rows = cursor.execute(_TABLE, [league, season]).fetchall()
        adjustments = cursor.execute(_ADJUSTMENTS, [league, season]).fetchall()
    return {"league": league, "season": season, "table": rows, "adjustments": adjustments} if rows else None


def _print_table(found: dict[str, Any]) -> None:
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
