"""Who predicts: ``models.decisions``, which everything else mirrors, and going back to an earlier champion."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import psycopg

from footpred_dagster.core.registry.last_decision import POLICY

if TYPE_CHECKING:
    from footpred_dagster.core.registry.decision import Decision
from footpred_dagster.core.registry.versions import ModelVersion, candidate, version_where

CHAMPION_CHANNEL = "footpred_champion"
"""NOTIFY channel; the payload is ``name:version``."""


class NoEarlierChampion(LookupError):
    """There is nobody to go back to."""


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
