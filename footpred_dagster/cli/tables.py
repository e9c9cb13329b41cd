"""``footpred table``: league tables, and points that a ruling gave or took."""

from __future__ import annotations

import json
import re
from datetime import date

import click

from footpred_dagster.cli.options import (
    Reading,
    because_option,
    day_of,
    json_option,
    league_code,
    parsed,
    season_stored,
)

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
@json_option
def adjust(league: str, season: str, club: str, points: int, day: date, because: str, as_json: bool) -> None:
    """State the POINTS of a season that rulings gave CLUB or took from it; a deduction is negative.

    It is the season's total of that club: it replaces what footpred lists itself and what was stated before. CLUB is
    its id or a spelling of its name.
    """
    from footpred_dagster.cli import table_commands
    from footpred_dagster.core.clubs.names import UnknownClub

    try:
        done = table_commands.adjust(league, season, club, points, day, because)
    except UnknownClub as error:
        raise click.BadParameter(str(error), param_hint="CLUB") from error
    table_commands.print_adjusted(done, as_json=as_json)


@table.command()
@click.argument("league", callback=league_code, is_eager=True)
@click.argument("season", callback=season_stored)
@click.argument("club")
@json_option
def withdraw(league: str, season: str, club: str, as_json: bool) -> None:
    """Withdraw what was stated of CLUB; what footpred lists itself counts again."""
    from footpred_dagster.cli import table_commands
    from footpred_dagster.core.clubs.names import UnknownClub

    try:
        done = table_commands.withdraw(league, season, club)
    except UnknownClub as error:
        raise click.BadParameter(str(error), param_hint="CLUB") from error
    click.echo(json.dumps(done) if as_json else f"nothing is stated of {done['team_id']} any more")


@table.command(cls=Reading)
@click.argument("league", callback=league_code, is_eager=True)
@click.argument("season", callback=season_stored, required=False)
@json_option
def show(league: str, season: str | None, as_json: bool) -> None:
    """Show the table of a league: of SEASON, else of its newest season."""
    from footpred_dagster.cli import table_commands

    found = table_commands.show(league, season)
    if found is None:
        raise click.ClickException(f"no results of {league} {season or ''}".rstrip() + " are loaded: footpred run")
    click.echo(json.dumps(found)) if as_json else table_commands.print_table(found)
