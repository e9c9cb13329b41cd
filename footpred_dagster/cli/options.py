"""Options and arguments that several commands share, and how a value is parsed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import click

from footpred_dagster.core import services
from footpred_dagster.core.domain import LEAGUES, Season
from footpred_dagster.runner.selection import Selection, parse_instant, parse_leagues, parse_seasons
from footpred_dagster.sources.parsing.values import MAX_NAME, is_name

if TYPE_CHECKING:
    import psycopg

REASON_LENGTH = 500
MAX_PORT = 65535


def parsed(parse: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    """A click callback that turns the ValueError of ``parse`` into a usage error (exit code 2)."""

    def callback(_context: click.Context, _parameter: click.Parameter, value: str | None) -> Any:
        try:
            return None if value is None else parse(value)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error

    return callback


def not_empty(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty: leave the option out for its default")
    return text


def service_ports(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, int]:
    """By service."""
    ports = {}
    for value in values:
        service, _, port = value.partition("=")
        if service not in services.NAMES or not re.fullmatch(r"[1-9][0-9]{0,4}", port) or int(port) > MAX_PORT:
            raise click.BadParameter(f"{value!r}: write SERVICE=PORT with a service of {', '.join(services.NAMES)}")
        ports[service] = int(port)
    return ports


def league_code(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if value not in LEAGUES:
        raise click.BadParameter(f"{value!r} is no league: codes are {', '.join(LEAGUES)}")
    return value


def season_stored(context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """As stored."""
    league = LEAGUES.get(context.params.get("league", ""))
    if value is None or league is None:
        return None
    try:
        return str(league.season(value))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def day_of(_context: click.Context, _parameter: click.Parameter, value: str) -> date:
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):  # weeks and dates without dashes are ISO, too
            raise ValueError
        return date.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter(f"{value!r} is no day: write 2024-04-08") from error


def because_option(what: str, *, required: bool = True) -> Callable[[Any], Any]:
    """``--because``, with ``what`` it is for; an empty reason is none."""
    return click.option("--because", required=required, callback=_reason_given, help=what)


def _reason_given(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """On one line, whatever was pasted; None where the option is left out."""
    if value is None:
        return None
    reason = " ".join(value.split())
    if not 0 < len(reason) <= REASON_LENGTH or not reason.isprintable():
        raise click.BadParameter(f"write 1 to {REASON_LENGTH} characters, no control characters")
    return reason


def club_name(_context: click.Context, _parameter: click.Parameter, value: str) -> str:
    if value != value.strip() or not is_name(value):
        raise click.BadParameter(f"no results file can hold the name {value[:MAX_NAME]!r}: the parser drops such rows")
    return value


leagues_option = click.option(
    "--leagues",
    default="main",
    show_default=True,
    callback=parsed(parse_leagues),
    help="main (22 divisions), extra (the 16 files of new/), all, or codes: E0,ARG-COPA.",
)


def as_of_option(what: str) -> Callable[[Any], Any]:
    """``--as-of``, with ``what`` it does."""
    return click.option("--as-of", callback=parsed(parse_instant), help=what)


def selection_of(leagues: tuple[str, ...], seasons: str | None, as_of: datetime | None) -> Selection:
    """Leagues and seasons that a command is about; without ``seasons`` all to the one of ``as_of``."""
    until = Season.containing((as_of or datetime.now(UTC)).date())
    try:
        return Selection(leagues, *parse_seasons(seasons, until), bounded=seasons is not None)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--seasons") from error


def refuse_future(connection: psycopg.Connection, as_of: datetime | None) -> None:
    """Raise click.UsageError for an ``as_of`` that is still to come."""
    from footpred_dagster.core.registry import last_decision

    try:
        if as_of is not None:
            last_decision.refuse_future(connection, as_of)
    except last_decision.StillToCome as error:
        raise click.UsageError(f"--as-of {error}; leave it out for now") from error
