"""Fitted versions and the champion, in PostgreSQL: ``models.decisions`` is the truth everything else mirrors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import psycopg

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.features.contract import contract_of, fingerprint
from footpred_dagster.core.models import bundle
from footpred_dagster.core.models.bundle import Bundle

if TYPE_CHECKING:
    import pandas as pd

    from footpred_dagster.core.models.base import Model

PROFILES = ("production", "smoke", "replay")


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
    recipe: str


def register(
    connection: psycopg.Connection,
    archive: Archive,
    model: Model,
    history: pd.DataFrame,
    *,
    as_of: datetime,
    recipe: str = "",
    profile: str = "production",
    in_force: bool = True,
) -> ModelVersion:
    """Archive a model fitted on ``history`` as a bundle and give it a version; ``in_force``: as its recipe's candidate.

    ``recipe`` is the fingerprint of its code and hyperparameters. The same bundle keeps its version, the earliest as_of
    that gave it, and the first of PROFILES that ever did. Raises BundleRefused when the bundle does not answer as the
    model does.
    """
    digest, contract = bundle.pack(archive, model, history), fingerprint(contract_of(model.name))
    connection.execute("lock table models.versions in share row exclusive mode")
    connection.execute(
        """
        insert into models.versions (name, version, fingerprint, artifact_sha256, as_of, training_rows, profile,
            recipe)
        select %(name)s, coalesce(max(version), 0) + 1, %(fingerprint)s, %(digest)s, %(as_of)s, %(rows)s,
            %(profile)s, %(recipe)s
        from models.versions where name = %(name)s
        on conflict (name, fingerprint, artifact_sha256) do update
            set as_of = case when excluded.profile = 'production' then least(versions.as_of, excluded.as_of)
                    else versions.as_of end,
                (recipe, profile) = (select recipe, profile
                    from (values (versions.recipe, versions.profile, 1), (excluded.recipe, excluded.profile, 0))
                        as given (recipe, profile, place)
                    order by array_position(%(profiles)s, profile), place limit 1)
        """,
        {
            "name": model.name,
            "fingerprint": contract,
            "digest": digest,
            "as_of": as_of,
            "rows": len(history),
            "profile": profile,
            "recipe": recipe,
            "profiles": list(PROFILES),
        },
    )
    found = version_where(
        connection, "name = %s and fingerprint = %s and artifact_sha256 = %s", model.name, contract, digest
    )
    if found is None:
        raise RuntimeError(f"{model.name} was registered and is not there")
    if in_force:
        connection.execute(
            """
            insert into models.candidates (name, version) values (%s, %s)
            on conflict (name) do update set version = excluded.version, trained_at = clock_timestamp()
            """,
            [found.name, found.version],
        )
    return found


def candidate(connection: psycopg.Connection, name: str) -> ModelVersion | None:
    """The version a recipe stands for now."""
    return version_where(
        connection, "(name, version) = (select name, version from models.candidates where name = %s)", name
    )


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


def find(connection: psycopg.Connection, name: str, version: int | None = None) -> ModelVersion | None:
    """A registered version; without number the one the recipe stands for now."""
    if version is None:
        return candidate(connection, name)
    return version_where(connection, "name = %s and version = %s", name, version)


def version_where(connection: psycopg.Connection, condition: str, *parameters: object) -> ModelVersion | None:
    """The newest version that fulfils an SQL ``condition`` on ``models.versions``."""
    row = connection.execute(
        "select name, version, fingerprint, artifact_sha256, as_of, training_rows, profile, recipe "  # noqa: S608
        f"from models.versions where {condition} order by version desc limit 1",
        parameters,
    ).fetchone()
    return ModelVersion(*row) if row else None
