"""The drift asset as the UI runs it: what it tells, the page it leaves in the home, and checks that warn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import dagster as dg
import psycopg
import pytest

from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.drift.windows import drift_cut
from tests.support.features import judged_history
from tests.support.monitored import stored_history

AS_OF = datetime(2025, 7, 1, tzinfo=UTC)
CHECKS = {"outcome_mix_is_stable", "features_are_stable", "calibration_holds", "skill_holds"}
UPSTREAM = {"features/fct_match_features", "models/champion", "predictions/scores"}


@pytest.fixture(scope="module")
def module(home):
    from footpred_dagster.defs.monitoring import drift  # the home must be set before the resources read it

    return drift


@pytest.fixture
def run(module, database_url, archive) -> Callable[[], dg.ExecuteInProcessResult]:
    """Materialize the asset with its checks as of a summer after the history."""
    from footpred_dagster.defs.resources import ArchiveStore, Clock, Warehouse

    class OwnWarehouse(Warehouse):
        @contextmanager
        def connect(self, *, autocommit: bool = False) -> Iterator[psycopg.Connection]:
            with psycopg.connect(database_url, autocommit=autocommit) as connection:
                yield connection

    class OwnArchive(ArchiveStore):
        def open(self) -> LocalArchive:
            return archive

    def materialize() -> dg.ExecuteInProcessResult:
        clock = Clock(as_of=AS_OF.isoformat())
        return dg.materialize(
            [module.drift, *(getattr(module, name) for name in CHECKS)],
            resources={"warehouse": OwnWarehouse(), "archive": OwnArchive(), "clock": clock},
        )

    return materialize


def said(result: dg.ExecuteInProcessResult) -> dict[str, object]:
    (event,) = result.get_asset_materialization_events()
    return {name: value.value for name, value in event.materialization.metadata.items()}


def version(result: dg.ExecuteInProcessResult) -> str:
    (event,) = result.get_asset_materialization_events()
    return event.materialization.tags["dagster/data_version"]


def test_a_quiet_season_passes_its_checks_and_leaves_a_page_that_is_in_the_archive_too(run, warehouse, archive, home):
    stored_history(warehouse, judged_history())
    result = run()
    assert {check.check_name: check.passed for check in result.get_asset_check_evaluations()} == dict.fromkeys(
        CHECKS, True
    )
    told = said(result)
    assert (told["alarms"], told["current"]) == ("none", "2024-25, 150 matches")
    page = home / "data_docs" / "drift" / "index.html"
    assert told["report"] == str(page)
    assert told["report in a browser"] == page.resolve().as_uri()
    assert archive.get(str(told["report sha256"])) == page.read_bytes()
    assert told["as_of cut"] == drift_cut(warehouse, AS_OF)
    assert version(run()) == version(result)


def test_a_season_that_drifted_warns_and_stops_nothing(run, warehouse):
    history = judged_history()
    last = history["season"] == "2024-25"
    history = history.assign(
        outcome=history["outcome"].mask(last, 0), home_rest_days=history["home_rest_days"] + 2.0 * last
    )
    stored_history(warehouse, history)
    result = run()
    assert result.success
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    failed = {name for name, check in checks.items() if not check.passed}
    assert failed == {"outcome_mix_is_stable", "features_are_stable"}
    assert {checks[name].severity for name in failed} == {dg.AssetCheckSeverity.WARN}
    assert [row.data["subject"] for row in checks["features_are_stable"].metadata["alarms"].value.records] == [
        "home_rest_days"
    ]
    assert "outcome_mix outcome: home " in str(said(result)["alarms"])


def test_it_stands_behind_the_champion_and_the_scores_and_blocks_nothing(module):
    (spec,) = module.drift.specs
    assert {dep.asset_key.to_user_string() for dep in spec.deps} == UPSTREAM
    specs = [spec for name in CHECKS for spec in getattr(module, name).check_specs]
    assert not any(each.blocking for each in specs)
