"""``footpred table``: league tables, and points that a ruling gave or took."""

from __future__ import annotations

import json
from datetime import date

import click

from footpred_dagster.core.domain import LEAGUES
from footpred_dagster.failures import failures_explained

REASON_LENGTH = 500


def _league(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if value not in LEAGUES:
        raise click.BadParameter(f"{value!r} is no league: codes are {', '.join(LEAGUES)}")
    return value


def _season(context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """As stored."""
    league = LEAGUES.get(context.params.get("league", ""))
    if value is None or league is None:
        return None
    try:
        return str(league.season(value))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _day(_context: click.Context, _parameter: click.Parameter, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no day: write 2024-04-08") from error


def _reason(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if not 0 < len(value.strip()) <= REASON_LENGTH:
        raise click.BadParameter(f"write 1 to {REASON_LENGTH} characters")
    return value.strip()


@click.group()
def table() -> None:
    """League tables by the rules of each season, and points that a ruling gave or took."""


# A deduction is a negative number, not an option.
@table.command(context_settings={"ignore_unknown_options": True})
@click.argument("league", callback=_league, is_eager=True)
@click.argument("season", callback=_season)
@click.argument("club")
@click.argument("points", type=int)
@click.option("--on", "day", required=True, callback=_day, help="The day it takes effect: 2024-04-08.")
@click.option("--because", required=True, callback=_reason, help="Why; shown beside the table.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for programs.")
def adjust(league: str, season: str, club: str, points: int, day: date, because: str, as_json: bool) -> None:
    """State the POINTS of a season that rulings gave CLUB or took from it; a deduction is negative.

    It is the season's total of that club: it replaces what footpred lists itself and what was stated before. CLUB is
    its id or a spelling of its name.
    """
    with failures_explained():
        from footpred_dagster import table_commands

        try:
            done = table_commands.adjust(league, season, club, points, day, because)
        except table_commands.UnknownClub as error:
            raise click.BadParameter(str(error), param_hint="CLUB") from error
        table_commands.print_adjusted(done, as_json=as_json)


@table.command()
@click.argument("league", callback=_league, is_eager=True)
@click.argument("season", callback=_season, required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for programs.")
def show(league: str, season: str | None, as_json: bool) -> None:
    """Show the table of a league: of SEASON, else of its newest season."""
    with failures_explained():
        from footpred_dagster import table_commands

        found = table_commands.show(league, season)
        if found is None:
            raise click.ClickException(f"no results of {league} {season or ''}".rstrip() + " are loaded: footpred run")
        click.echo(json.dumps(found)) if as_json else table_commands.print_table(found)
