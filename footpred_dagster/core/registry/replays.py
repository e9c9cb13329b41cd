"""Runs about the past: fits, evidence and decisions as of before the newest decision, kept apart from what serves."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

import psycopg

from footpred_dagster.core.models.recipes import recipe_version
from footpred_dagster.core.registry import promotions, versions
from footpred_dagster.core.registry.last_decision import is_about_the_past, refuse_future
from footpred_dagster.core.registry.versions import ModelVersion, version_where

if TYPE_CHECKING:
    from footpred_dagster.core.registry.decision import Decision


def evidence_key(name: str, as_of: datetime, *, past: bool) -> str:
    """Under which ``recipe`` the walk-forward predictions of ``name`` stand; those of a run about the past apart."""
    return f"replay {as_of.isoformat()}" if past else recipe_version(name)


def evidence_keys(connection: psycopg.Connection, names: Iterable[str], as_of: datetime) -> dict[str, str]:
    """The same by name, for a run as of then."""
    past = is_about_the_past(connection, as_of)
    return {name: evidence_key(name, as_of, past=past) for name in names}


def remember_candidate(connection: psycopg.Connection, version: ModelVersion, as_of: datetime) -> None:
    """Keep which fit a run about the past gave, in the caller's transaction."""
    connection.execute(
        """
        insert into models.replay_candidates (as_of, name, version) values (%s, %s, %s)
        on conflict (as_of, name) do update set version = excluded.version
        """,
        [as_of, version.name, version.version],
    )


def candidate(connection: psycopg.Connection, name: str, as_of: datetime) -> ModelVersion | None:
    """The version a recipe stands for in a run as of then."""
    if not is_about_the_past(connection, as_of):
        return versions.candidate(connection, name)
    return version_where(
        connection,
        "(name, version) = (select name, version from models.replay_candidates where name = %s and as_of = %s)",
        *(name, as_of),
    )


def champion(connection: psycopg.Connection, as_of: datetime) -> ModelVersion | None:
    """Who predicts in a run as of then: in a replay whom its own decision named."""
    if not is_about_the_past(connection, as_of):
        return promotions.champion(connection)
    return version_where(
        connection,
        "(name, version) = (select name, version from models.promotions where decision = 'replay' and as_of = %s "
        "order by promotion_id desc limit 1)",
        as_of,
    )


def record_decision(connection: psycopg.Connection, decision: Decision, as_of: datetime) -> ModelVersion | None:
    """Append a decision in the caller's transaction; returns the champion in force, whom a replay leaves there.

    Raises StillToCome.
    """
    refuse_future(connection, as_of)
    if not is_about_the_past(connection, as_of):
        return promotions.record_decision(connection, decision, as_of=as_of)
    winner = candidate(connection, decision.winner, as_of) if decision.winner else None
    promotions.append_replay(connection, winner, decision, as_of=as_of)
    return promotions.champion(connection)
