"""Commands by which people overrule the promotion policy: promote, rollback, pin, unpin, veto, unveto."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import click

from footpred_dagster.cli.options import because_option, json_option

VERSION = re.compile(r"(?P<name>[a-z_]+)(?::(?P<version>[1-9][0-9]*))?")
reason_option = because_option("Why; kept with the decision.")


def _model(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, int | None]:
    found = VERSION.fullmatch(value)
    if found is None:
        raise click.BadParameter(f"{value!r} names no model: write stack, or stack:3 for its third version")
    return found["name"], int(found["version"]) if found["version"] else None


model_argument = click.argument("model", callback=_model)


def _tell(said: dict[str, Any], sentence: str, as_json: bool) -> None:
    click.echo(json.dumps(said) if as_json else sentence)


@click.command()
@model_argument
@reason_option
@click.option("--pin", is_flag=True, help="And keep it, whatever the policy finds, until it is unpinned.")
@json_option
def promote(model: tuple[str, int | None], because: str, pin: bool, as_json: bool) -> None:
    """Make MODEL (stack, or stack:3) champion, past the gates."""
    from footpred_dagster.cli import champion_commands

    said = champion_commands.promote(*model, because, pin=pin)
    _tell(said, f"{said['champion']} predicts from the next run on{', and is pinned' if pin else ''}", as_json)


@click.command()
@reason_option
@json_option
def rollback(because: str, as_json: bool) -> None:
    """Go back to the champion before this one; again goes further back.

    The policy decides anew when there is new data: pin what is to stay.
    """
    from footpred_dagster.cli import champion_commands

    said = champion_commands.rollback(because)
    for each in said["passed_over"]:
        click.echo(each, err=True)
    _tell(said, f"{said['champion']} predicts from the next run on, {said['before']} no longer", as_json)


@click.command()
@reason_option
@json_option
def pin(because: str, as_json: bool) -> None:
    """Keep the champion there is, whatever the policy finds."""
    from footpred_dagster.cli import champion_commands

    said = champion_commands.pin(because)
    _tell(said, f"{said['champion']} is pinned", as_json)


@click.command()
@reason_option
@json_option
def unpin(because: str, as_json: bool) -> None:
    """Let the policy decide again."""
    from footpred_dagster.cli import champion_commands

    said = champion_commands.unpin(because)
    _tell(said, f"{said['champion']} is no longer pinned", as_json)


@click.command()
@model_argument
@reason_option
@json_option
def veto(model: tuple[str, int | None], because: str, as_json: bool) -> None:
    """Never promote MODEL, whatever its scores: stack is every fit of that name, stack:3 that version and its refits.

    A refit is made by the same code and hyperparameters from other data.
    """
    from footpred_dagster.cli import champion_commands

    said = champion_commands.veto(*model, because)
    _tell(said, f"{said['model']} is vetoed", as_json)


@click.command()
@model_argument
@reason_option
@json_option
def unveto(model: tuple[str, int | None], because: str, as_json: bool) -> None:
    """Let MODEL (stack, or stack:3 and its refits) be judged by its scores again."""
    from footpred_dagster.cli import champion_commands

    said = champion_commands.unveto(*model, because)
    _tell(said, f"{said['model']} is no longer vetoed", as_json)


COMMANDS: tuple[Callable[..., Any], ...] = (promote, rollback, pin, unpin, veto, unveto)
