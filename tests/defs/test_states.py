"""How assets stand: one word for each, the worst that is true."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from footpred_dagster.orchestration.asset_states import asset_states

NOW = datetime.now(UTC)
DAY = timedelta(days=1)
DAILY = dg.FreshnessPolicy.time_window(fail_window=DAY)


@dg.asset(key=["raw", "matches"], code_version="1", freshness_policy=DAILY)
def matches() -> dg.MaterializeResult:
    """Other rows every time."""
    return dg.MaterializeResult(data_version=dg.DataVersion(uuid.uuid4().hex))


@dg.asset(key=["marts", "table"], code_version="1", deps=[matches])
def table() -> None: ...


@dg.asset_check(asset=matches, blocking=True)
def holds() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False)


GRAPH = dg.Definitions(assets=[matches, table], asset_checks=[holds]).resolve_asset_graph()


@pytest.fixture
def stood(instance):
    """Key and state of each, so many days from now."""

    def states(days: float = 0, **off: object) -> dict[str, str]:
        found, _ = asset_states(GRAPH, instance, NOW + days * DAY, **off)
        return {each.key: each.state for each in found}

    return states


def test_missing_then_fresh_then_late_by_its_policy(stood, instance):
    assert stood() == {"raw/matches": "missing", "marts/table": "missing"}
    dg.materialize([matches, table], instance=instance)
    assert stood() == {"raw/matches": "fresh", "marts/table": "fresh"}
    assert stood(2) == {"raw/matches": "late", "marts/table": "fresh"}, "without a policy nothing is late"


def test_what_is_upstream_of_a_change_is_stale_and_a_failed_check_counts_more(stood, instance):
    dg.materialize([matches, table], instance=instance)
    dg.materialize([matches], instance=instance)
    assert stood(2)["marts/table"] == "stale"
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(asset_key=matches.key, check_name="holds", passed=False)
    )
    assert stood(2)["raw/matches"] == "failing"


def test_what_is_switched_off_is_left_out(stood):
    assert set(stood(off={matches.key})) == {"marts/table"}
