"""How every asset and check stands: one judgement for the command line, the dashboard and the alerts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from typing import Literal

import dagster as dg
import psycopg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.definitions.freshness import TimeWindowFreshnessPolicy

from footpred_dagster.orchestration.check_states import CheckState, CheckStates
from footpred_dagster.orchestration.code_log import Changed, nothing_known
from footpred_dagster.orchestration.staleness import stale_assets

LAYERS = ("raw", "staging", "intermediate", "ratings", "features", "marts", "models", "predictions", "monitoring")
State = Literal["fresh", "late", "stale", "failing", "missing"]


@dataclass(frozen=True, slots=True)
class AssetState:
    """``key``: "layer/name"; ``reason``: why it is not fresh; ``due_at``: when it is late, by its freshness policy."""

    key: str
    state: State
    reason: str | None
    materialized_at: datetime | None
    due_at: datetime | None


def asset_states(
    graph: AssetGraph,
    instance: dg.DagsterInstance,
    now: datetime,
    off: Collection[dg.AssetKey] = (),
    changed: Changed = nothing_known,
) -> tuple[list[AssetState], CheckStates]:
    """Every asset but those ``off``, by layer, and the checks it was judged by.

    missing: never materialized. failing: a check did not pass when it was last run. stale: it would come out
    differently now. late: its freshness policy wants it newer, and nothing else is wrong with it.
    """
    specs = [spec for asset in graph.assets_defs for spec in asset.specs if spec.key not in off]
    checks = CheckStates(graph, instance)
    records = {record.asset_entry.asset_key: record for record in instance.get_asset_records([s.key for s in specs])}
    events = {key: entry for key, record in records.items() if (entry := record.asset_entry.last_materialization)}
    latest = {key: entry.asset_materialization for key, entry in events.items() if entry.asset_materialization}
    stale, failing = stale_assets(specs, latest, {}, checks.unsettled(), changed), checks.failing()
    found = []
    for spec in sorted(specs, key=lambda spec: (LAYERS.index(spec.key.path[0]), spec.key.path[-1])):
        name, event = spec.key.to_user_string(), events.get(spec.key)
        at = datetime.fromtimestamp(event.timestamp, UTC) if event else None
        due = at + policy.fail_window.to_timedelta() if at and (policy := _window(spec)) else None
        failed = ", ".join(check for check in failing if check.startswith(f"{name}:"))
        if at is None:
            found.append(AssetState(name, "missing", None, None, None))
        elif failed:
            found.append(AssetState(name, "failing", failed, at, due))
        elif reason := stale.get(spec.key):
            found.append(AssetState(name, "stale", reason, at, due))
        elif due and due < now:
            found.append(AssetState(name, "late", f"was due {due:%Y-%m-%d %H:%M} UTC", at, due))
        else:
            found.append(AssetState(name, "fresh", None, at, due))
    return found, checks


def _window(spec: dg.AssetSpec) -> TimeWindowFreshnessPolicy | None:
    policy = spec.freshness_policy
    return policy if isinstance(policy, TimeWindowFreshnessPolicy) else None


def record_states(
    connection: psycopg.Connection, assets: Sequence[AssetState], checks: Sequence[CheckState], now: datetime
) -> None:
    """Replace ``monitoring.asset_states`` and ``check_states``, in a transaction: for who does not reach Dagster."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("lock table monitoring.asset_states in exclusive mode")
        cursor.execute("delete from monitoring.asset_states")
        cursor.execute("delete from monitoring.check_states")
        with cursor.copy(
            "copy monitoring.asset_states (asset, state, reason, materialized_at, due_at, told_at) from stdin"
        ) as copy:
            for asset in assets:
                copy.write_row((*astuple(asset), now))
        with cursor.copy(
            "copy monitoring.check_states (asset, name, severity, passed, evaluated_at) from stdin"
        ) as copy:
            for check in checks:
                copy.write_row(astuple(check))
