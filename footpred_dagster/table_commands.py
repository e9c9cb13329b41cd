"""What ``footpred table`` does, and how it is shown."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import click
from psycopg.rows import dict_row
from rich.table import Table

from footpred_dagster.core.club_names import find_club
from footpred_dagster.core.database import connect_migrated
from footpred_dagster.core.domain import LEAGUES
from footpred_dagster.core.league_tables import Stated, state_adjustment, store_season
from footpred_dagster.printing import console, plain, safe

_TABLE = """
    select position, team_id, team_name, played, won, drawn, lost, goals_for, goals_against, points, points_adjustment,
        points_halved, phase, zone
    from marts.fct_league_tables where league = %s and season = %s order by position, team_name
"""
_ADJUSTMENTS = """
    select team_id, team_name, points, effective_on::text as effective_on, reason, source
    from marts.fct_points_adjustments where league = %s and season = %s order by effective_on, team_id
"""


def adjust(league: str, season: str, club: str, points: int, day: date, because: str) -> dict[str, Any]:
    """Record the adjustment and bring that season's standings up to date; raises UnknownClub."""
    with connect_migrated() as connection:
        team_id = find_club(connection, league, season, club)
        state_adjustment(connection, Stated(league, season, team_id, points, day, because))
        built = connection.execute(
            "select to_regclass('intermediate.int_points_adjustments') is not null"
        ).fetchone() == (True,)
        lines = store_season(connection, league, season) if built else 0
    return {
        "league": league,
        "season": season,
        "team_id": team_id,
        "points": points,
        "effective_on": day.isoformat(),
        "because": because,
        "lines": lines,
    }


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
