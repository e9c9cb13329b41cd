"""Which assets would come out differently if they were materialized now, and why.

Dagster records with each materialization the code version it ran and the data versions it read; comparing those with
today's is the whole rule. What depends on the clock records the cut its as_of made and is compared on that as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter

import dagster as dg
from dagster._core.definitions.data_version import (
    CODE_VERSION_TAG,
    DATA_VERSION_TAG,
    get_input_data_version_tag,
)

from footpred_dagster.orchestration.code_log import Changed, nothing_known
from footpred_dagster.orchestration.versions import CUT


def latest_materializations(
    instance: dg.DagsterInstance, keys: list[dg.AssetKey]
) -> dict[dg.AssetKey, dg.AssetMaterialization]:
    """The newest materialization of each key that has one, in one query."""
    found = {}
    for record in instance.get_asset_records(keys):
        event = record.asset_entry.last_materialization
        if event and event.asset_materialization:
            found[record.asset_entry.asset_key] = event.asset_materialization
    return found


def stale_assets(
    specs: Iterable[dg.AssetSpec],
    latest: Mapping[dg.AssetKey, dg.AssetMaterialization],
    cuts: Mapping[dg.AssetKey, str],
    unsettled: Mapping[dg.AssetKey, str],
    changed: Changed = nothing_known,
) -> dict[dg.AssetKey, str]:
    """Unpartitioned assets to materialize, upstream first, each with its reason. Staleness is passed on downstream.

    ``unsettled`` holds assets that must run whatever their versions say, with the reason; ``changed`` names the modules
    in which two code versions differ.
    """
    by_key = {spec.key: spec for spec in specs}
    stale: dict[dg.AssetKey, str] = {}
    order = TopologicalSorter({key: {dep.asset_key for dep in spec.deps} for key, spec in by_key.items()})
    for key in order.static_order():
        spec = by_key.get(key)
        if spec is None or spec.partitions_def is not None:
            continue
        if reason := _reason(spec, latest, cuts.get(key), stale, changed) or unsettled.get(key):
            stale[key] = reason
    return stale


def _reason(
    spec: dg.AssetSpec,
    latest: Mapping[dg.AssetKey, dg.AssetMaterialization],
    cut: str | None,
    stale: Mapping[dg.AssetKey, str],
    changed: Changed,
) -> str | None:
    event = latest.get(spec.key)
    if event is None:
        return "never materialized"
    tags = event.tags or {}
    if (recorded_code := tags.get(CODE_VERSION_TAG)) != spec.code_version:
        return ": ".join(filter(None, ("its code changed", ", ".join(changed(recorded_code, spec.code_version)))))
    for parent in sorted((dep.asset_key for dep in spec.deps), key=str):
        if parent in stale:
            return f"{parent.to_user_string()} is stale"
        read = tags.get(get_input_data_version_tag(parent))
        if parent in latest and read != (latest[parent].tags or {}).get(DATA_VERSION_TAG):
            return f"{parent.to_user_string()} changed"
    recorded = event.metadata.get(CUT)
    if cut is not None and (recorded is None or recorded.value != cut):
        return "as_of cuts elsewhere"
    return None
