"""Fitted versions and the champion, in PostgreSQL: ``models.promotions`` is the truth everything else mirrors."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import psycopg

from footpred_dagster.core.contract import contract_of, fingerprint
from footpred_dagster.core.models import bundle
from footpred_dagster.core.models.bundle import Bundle
from footpred_dagster.core.storage import Archive

if TYPE_CHECKING:
    import pandas as pd

    from footpred_dagster.core.models.base import Model
    from footpred_dagster.core.promotion import Decision

Intervention = Literal["pin", "unpin", "veto", "unveto"]
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
) -> ModelVersion:
    """Archive a model fitted on ``history`` as a bundle and give it a version, its recipe's candidate but for a replay.

    ``recipe`` is the fingerprint of its code and hyperparameters. The same bundle keeps its version, and the earliest
    as_of that gave it. Raises BundleRefused when the bundle does not answer as the model does.
    """
    digest, in_force = bundle.pack(archive, model, history), fingerprint(contract_of(model.name))
    connection.execute("lock table models.versions in share row exclusive mode")
    connection.execute(
        """
        insert into models.versions (name, version, fingerprint, artifact_sha256, as_of, training_rows, profile,
            recipe)
        select %(name)s, coalesce(max(version), 0) + 1, %(fingerprint)s, %(digest)s, %(as_of)s, %(rows)s,
            %(profile)s, %(recipe)s
        from models.versions where name = %(name)s
        on conflict (name, fingerprint, artifact_sha256) do update
            set as_of = least(versions.as_of, excluded.as_of), recipe = excluded.recipe,
                profile = case versions.profile when 'replay' then excluded.profile else versions.profile end
        """,
        {
            "name": model.name,
            "fingerprint": in_force,
            "digest": digest,
            "as_of": as_of,
            "rows": len(history),
            "profile": profile,
            "recipe": recipe,
        },
    )
    found = _version(
        connection, "name = %s and fingerprint = %s and artifact_sha256 = %s", model.name, in_force, digest
    )
    if found is None:
        raise RuntimeError(f"{model.name} was registered and is not there")
    if profile == "replay":
        return found
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


def record_decision(
    connection: psycopg.Connection, decision: Decision, *, as_of: datetime, actor: str = "policy"
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
    told = {name: [asdict(verdict) for verdict in verdicts] for name, verdicts in decision.verdicts.items()}
    _append(connection, in_force, outcome, as_of=as_of, actor=actor, because=decision.why, reasons=told)
    return in_force


def promote(
    connection: psycopg.Connection, version: ModelVersion, *, as_of: datetime, actor: str, because: str
) -> None:
    """A person's or a rule's word: this version predicts from now on."""
    _append(connection, version, "promoted", as_of=as_of, actor=actor, because=because, reasons={})


def roll_back(
    connection: psycopg.Connection, *, as_of: datetime, actor: str, because: str, to: ModelVersion | None = None
) -> tuple[ModelVersion, ModelVersion]:
    """Return to the champion before this one that is another recipe or version, or ``to`` one; ``(from, to)``.

    Going back again goes further back. Raises NoEarlierChampion when there is nobody.
    """
    current = champion(connection)
    if current is None:
        raise NoEarlierChampion("there is no champion to roll back from")
    earlier = to or _version(
        connection,
        """(name, version) = (
            select name, version from models.promotions
            where (name, version) <> (%s, %s) and promotion_id < (
                select max(promotion_id) from models.promotions
                where (name, version) = (%s, %s) and decision in ('promoted', 'refitted'))
            order by promotion_id desc limit 1)""",
        *(current.name, current.version, current.name, current.version),
    )
    if earlier is None:
        raise NoEarlierChampion(f"{current.name} version {current.version} is the first champion there is")
    _append(connection, earlier, "rolled back", as_of=as_of, actor=actor, because=because, reasons={})
    return current, earlier


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
    if version is not None and version != before:
        connection.execute("select pg_notify(%s, %s)", [CHAMPION_CHANNEL, f"{version.name}:{version.version}"])


def find(connection: psycopg.Connection, name: str, version: int | None = None) -> ModelVersion | None:
    """A registered version; without number the one the recipe stands for now."""
    if version is None:
        return candidate(connection, name)
    return _version(connection, "name = %s and version = %s", name, version)


def intervene(
    connection: psycopg.Connection, kind: Intervention, version: ModelVersion | None, *, actor: str, because: str
) -> None:
    """Record what a person told the policy: to keep the champion whatever comes, or never to promote a version."""
    connection.execute(
        "insert into models.interventions (kind, name, version, actor, because) values (%s, %s, %s, %s, %s)",
        [kind, version.name if version else None, version.version if version else None, actor, because],
    )


def pinned(connection: psycopg.Connection) -> bool:
    """Whether the newest pin or unpin is a pin."""
    row = connection.execute("""
        select kind from models.interventions where kind in ('pin', 'unpin') order by intervention_id desc limit 1
    """).fetchone()
    return row == ("pin",)


def vetoes(connection: psycopg.Connection) -> dict[tuple[str, int], str]:
    """Why each vetoed version is, by name and version."""
    rows = connection.execute("""
        select distinct on (name, version) name, version, because, kind from models.interventions
        where kind in ('veto', 'unveto') order by name, version, intervention_id desc
    """).fetchall()
    return {(name, version): because for name, version, because, kind in rows if kind == "veto"}


def champions(connection: psycopg.Connection) -> list[tuple[ModelVersion, datetime]]:
    """Every version that ever was champion, newest first, and since when its recipe reigned last.

    A refit goes on with the reign of its recipe: it is no new champion.
    """
    rows = connection.execute("""
        with reigns as (
            select name, version, recipe, decision, decided_at, promotion_id
            from models.promotions inner join models.versions using (name, version)
        )
        select name, version, (
            select max(begun.decided_at) from reigns as begun
            where begun.name = reigns.name and begun.recipe = reigns.recipe
                and begun.decision in ('promoted', 'rolled back'))
        from reigns group by name, version, recipe order by max(promotion_id) desc
    """).fetchall()
    found = [
        (_version(connection, "name = %s and version = %s", name, version), since) for name, version, since in rows
    ]
    return [(version, since) for version, since in found if version is not None]


def _version(connection: psycopg.Connection, condition: str, *parameters: object) -> ModelVersion | None:
    row = connection.execute(
        "select name, version, fingerprint, artifact_sha256, as_of, training_rows, profile, recipe "  # noqa: S608
        f"from models.versions where {condition} order by version desc limit 1",
        parameters,
    ).fetchone()
    return ModelVersion(*row) if row else None
