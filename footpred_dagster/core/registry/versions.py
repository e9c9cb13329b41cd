"""Fitted versions and the champion, in PostgreSQL: ``models.decisions`` is the truth everything else mirrors."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import psycopg

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.features.contract import contract_of, fingerprint
from footpred_dagster.core.models import bundle
from footpred_dagster.core.models.bundle import Bundle
from footpred_dagster.core.registry.last_decision import POLICY

if TYPE_CHECKING:
    import pandas as pd

    from footpred_dagster.core.models.base import Model
    from footpred_dagster.core.promotion.policy import Decision

PROFILES = ("production", "smoke", "replay")
CHAMPION_CHANNEL = "footpred_champion"
"""NOTIFY channel; the payload is ``name:version``."""


class NoEarlierChampion(LookupError):
    """There is nobody to go back to."""


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


def champion(connection: psycopg.Connection) -> ModelVersion | None:
    """The version the newest decision names, or None when nobody was ever promoted."""
    return version_where(
        connection,
        "(name, version) = (select name, version from models.decisions order by promotion_id desc limit 1)",
    )


def record_decision(
    connection: psycopg.Connection, decision: Decision, *, as_of: datetime, actor: str = POLICY
) -> ModelVersion | None:
    """Append the policy's decision and tell listeners, in the caller's transaction; returns the champion in force.

    Without a winner the champion stays.
    """
    current = champion(connection)
    winner = candidate(connection, decision.winner) if decision.winner else None
    in_force = winner or current
    if in_force is None:
        outcome = "none"
    elif in_force == current:
        outcome = "kept"
    else:
        same = current is not None and (in_force.name, in_force.recipe) == (current.name, current.recipe)
        outcome = "refitted" if same else "promoted"
    _append(connection, in_force, outcome, as_of=as_of, actor=actor, because=decision.why, reasons=_told(decision))
    return in_force


def append_replay(
    connection: psycopg.Connection, winner: ModelVersion | None, decision: Decision, *, as_of: datetime
) -> None:
    """Append what a run about the past would have decided; it promotes nobody."""
    _append(connection, winner, "replay", as_of=as_of, actor=POLICY, because=decision.why, reasons=_told(decision))


def _told(decision: Decision) -> dict[str, Any]:
    return {name: [asdict(verdict) for verdict in verdicts] for name, verdicts in decision.verdicts.items()}


def promote(
    connection: psycopg.Connection, version: ModelVersion, *, as_of: datetime, actor: str, because: str
) -> None:
    """A person's or a rule's word: this version predicts from now on."""
    _append(connection, version, "promoted", as_of=as_of, actor=actor, because=because, reasons={})


def earlier_champions(connection: psycopg.Connection) -> list[ModelVersion]:
    """The champions before the one in force, newest first; after going back, those further back.

    Raises NoEarlierChampion when there is none.
    """
    current = champion(connection)
    if current is None:
        raise NoEarlierChampion("there is no champion to roll back from")
    rows = connection.execute(
        """
        select name, version from models.decisions
        where (name, version) <> (%(name)s, %(version)s) and promotion_id < (
            -- one that a rollback made champion, and nothing before, began with that
            select coalesce(max(promotion_id) filter (where decision in ('promoted', 'refitted')), min(promotion_id))
            from models.decisions where (name, version) = (%(name)s, %(version)s))
        group by name, version order by max(promotion_id) desc
        """,
        {"name": current.name, "version": current.version},
    ).fetchall()
    if not rows:
        raise NoEarlierChampion(f"{current.name} version {current.version} is the first champion there is")
    found = (version_where(connection, "name = %s and version = %s", *row) for row in rows)
    return [version for version in found if version is not None]


def roll_back(connection: psycopg.Connection, to: ModelVersion, *, as_of: datetime, actor: str, because: str) -> None:
    """Return to an earlier champion: from now on it predicts again."""
    _append(connection, to, "rolled back", as_of=as_of, actor=actor, because=because, reasons={})


def _append(
    connection: psycopg.Connection,
    version: ModelVersion | None,
    outcome: str,
    *,
    as_of: datetime,
    actor: str,
    because: str,
    reasons: dict[str, Any],
) -> None:
    before = champion(connection)
    connection.execute(
        """
        insert into models.promotions (as_of, name, version, decision, reasons, actor, because)
        values (%s, %s, %s, %s, %s, %s, %s)
        """,
        [
            as_of,
            version.name if version else None,
            version.version if version else None,
            outcome,
            json.dumps(reasons),
            actor,
            because,
        ],
    )
    after = champion(connection)
    if after is not None and after != before:
        connection.execute("select pg_notify(%s, %s)", [CHAMPION_CHANNEL, f"{after.name}:{after.version}"])


def find(connection: psycopg.Connection, name: str, version: int | None = None) -> ModelVersion | None:
    """A registered version; without number the one the recipe stands for now."""
    if version is None:
        return candidate(connection, name)
    return version_where(connection, "name = %s and version = %s", name, version)


def champions(connection: psycopg.Connection) -> list[tuple[ModelVersion, datetime]]:
    """Every version that ever was champion, newest first, and since when its recipe reigned last.

    A refit goes on with the reign of its recipe: it is no new champion.
    """
    rows = connection.execute("""
        with reigns as (
            select name, version, recipe, decision, decided_at, promotion_id
            from models.decisions inner join models.versions using (name, version)
        )
        select name, version, (
            select max(begun.decided_at) from reigns as begun
            where begun.name = reigns.name and begun.recipe = reigns.recipe
                and begun.decision in ('promoted', 'rolled back'))
        from reigns group by name, version, recipe order by max(promotion_id) desc
    """).fetchall()
    found = [
        (version_where(connection, "name = %s and version = %s", name, version), since) for name, version, since in rows
    ]
    return [(version, since) for version, since in found if version is not None]


def version_where(connection: psycopg.Connection, condition: str, *parameters: object) -> ModelVersion | None:
    """The newest version that fulfils an SQL ``condition`` on ``models.versions``."""
    row = connection.execute(
        "select name, version, fingerprint, artifact_sha256, as_of, training_rows, profile, recipe "  # noqa: S608
        f"from models.versions where {condition} order by version desc limit 1",
        parameters,
    ).fetchone()
    return ModelVersion(*row) if row else None
