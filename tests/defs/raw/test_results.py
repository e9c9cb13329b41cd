"""The raw assets as the UI runs them, in this process: what they record of the source, and what when it is silent."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import psycopg
import pytest

from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.sources.clients.http import HttpSource
from footpred_dagster.sources.fetching.fetch import fetch
from footpred_dagster.sources.football_data.load import FIXTURES
from footpred_dagster.sources.simulator import Fault, SimulatorServer, World
from tests.support.scripted_site import Clock

NOW = datetime(2024, 10, 25, 12, tzinfo=UTC)
E0, E1 = "E0|2024-25", "E1|2024-25"


@pytest.fixture(scope="module")
def assets(home):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # backfill_policy; Dagster itself is silent when it loads them
        from footpred_dagster.defs.raw.fixtures import fixtures  # the home must be set before the resources read it
        from footpred_dagster.defs.raw.results import matches

    return {"matches": matches, "fixtures": fixtures}


@pytest.fixture
def site() -> Iterator[SimulatorServer]:
    world = World(leagues=("E0", "E1"), first_season=2024, clubs_per_league=8)
    with SimulatorServer(world, lambda: NOW) as server:
        yield server


@dataclass(frozen=True)
class Run:
    """A finished materialization and the warnings it logged."""

    result: dg.ExecuteInProcessResult
    warnings: list[str]

    def said(self, name: str) -> Any:
        (event,) = self.result.get_asset_materialization_events()
        return event.materialization.metadata[name].value

    def failure(self) -> str:
        (event,) = self.result.get_step_failure_events()
        return event.step_failure_data.user_failure_data.description


@pytest.fixture
def run(assets, site, database_url, tmp_path) -> Callable[..., Run]:
    """Materialize an asset from the site; retries wait on a clock that only sleeping moves."""
    from footpred_dagster.defs.resources import ArchiveStore, SourceSite, Warehouse

    class OwnWarehouse(Warehouse):
        @contextmanager
        def connect(self, *, autocommit: bool = False) -> Iterator[psycopg.Connection]:
            with psycopg.connect(database_url, autocommit=autocommit) as connection:
                yield connection

    class OwnArchive(ArchiveStore):
        def open(self) -> LocalArchive:
            return LocalArchive(tmp_path / "archive")

    class OwnSource(SourceSite):
        @contextmanager
        def open(self, _connection) -> Iterator[HttpSource]:
            clock = Clock()
            with HttpSource(self.where, timeout=5, sleep=clock.sleep, clock=clock) as source:
                yield source

    resources = {"warehouse": OwnWarehouse(), "archive": OwnArchive(), "source": OwnSource(where=site.url)}

    def materialize(name: str, **tags: Any) -> Run:
        with dg.DagsterInstance.ephemeral() as instance:
            instance.add_dynamic_partitions("league_season", [E0, E1])
            asset = [assets[name]]
            result = dg.materialize(asset, resources=resources, instance=instance, raise_on_error=False, **tags)
            logs = instance.all_logs(result.run_id)
        return Run(result, [log.user_message for log in logs if log.level == logging.WARNING])

    return materialize


def rows(warehouse: psycopg.Connection, table: str) -> list[tuple[Any, ...]]:
    return warehouse.execute(f"select * from raw.{table} order by line").fetchall()


def newest_answer(warehouse: psycopg.Connection) -> datetime:
    found = warehouse.execute("select max(fetched_at) from raw.fetches").fetchone()
    assert found is not None
    return found[0]


@pytest.mark.parametrize(("name", "tags"), [("matches", {"partition_key": E0}), ("fixtures", {})])
def test_fault_05_a_source_that_is_down_is_a_warning_and_the_old_rows_stay_with_growing_age(
    run, site, warehouse, name, tags
):
    first = run(name, **tags)
    assert (first.result.success, first.said("source"), first.warnings) == (True, "1 changed", [])
    before, answered = rows(warehouse, name), newest_answer(warehouse)
    assert before

    site.misbehave("*", Fault.UNAVAILABLE)
    down = run(name, **tags)
    assert down.result.success
    assert down.said("state") == "unchanged"
    assert down.said("source").startswith("unavailable: http://127.0.0.1")
    assert "HTTP 503" in down.said("source")
    (warning,) = down.warnings
    assert warning.startswith("source unavailable, going on with what is archived: ")
    assert (rows(warehouse, name), newest_answer(warehouse)) == (before, answered)
    assert down.said("source last answered") == pytest.approx(answered.timestamp())


@pytest.mark.parametrize(("name", "tags"), [("matches", {"partition_key": E0}), ("fixtures", {})])
def test_a_source_that_is_down_before_anything_was_loaded_fails_and_says_so(run, site, name, tags):
    site.close()
    down = run(name, **tags)
    assert not down.result.success
    assert down.failure().startswith("the source is unavailable and nothing was loaded before: http://127.0.0.1")


def test_what_was_archived_before_the_source_went_down_is_loaded(run, site, warehouse, tmp_path):
    with HttpSource(site.url) as source:
        fetch(warehouse, LocalArchive(tmp_path / "archive"), source, [FIXTURES])
    site.misbehave("*", Fault.UNAVAILABLE)
    down = run("fixtures")
    assert (down.result.success, down.said("state")) == (True, "loaded")
    assert rows(warehouse, "fixtures")


def test_a_whole_backfill_goes_on_when_some_of_its_partitions_are_loaded(run, site, warehouse):
    run("matches", partition_key=E0)
    before = rows(warehouse, "matches")
    site.misbehave("*", Fault.UNAVAILABLE)
    tags = {"dagster/asset_partition_range_start": E0, "dagster/asset_partition_range_end": E1}
    down = run("matches", tags=tags)
    states = {
        event.materialization.partition: event.materialization.metadata["state"].value
        for event in down.result.get_asset_materialization_events()
    }
    assert states == {E0: "unchanged", E1: "not published yet"}
    assert rows(warehouse, "matches") == before


def test_fault_03_a_304_is_recorded_as_an_observation_and_writes_nothing(run, site, warehouse):
    run("matches", partition_key=E0)
    written = warehouse.execute("select xmin, loaded_at from raw.loads").fetchall()
    again = run("matches", partition_key=E0)
    assert site.requests == {200: 1, 304: 1}
    (event,) = again.result.get_asset_observation_events()
    observed = event.asset_observation_data.asset_observation
    assert (observed.asset_key.to_user_string(), observed.partition) == ("raw/matches", E0)
    assert (again.said("source"), again.said("state")) == ("1 unchanged", "unchanged")
    assert warehouse.execute("select xmin, loaded_at from raw.loads").fetchall() == written


def test_fault_02_a_season_not_published_yet_is_skipped_without_failure(run, site, warehouse):
    site.misbehave("mmz4281/*", Fault.NOT_FOUND)
    absent = run("matches", partition_key=E0)
    assert (absent.result.success, absent.warnings) == (True, [])
    assert (absent.said("state"), absent.said("source")) == ("not published yet", "1 not published yet")
    assert rows(warehouse, "matches") == []


def test_fault_07_a_body_too_large_is_a_warning_and_the_old_rows_stay(run, site, warehouse):
    run("matches", partition_key=E0)
    before = rows(warehouse, "matches")
    site.misbehave("mmz4281/*", Fault.OVERSIZED)
    large = run("matches", partition_key=E0)
    assert (large.result.success, large.said("source")) == (True, "1 unreadable")
    assert large.warnings == [f"{E0}: the source gave no body; the check files_are_accepted says why; old rows stay"]
    (failure,) = warehouse.execute("select path, reason from raw.fetch_failures").fetchall()
    assert failure == ("mmz4281/2425/E0.csv", "too_large")
    assert rows(warehouse, "matches") == before
