"""``footpred clubs``: names of clubs that wait for a decision, and operators' decisions."""

from __future__ import annotations

import json

import click

from footpred_dagster.cli.options import Reading, because_option, club_name, json_option


@click.group()
def clubs() -> None:
    """Names of clubs: list the doubtful ones, decide which club each means."""


@clubs.command(cls=Reading)
@json_option
def pending(as_json: bool) -> None:
    """List names whose matches wait, with the nearest clubs and the command that decides."""
    from footpred_dagster.cli import clubs_commands

    clubs_commands.print_pending(clubs_commands.pending(), as_json=as_json)


@clubs.command()
@click.argument("country")
@click.argument("name", callback=club_name)
@click.option("--of", "team_id", help="Id of the club that the name means.")
@click.option("--new", "is_new", is_flag=True, help="It is a club of its own.")
@click.option("--seasons", help="Seasons in which it does: 2627-, -0405 or 9394-0405. Default: all.")
@because_option("Why, or the source; kept with the decision.", required=False)
@json_option
def alias(
    country: str, name: str, team_id: str | None, is_new: bool, seasons: str | None, because: str | None, as_json: bool
) -> None:
    """Decide which club NAME means in COUNTRY; the next run applies it.

    A later decision about the same seasons takes precedence; both are kept.
    """
    if (team_id is None) is not is_new:
        raise click.UsageError("give either --of TEAM_ID or --new")
    from footpred_dagster.cli import clubs_commands

    try:
        chosen = clubs_commands.parse_range(seasons) if seasons else (None, None)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--seasons") from error
    done = clubs_commands.alias(country, name, of=team_id, is_new=is_new, seasons=chosen, because=because)
    if as_json:
        click.echo(json.dumps(done))
        return
    click.echo(f"{name} means {done['team_id']} from the next run on")
    if not done["seen"]:
        click.echo(f"no file loaded so far names {name!r} in {country}", err=True)


@clubs.command()
@click.argument("country")
@click.argument("name")
@json_option
def withdraw(country: str, name: str, as_json: bool) -> None:
    """Withdraw every decision about NAME in COUNTRY; the next run goes by the seed again."""
    from footpred_dagster.cli import clubs_commands

    done = clubs_commands.withdraw(country, name)
    click.echo(json.dumps(done) if as_json else f"no decision about {name} is in force any more")


@clubs.command(cls=Reading)
@json_option
def export(as_json: bool) -> None:
    """Print the decisions in force as lines for dbt_project/seeds/team_aliases.csv."""
    from dataclasses import asdict

    from footpred_dagster.cli import clubs_commands
    from footpred_dagster.core.clubs.aliases import seed_text

    lines = clubs_commands.decisions()
    if as_json:
        click.echo(json.dumps({"aliases": [asdict(line) for line in lines]}))
    else:
        click.echo(seed_text(lines), nl=False)
