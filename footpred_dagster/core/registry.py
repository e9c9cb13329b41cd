"""Fitted versions and the champion, in PostgreSQL: ``models.promotions`` is the truth everything else mirrors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import psycopg

from footpred_dagster.core.contract import fingerprint
from footpred_dagster.core.models import bundle
from footpred_dagster.core.models.bundle import Bundle
from footpred_dagster.core.storage import Archive

if TYPE_CHECKING:
    import pandas as pd

    from footpred_dagster.core.models.base import Model

CHAMPION_CHANNEL = "footpred_champion"
"""NOTIFY channel; the payload is ``name:version``."""


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A fitted model as registered."""

    name: str
    version: int
    fingerprint: str
    artifact_sha256: str
    as_of: datetime
    training_rows: int
    profile: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What the promotion policy decided: ``winner`` is None when no candidate passed its gates."""

    winner: str | None
    reasons: dict[str, list[str]]


def register(
    connection: psycopg.Connection, archive: Archive, model: Model, history: pd.DataFrame, *, as_of: datetime
) -> ModelVersion:
    """Archive a model fitted on ``history`` as a bundle, give it a version and make it its recipe's candidate.

    The same bundle keeps its version, and the earliest as_of that gave it. Raises BundleRefused when the bundle does
    not answer as the model does.
    """
    digest = bundle.pack(archive, model, history)
    connection.execute("lock table models.versions in share row exclusive mode")
    connection.execute(
        """
        insert into models.versions (name, version, fingerprint, artifact_sha256, as_of, training_rows, profile)
        select %(name)s, coalesce(max(version), 0) + 1, %(fingerprint)s, %(digest)s, %(as_of)s, %(rows)s, 'production'
        from models.versions where name = %(name)s
        on conflict (name, fingerprint, artifact_sha256) do update set as_of = least(versions.as_of, excluded.as_of)
        """,
        {
            "name": model.name,
            "fingerprint": fingerprint(),
            "digest": digest,
            "as_of": as_of,
            "rows": len(history),
        },
    )
    found = _version(
        connection, "name = %s and fingerprint = %s and artifact_sha256 = %s", model.name, fingerprint(), digest
    )
    if found is None:
        raise RuntimeError(f"{model.name} was registered and is not there")
    connection.execute(
        """
        insert into models.candidates (name, version) values (%s, %s)
        on conflict (name) do update set version = excluded.version, trained_at = clock_timestamp()
        """,
        [found.name, found.version],
    )
    return found


def candidate(connection: psycopg.Connection, name: str) -> ModelVersion | None:
    """The version a recipe stands for now. Not its newest: a run with an earlier clock refits an earlier one."""
    return _version(connection, "(name, version) = (select name, version from models.candidates where name = %s)", name)


def link_to_mlflow(connection: psycopg.Connection, version: ModelVersion, run_id: str, mlflow_version: int) -> None:
    """Remember where MLflow shows a version; the first run that gave it stays."""
    connection.execute(
        """
        update models.versions
        set mlflow_run_id = coalesce(mlflow_run_id, %s), mlflow_version = coalesce(mlflow_version, %s)
        where name = %s and version = %s
        """,
        [run_id, mlflow_version, version.name, version.version],
    )


def load(archive: Archive, version: ModelVersion) -> Bundle:
    """The bundle of a version, verified; raises FingerprintMismatch if it was fitted under another contract."""
    return Bundle.load(archive, version.artifact_sha256)


def champion(connection: psycopg.Connection) -> ModelVersion | None:
    """The version the newest promotion names, or None when nothing was ever promoted."""
    return _version(
        connection,
        "(name, version) = (select name, version from models.promotions order by promotion_id desc limit 1)",
    )


def record_decision(connection: psycopg.Connection, decision: Decision, *, as_of: datetime) -> ModelVersion | None:
    """Append the decision and tell listeners, in the caller's transaction; returns the champion now in force.

    Without a winner the champion stays.
    """
    current = champion(connection)
    winner = candidate(connection, decision.winner) if decision.winner else None
    in_force = winner or current
    outcome = "none" if in_force is None else "promoted" if in_force != current else "kept"
    connection.execute(
        "insert into models.promotions (as_of, name, version, decision, reasons) values (%s, %s, %s, %s, %s)",
        [
            as_of,
            in_force.name if in_force else None,
            in_force.version if in_force else None,
            outcome,
            json.dumps(decision.reasons),
        ],
    )
    if outcome == "promoted" and in_force is not None:
        connection.execute("select pg_notify(%s, %s)", [CHAMPION_CHANNEL, f"{in_force.name}:{in_force.version}"])
    return in_force


def _version(connection: psycopg.Connection, condition: str, *parameters: object) -> ModelVersion | None:
    row = connection.execute(
        "select name, version, fingerprint, artifact_sha256, as_of, training_rows, profile "  # noqa: S608
        f"from models.versions where {condition} order by version desc limit 1",
        parameters,
    ).fetchone()
    return ModelVersion(*row) if row else None
