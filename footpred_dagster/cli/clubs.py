"""``footpred clubs``: names of clubs that wait for a decision, and operators' decisions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, astuple
from typing import Any

import click
import psycopg
from rich.table import Table

from footpred_dagster.cli.operator import actor
from footpred_dagster.cli.options import because_option, club_name, parsed
from footpred_dagster.cli.output import console, plain, safe
from footpred_dagster.cli.session import Reading, Session, with_session
from footpred_dagster.core.clubs.aliases import (
    COLUMNS,
    Alias,
    Aliases,
    aliases_in_force,
    decide,
    new_id,
    seed_lines,
    seed_text,
)
from footpred_dagster.core.clubs.names import club_ids, pending_names
from footpred_dagster.core.clubs.spellings import nearest
from footpred_dagster.core.domain import LEAGUES, Season

Range = tuple[Season | None, Season | None]


def parse_range(text: str) -> Range:
    """``2627-``, ``-0405``, ``9394-0405`` or one season; raises ValueError."""
    if re.fullmatch(r"\d{4}-\d{2}", text):
        return Season.parse(text), Season.parse(text)
    first, dash, last = text.partition("-")
    if not first and not last:
        raise ValueError(f"{text!r} is no range of seasons: write 2627-, -0405 or 9394-0405")
    start = Season.parse(first) if first else None
    end = Season.parse(last) if last else None if dash else start
    if start and end and end < start:
        raise ValueError(f"{text!r} runs backwards: write the earlier season first")
    return start, end


@click.group()
def clubs() -> None:
    """Names of clubs: list the doubtful ones, decide which club each means."""


@clubs.command(cls=Reading)
@with_session
def pending(session: Session) -> None:
    """List names whose matches wait, with the nearest clubs and the command that decides."""
    with session.connect() as connection:
        found = [name.as_json() for name in pending_names(connection)]
    session.tell({"pending": found}, lambda: _print_pending(found))


def _print_pending(found: Sequence[dict[str, Any]]) -> None:
    out = console()
    if not found:
        out.print("no name is pending")
        return
    table = Table("country", "season", "name", "leagues", "waiting", "why", "nearest clubs", box=None)
    for name in found:
        waiting = f"{name['matches']} matches, {name['fixtures']} fixtures"
        near = ", ".join(f"{club['name']} ({club['team_id']})" for club in name["nearest"])
        cells = (name["country"], name["season"], name["name"], ", ".join(name["leagues"]), waiting, name["why"], near)
        table.add_row(*plain(*cells))
    out.print(table)
    out.print("\ndecide, with --of the club it is or --new; the next run applies it:")
    for command in dict.fromkeys(name["command"] for name in found):
        out.print(f"  {safe(command)}", highlight=False, markup=False, soft_wrap=True)


@clubs.command()
@click.argument("country")
@click.argument("name", callback=club_name)
@click.option("--of", "of", help="Id of the club that the name means.")
@click.option("--new", "is_new", is_flag=True, help="It is a club of its own.")
@click.option(
    "--seasons", callback=parsed(parse_range), help="Seasons in which it does: 2627-, -0405 or 9394-0405. Default: all."
)
@because_option("Why, or the source; kept with the decision.", required=False)
@with_session
def alias(
    session: Session, country: str, name: str, of: str | None, is_new: bool, seasons: Range | None, because: str | None
) -> None:
    """Decide which club NAME means in COUNTRY; the next run applies it.

    A later decision about the same seasons takes precedence; both are kept.
    """
    if (of is None) is not is_new:
        raise click.UsageError("give either --of TEAM_ID or --new")
    with session.connect() as connection:
        in_force = aliases_in_force(connection)
        _known_country(country)
        first, last = (str(season) if season else None for season in seasons or (None, None))
        if is_new:
            team_id = _new_club(connection, in_force, country, name, (first, last))
        else:
            team_id = _known_club(club_ids(connection, in_force, country), country, of)
        decision = Alias(country, name, team_id, first, last)
        decide(connection, decision, actor=actor(), is_new=is_new, because=because)
        row = connection.execute(
            "select exists (select from intermediate.club_names where country = %s and name = %s)", [country, name]
        ).fetchone()
    seen = row == (True,)
    facts = {**dict(zip(COLUMNS, astuple(decision), strict=True)), "new": is_new, "seen": seen}
    session.tell(facts, f"{name} means {team_id} from the next run on")
    if not seen and not session.as_json:
        click.echo(f"no file loaded so far names {name!r} in {country}", err=True)


@clubs.command()
@click.argument("country")
@click.argument("name")
@with_session
def withdraw(session: Session, country: str, name: str) -> None:
    """Withdraw every decision about NAME in COUNTRY; the next run goes by the seed again."""
    with session.connect() as connection:
        if not any((line.country, line.name) == (country, name) for line in seed_lines(connection)):
            raise click.UsageError(f"no decision about {name!r} in {country!r} is in force: see footpred clubs export")
        decide(connection, Alias(country, name, None), actor=actor())
    facts = {"country": country, "name": name, "withdrawn": True}
    session.tell(facts, f"no decision about {name} is in force any more")


@clubs.command(cls=Reading)
@with_session
def export(session: Session) -> None:
    """Print the decisions in force as lines for dbt_project/seeds/team_aliases.csv."""
    with session.connect() as connection:
        lines = seed_lines(connection)
    session.tell({"aliases": [asdict(line) for line in lines]}, lambda: click.echo(seed_text(lines), nl=False))


def _known_country(country: str) -> None:
    countries = sorted({league.country for league in LEAGUES.values()})
    if country not in countries:
        raise click.UsageError(f"{country!r} is no country of a league: {', '.join(countries)}")


def _known_club(clubs: dict[str, str], country: str, team_id: str | None) -> str:
    if team_id in clubs:
        return str(team_id)
    by_name = {name: known for known, name in clubs.items()}
    near = [*nearest(str(team_id), clubs), *(by_name[name] for name in nearest(str(team_id), by_name))]
    listed = ", ".join(dict.fromkeys(near)) or "none is near"
    raise click.UsageError(f"no club of {country} has the id {team_id!r}; nearest: {listed}")


def _new_club(
    connection: psycopg.Connection, in_force: Aliases, country: str, name: str, seasons: tuple[str | None, str | None]
) -> str:
    """The id of the name, unless another club has it."""
    rows = connection.execute(
        """
        select distinct team_id from intermediate.club_names
        where team_id is not null and (country, name) <> (%s, %s)
        """,
        [country, name],
    ).fetchall()
    same = (country, name, *seasons)
    others = [
        alias.team_id
        for alias in in_force
        if alias.team_id and (alias.country, alias.name, alias.first_season, alias.last_season) != same
    ]
    try:
        return new_id(country, name, seasons[0], {team_id for (team_id,) in rows}.union(others))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
