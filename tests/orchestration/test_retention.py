"""What is forgotten and what is kept, on a real event log with ten thousand events."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import dagster as dg
import psycopg
import pytest
import yaml

from footpred_dagster.orchestration.retention import forget
from footpred_dagster.sources.fetching.fetch import fetch
from footpred_dagster.sources.football_data.load import FIXTURES
from tests.support.site import write_fixtures

RUNS, EVENTS_A_RUN = 50, 200
NOW = datetime.now(UTC)
MONTH_AGO = NOW - timedelta(days=30)


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["a", "b"]))
def parts() -> None: ...


@dg.asset
def whole() -> None: ...


@dg.asset_check(asset=whole)
def holds() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=True)


@dg.op
def nothing() -> None: ...


@dg.job
def busy() -> None:
    nothing()


@pytest.fixture
def stored(tmp_path, empty_database_url):
    """An instance on PostgreSQL with ten thousand events of runs without assets."""
    config = {"storage": {"postgres": {"postgres_url": empty_database_url}}, "telemetry": {"enabled": False}}
    (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(config))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        for _ in range(RUNS):
            run = instance.create_run_for_job(busy, run_id=str(uuid.uuid4()))
            instance.report_engine_event("still at it", run)
            instance.report_run_canceled(run)
        with psycopg.connect(empty_database_url) as connection:
            connection.execute(
                """
                insert into event_logs (run_id, event, dagster_event_type, timestamp)
                select run_id, event, dagster_event_type, timestamp
                from event_logs cross join generate_series(1, %s) where dagster_event_type = 'ENGINE_EVENT'
                """,
                [EVENTS_A_RUN],
            )
        yield instance


def count(url: str, query: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(query.encode()).fetchone()
        assert row
        return int(row[0])


def age(url: str) -> None:
    """Everything Dagster holds was over two months ago."""
    with psycopg.connect(url) as connection:
        connection.execute("update runs set update_timestamp = update_timestamp - interval '60 days'")


def test_old_runs_are_forgotten_but_for_the_newest_word_on_assets_partitions_and_checks(
    stored, empty_database_url, warehouse
):
    runs = [
        dg.materialize(assets, instance=stored, partition_key=key).run_id
        for assets, key in (
            ([parts], "a"),
            ([parts], "b"),
            ([parts], "b"),
            ([whole, holds], None),
            ([whole, holds], None),
        )
    ]
    keep = {runs[0], runs[2], runs[4]}
    events = "select count(*) from event_logs"
    assert count(empty_database_url, events) > RUNS * EVENTS_A_RUN
    checks = [dg.AssetCheckKey(whole.key, "holds")]
    assert forget(stored, warehouse, checks, MONTH_AGO).runs == 0, "nothing is old yet"
    age(empty_database_url)
    began = datetime.now(UTC)
    done = forget(stored, warehouse, checks, MONTH_AGO)
    print(f"\n{RUNS * EVENTS_A_RUN} events forgotten in {datetime.now(UTC) - began}")  # noqa: T201
    assert (done.runs, done.kept) == (RUNS + 2, 3)
    assert {run.run_id for run in stored.get_runs()} == keep
    assert count(empty_database_url, "select count(distinct run_id) from event_logs") == 3
    assert count(empty_database_url, events) < 100
    assert count(empty_database_url, "select count(*) from asset_check_executions") == 1
    assert set(stored.get_materialized_partitions(parts.key)) == {"a", "b"}
    assert stored.event_log_storage.get_latest_asset_check_execution_by_key(checks)
    assert forget(stored, warehouse, checks, MONTH_AGO).runs == 0


def test_of_requests_that_brought_nothing_only_old_ones_are_forgotten(instance, warehouse, archive, tmp_path):
    from footpred_dagster.sources.clients.directory import DirectorySource

    site = tmp_path / "site"
    write_fixtures(site, [])
    for _ in range(3):
        fetch(warehouse, archive, DirectorySource(site), [FIXTURES])
    said = warehouse.execute("select status from raw.fetches order by fetch_id").fetchall()
    assert said == [(200,), (304,), (304,)]
    assert forget(instance, warehouse, [], MONTH_AGO).requests == 0
    warehouse.execute("update raw.fetches set fetched_at = fetched_at - interval '60 days'")
    assert forget(instance, warehouse, [], MONTH_AGO).requests == 1, "the body and the newest answer stay"
    assert warehouse.execute("select status from raw.fetches order by fetch_id").fetchall() == [(200,), (304,)]
