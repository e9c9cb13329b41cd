"""Options and arguments that several commands share, and how a value is parsed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import click

from footpred_dagster.core import services
from footpred_dagster.core.domain import LEAGUES
from footpred_dagster.sources.parsing.values import MAX_NAME, is_name

REASON_LENGTH = 500
MAX_PORT = 65535

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for programs.")


class Reading(click.Command):
    """A command that only reads: it makes no home, and stops the embedded server again if that was down."""

    def invoke(self, ctx: click.Context) -> Any:
        from footpred_dagster.core.database.connection import left_as_found
        from footpred_dagster.core.settings import Settings

        with left_as_found(Settings.from_env()):
            return super().invoke(ctx)


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
