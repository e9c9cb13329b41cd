"""``footpred matches``: what became of a match where its row in the results file does not say."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

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
from footpred_dagster.sources.parsing.values import MAX_GOALS

Score = tuple[int, int]


def parse_score(text: str) -> Score:
    match = re.fullmatch(r"(\d{1,2})-(\d{1,2})", text, re.ASCII)
    if not match or max(map(int, match.groups())) > MAX_GOALS:
        raise ValueError(f"{text!r} is no score: write 0-3, home goals first, up to {MAX_GOALS}")
    return int(match[1]), int(match[2])


def of_a_match(command: Any) -> Any:
    """The arguments that name a match, and what every ruling has."""
    for decorate in (
        json_option,
        because_option("Why; shown beside the match."),
        click.argument("day", metavar="DATE", callback=day_of),
        click.argument("away"),
        click.argument("home"),
        click.argument("season", callback=season_stored),
        click.argument("league", callback=league_code, is_eager=True),
    ):
        command = decorate(command)
    return command


score_option = click.option(
    "--score", callback=parsed(parse_score), help="The score of the ruling: 0-3. Default: the results file's."
)


@click.group()
def matches() -> None:
    """Matches decided without play, annulled, or played although their rows look otherwise.

    An awarded match counts in the league table and for nothing else: no rating, model or score learns from it. What is
    stated here replaces what footpred lists itself, and both replace what the row in the file looks like. LEAGUE is a
    code (T1), SEASON 2022-23 or 2223, HOME and AWAY are names or ids of clubs, DATE is the day the file gives
    (2023-03-05). The next run applies it.
    """


@matches.command()
@of_a_match
@score_option
def award(score: Score | None, **of: Any) -> None:
    """It was decided without play. With --score also a match that no file has."""
    _rule("awarded", score, **of)


@matches.command()
@of_a_match
@score_option
def played(score: Score | None, **of: Any) -> None:
    """It was played, although its row looks otherwise."""
    _rule("played", score, **of)


@matches.command()
@of_a_match
def void(**of: Any) -> None:
    """It was annulled: it counts for nothing."""
    _rule("void", None, **of)


@matches.command()
@of_a_match
def withdraw(**of: Any) -> None:
    """Withdraw what was stated about a match; the list and the file decide again."""
    _rule(None, None, **of)


@matches.command(cls=Reading)
@json_option
def rulings(as_json: bool) -> None:
    """List every match whose status the results file alone does not tell, and what decided it."""
    from footpred_dagster.cli import matches_commands

    matches_commands.print_ruled(matches_commands.ruled(), as_json=as_json)


def _rule(
    status: str | None,
    score: Score | None,
    *,
    league: str,
    season: str,
    home: str,
    away: str,
    day: date,
    because: str,
    as_json: bool,
) -> None:
    from footpred_dagster.cli import matches_commands

    named = matches_commands.find(league, season, home, away, day)
    ruled = matches_commands.rule(named, status, score, because) if status else None
    done = ruled or matches_commands.withdraw(named, because)
    matches_commands.print_done(done, as_json=as_json)
