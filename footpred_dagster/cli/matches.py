"""``footpred matches``: what became of a match where its row in the results file does not say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import click
import psycopg
from psycopg.rows import dict_row
from rich.table import Table

from footpred_dagster.cli.named_matches import Score, find_match, state_ruling, withdraw_ruling
from footpred_dagster.cli.options import because_option, day_of, league_code, parsed, season_stored
from footpred_dagster.cli.output import console, plain
from footpred_dagster.cli.session import Reading, Session, with_session
from footpred_dagster.core.matches import rulings as stored
from footpred_dagster.core.matches.rulings import Ruling, Status
from footpred_dagster.sources.parsing.values import MAX_GOALS

_RULED = """
    select league, season, match_date::text as date, home_name as home, away_name as away, home_id, away_id, status,
        home_goals, away_goals, status_decided_by as decided_by, ruling as because
    from intermediate.int_matches where status = 'awarded' or status_decided_by <> 'source'
    order by match_date desc, league, home_name
"""
_KEY = ("league", "season", "date", "home_id", "away_id")


def parse_score(text: str) -> Score:
    match = re.fullmatch(r"(\d{1,2})-(\d{1,2})", text, re.ASCII)
    if not match or max(map(int, match.groups())) > MAX_GOALS:
        raise ValueError(f"{text!r} is no score: write 0-3, home goals first, up to {MAX_GOALS}")
    return int(match[1]), int(match[2])


def of_a_match(command: Any) -> Any:
    """The arguments that name a match, and what every ruling has."""
    for decorate in (
        with_session,
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
def award(session: Session, score: Score | None, **of: Any) -> None:
    """It was decided without play. With --score also a match that no file has."""
    _rule(session, "awarded", score, **of)


@matches.command()
@of_a_match
@score_option
def played(session: Session, score: Score | None, **of: Any) -> None:
    """It was played, although its row looks otherwise."""
    _rule(session, "played", score, **of)


@matches.command()
@of_a_match
def void(session: Session, **of: Any) -> None:
    """It was annulled: it counts for nothing."""
    _rule(session, "void", None, **of)


@matches.command()
@of_a_match
def withdraw(session: Session, **of: Any) -> None:
    """Withdraw what was stated about a match; the list and the file decide again."""
    _rule(session, None, None, **of)


def _rule(
    session: Session,
    status: Status | None,
    score: Score | None,
    *,
    league: str,
    season: str,
    home: str,
    away: str,
    day: date,
    because: str,
) -> None:
    """State a ruling, or without ``status`` withdraw those that were stated."""
    with session.connect() as connection:
        named = find_match(connection, league, season, home, away, day)
        if status:
            state_ruling(connection, named, status, score, because)
        else:
            withdraw_ruling(connection, named, because)
    facts = {
        "league": league,
        "season": season,
        "date": day.isoformat(),
        "home_id": named.home_id,
        "away_id": named.away_id,
        "status": status or "withdrawn",
        "score": "-".join(map(str, score)) if score else None,
        "because": because,
    }
    what = status or "what was stated is withdrawn"
    goals = f" {facts['score']}" if score else ""
    match = f"{named.home_id} v {named.away_id}, {league} {day}"
    session.tell(facts, f"{match}: {what}{goals}, from the next run on")


@matches.command(cls=Reading)
@with_session
def rulings(session: Session) -> None:
    """List every match whose status the results file alone does not tell, and what decided it."""
    with session.connect() as connection:
        found = in_force(connection)
    session.tell({"rulings": found}, lambda: print_rulings(found))


def in_force(connection: psycopg.Connection) -> list[dict[str, Any]]:
    """Users' rulings that wait for a run, then matches that were awarded or whose status the list or a user decided.

    The latter newest first, as last built. A ruling about a match that the next run does not find keeps waiting.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute("select to_regclass('intermediate.int_matches') is not null as built")
        built = cursor.execute(_RULED).fetchall() if cursor.fetchone() == {"built": True} else []
    stated = stored.stated(connection)
    applied = {tuple(row[name] for name in _KEY): row for row in built}
    waiting = [row for row in map(_as_row, stated) if not _is_applied(row, applied.get(tuple(row[n] for n in _KEY)))]
    return [*({**row, "in_force": False} for row in waiting), *({**row, "in_force": True} for row in built)]


def _is_applied(stated: dict[str, Any], built: dict[str, Any] | None) -> bool:
    """Whether the match as built is as stated; where no score was stated the file's stands."""
    compared = ["status", "because", *(name for name in ("home_goals", "away_goals") if stated[name] is not None)]
    return built is not None and all(built[name] == stated[name] for name in compared)


def _as_row(ruling: Ruling) -> dict[str, Any]:
    """A ruling with the names that a match as built has; clubs go by their ids."""
    return {
        "league": ruling.league,
        "season": ruling.season,
        "date": ruling.match_date.isoformat(),
        "home": ruling.home_id,
        "away": ruling.away_id,
        "home_id": ruling.home_id,
        "away_id": ruling.away_id,
        "status": ruling.status,
        "home_goals": ruling.home_goals,
        "away_goals": ruling.away_goals,
        "decided_by": ruling.decided_by,
        "because": ruling.reason,
    }


def print_rulings(found: Sequence[dict[str, Any]]) -> None:
    """A table of what ``in_force`` gives."""
    out = console()
    if not found:
        out.print("every status is as the results files tell it")
        return
    table = Table("league", "date", "match", "score", "status", "decided by", "because", box=None)
    for row in found:
        score = "" if row["home_goals"] is None else f"{row['home_goals']}-{row['away_goals']}"
        pair = f"{row['home']} v {row['away']}"
        decided = row["decided_by"] if row["in_force"] else f"{row['decided_by']}, waits for a run"
        cells = (row["league"], row["date"], pair, score, row["status"], decided, row["because"] or "")
        table.add_row(*plain(*cells))
    out.print(table)
