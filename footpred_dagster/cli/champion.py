"""Commands by which people overrule the promotion policy: promote, rollback, pin, unpin, veto, unveto.

The promotions table is the truth; MLflow's alias is moved after it.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import click
import psycopg

from footpred_dagster.cli.operator import actor
from footpred_dagster.cli.options import because_option
from footpred_dagster.cli.session import Session, with_session
from footpred_dagster.core.features.contract import contract_of, fingerprint
from footpred_dagster.core.models.recipes import RECIPES
from footpred_dagster.core.promotion.interventions import Intervention, intervene
from footpred_dagster.core.promotion.refits import heir
from footpred_dagster.core.registry import promotions, versions
from footpred_dagster.core.registry.promotions import NoEarlierChampion
from footpred_dagster.core.registry.versions import ModelVersion

VERSION = re.compile(r"(?P<name>[a-z_]+)(?::(?P<version>[1-9][0-9]*))?")
Model = tuple[str, int | None]
"""Recipe and version; None stands for the version it has now, or for all of them."""


def _model(_context: click.Context, _parameter: click.Parameter, value: str) -> Model:
    found = VERSION.fullmatch(value)
    if found is None:
        raise click.BadParameter(f"{value!r} names no model: write stack, or stack:3 for its third version")
    return found["name"], int(found["version"]) if found["version"] else None


model_argument = click.argument("model", callback=_model)
reason_option = because_option("Why; kept with the decision.")


@click.command()
@model_argument
@reason_option
@click.option("--pin", is_flag=True, help="And keep it, whatever the policy finds, until it is unpinned.")
@with_session
def promote(session: Session, model: Model, because: str, pin: bool) -> None:
    """Make MODEL (stack, or stack:3) champion, past the gates."""
    with session.connect() as connection:
        version = _version(connection, model)
        if version.name not in RECIPES:
            raise click.UsageError(f"{version.name} reads odds: it is never the champion")
        if version.fingerprint != fingerprint(contract_of(version.name)):
            raise click.UsageError(f"{_named(version)} was fitted under another feature contract: refit it")
        if version.profile != "production":
            raise click.UsageError(f"{_named(version)} is a {version.profile} fit: it may not predict")
        promotions.promote(connection, version, as_of=datetime.now(UTC), actor=actor(), because=because)
        if pin:
            intervene(connection, "pin", version.name, version.version, actor=actor(), because=because)
    _mirror(session, version)
    session.tell(
        {"champion": _named(version), "pinned": pin, "because": because},
        f"{_named(version)} is champion{', and pinned' if pin else ''}; the next run seals its predictions",
    )


@click.command()
@reason_option
@with_session
def rollback(session: Session, because: str) -> None:
    """Go back to the champion before this one; again goes further back.

    The policy decides anew when there is new data: pin what is to stay.
    """
    with session.connect() as connection:
        before = promotions.champion(connection)
        try:
            earlier = promotions.earlier_champions(connection)
        except NoEarlierChampion as error:
            raise click.UsageError(str(error)) from error
        assert before is not None
        version, refused = heir(connection, session.archive, earlier)
        if version is None:
            raise click.UsageError("; ".join(refused))
        promotions.roll_back(connection, version, as_of=datetime.now(UTC), actor=actor(), because=because)
    _mirror(session, version)
    for each in refused:
        click.echo(each, err=True)
    session.tell(
        {"champion": _named(version), "before": _named(before), "passed_over": refused, "because": because},
        f"{_named(version)} is champion again, {_named(before)} no longer; the next run seals its predictions",
    )


@click.command()
@reason_option
@with_session
def pin(session: Session, because: str) -> None:
    """Keep the champion there is, whatever the policy finds."""
    _about_the_champion(session, "pin", because, "is pinned")


@click.command()
@reason_option
@with_session
def unpin(session: Session, because: str) -> None:
    """Let the policy decide again."""
    _about_the_champion(session, "unpin", because, "is no longer pinned")


@click.command()
@model_argument
@reason_option
@with_session
def veto(session: Session, model: Model, because: str) -> None:
    """Never promote MODEL, whatever its scores: stack is every fit of that name, stack:3 that version and its refits.

    A refit is made by the same code and hyperparameters from other data.
    """
    _about_a_model(session, "veto", model, because, "is vetoed")


@click.command()
@model_argument
@reason_option
@with_session
def unveto(session: Session, model: Model, because: str) -> None:
    """Let MODEL (stack, or stack:3 and its refits) be judged by its scores again."""
    _about_a_model(session, "unveto", model, because, "is no longer vetoed")


def _about_the_champion(session: Session, kind: Intervention, because: str, sentence: str) -> None:
    with session.connect() as connection:
        version = promotions.champion(connection)
        if version is None:
            raise click.UsageError("there is no champion: footpred run makes one")
        intervene(connection, kind, version.name, version.version, actor=actor(), because=because)
    session.tell({"champion": _named(version), kind: True, "because": because}, f"{_named(version)} {sentence}")


def _about_a_model(session: Session, kind: Intervention, model: Model, because: str, sentence: str) -> None:
    name, number = model
    with session.connect() as connection:
        version = _version(connection, model)
        intervene(connection, kind, name, number, actor=actor(), because=because)
    named = _named(version) if number else name
    session.tell({"model": named, kind: True, "because": because}, f"{named} {sentence}")


def _version(connection: psycopg.Connection, model: Model) -> ModelVersion:
    name, number = model
    found = versions.find(connection, name, number)
    if found is None:
        rows = connection.execute(
            "select name, max(version) from models.versions group by name order by name"
        ).fetchall()
        known = ", ".join(f"{each}:1 to {each}:{newest}" if newest > 1 else f"{each}:1" for each, newest in rows)
        raise click.UsageError(f"no model {name}{f':{number}' if number else ''}; registered are {known or 'none'}")
    return found


def _mirror(session: Session, version: ModelVersion) -> None:
    from footpred_dagster.core.tracking import mlflow_log  # two seconds, which no other of these commands needs

    mlflow_log.mirror_champion(mlflow_log.client(session.settings), version.artifact_sha256)


def _named(version: ModelVersion) -> str:
    return f"{version.name}:{version.version}"
