"""What people tell the promotion policy. The promotions table is the truth; MLflow's alias is moved after it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import click
import psycopg

from footpred_dagster.cli.operator import actor
from footpred_dagster.core.archive.locations import open_archive
from footpred_dagster.core.database.connection import connect_migrated
from footpred_dagster.core.features.contract import contract_of, fingerprint
from footpred_dagster.core.models.recipes import RECIPES
from footpred_dagster.core.promotion.interventions import Intervention, intervene
from footpred_dagster.core.promotion.refits import heir
from footpred_dagster.core.registry import promotions, versions
from footpred_dagster.core.registry.promotions import NoEarlierChampion
from footpred_dagster.core.registry.versions import ModelVersion
from footpred_dagster.core.settings import Settings


def promote(name: str, number: int | None, because: str, *, pin: bool) -> dict[str, Any]:
    """Raises click.UsageError for a version that is not there, is no candidate, or could not be loaded."""
    with connect_migrated() as connection:
        version = _version(connection, name, number)
        if version.name not in RECIPES:
            raise click.UsageError(f"{version.name} reads odds: it is never the champion")
        if version.fingerprint != fingerprint(contract_of(version.name)):
            raise click.UsageError(f"{_named(version)} was fitted under another feature contract: refit it")
        if version.profile != "production":
            raise click.UsageError(f"{_named(version)} is a {version.profile} fit: it may not predict")
        promotions.promote(connection, version, as_of=datetime.now(UTC), actor=actor(), because=because)
        if pin:
            intervene(connection, "pin", version.name, version.version, actor=actor(), because=because)
    _mirror(version)
    return {"champion": _named(version), "pinned": pin, "because": because}


def rollback(because: str) -> dict[str, Any]:
    with connect_migrated() as connection:
        before = promotions.champion(connection)
        try:
            earlier = promotions.earlier_champions(connection)
        except NoEarlierChampion as error:
            raise click.UsageError(str(error)) from error
        assert before is not None
        version, refused = heir(connection, open_archive(Settings.from_env()), earlier)
        if version is None:
            raise click.UsageError("; ".join(refused))
        promotions.roll_back(connection, version, as_of=datetime.now(UTC), actor=actor(), because=because)
    _mirror(version)
    return {"champion": _named(version), "before": _named(before), "passed_over": refused, "because": because}


def pin(because: str) -> dict[str, Any]:
    return _about_the_champion("pin", because)


def unpin(because: str) -> dict[str, Any]:
    return _about_the_champion("unpin", because)


def veto(name: str, number: int | None, because: str) -> dict[str, Any]:
    return _about_a_version("veto", name, number, because)


def unveto(name: str, number: int | None, because: str) -> dict[str, Any]:
    return _about_a_version("unveto", name, number, because)


def _about_the_champion(kind: Intervention, because: str) -> dict[str, Any]:
    with connect_migrated() as connection:
        version = promotions.champion(connection)
        if version is None:
            raise click.UsageError("there is no champion: footpred run makes one")
        intervene(connection, kind, version.name, version.version, actor=actor(), because=because)
    return {"champion": _named(version), kind: True, "because": because}


def _about_a_version(kind: Intervention, name: str, number: int | None, because: str) -> dict[str, Any]:
    with connect_migrated() as connection:
        found = _version(connection, name, number)
        intervene(connection, kind, name, number, actor=actor(), because=because)
    return {"model": _named(found) if number else name, kind: True, "because": because}


def _version(connection: psycopg.Connection, name: str, number: int | None) -> ModelVersion:
    found = versions.find(connection, name, number)
    if found is None:
        rows = connection.execute(
            "select name, max(version) from models.versions group by name order by name"
        ).fetchall()
        known = ", ".join(f"{each}:1 to {each}:{newest}" if newest > 1 else f"{each}:1" for each, newest in rows)
        raise click.UsageError(f"no model {name}{f':{number}' if number else ''}; registered are {known or 'none'}")
    return found


def _mirror(version: ModelVersion) -> None:
    from footpred_dagster.core.tracking import mlflow_log

    mlflow_log.mirror_champion(mlflow_log.client(Settings.from_env()), version.artifact_sha256)


def _named(version: ModelVersion) -> str:
    return f"{version.name}:{version.version}"
