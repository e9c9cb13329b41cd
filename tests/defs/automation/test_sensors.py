"""Sensors and schedules evaluated as the daemon does: what they ask for, and what they leave alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import httpx
import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.core.predictions.anchors import archived_anchors
from footpred_dagster.core.predictions.ledger import identity, seal
from footpred_dagster.orchestration.refresh_planning import WORK_TAG
from footpred_dagster.sources.clients.directory import DirectorySource
from footpred_dagster.sources.clients.http import HttpSource
from footpred_dagster.sources.fetching.fetch import fetch
from footpred_dagster.sources.football_data.load import FIXTURES, load_fixtures, load_results, results_target
from tests.support.sealed import live, rewrite_anchors, rewrite_rows
from tests.support.site import clubs, season_rows, write_fixtures, write_season

NOW = Season.containing(datetime.now(UTC).date())


@pytest.fixture(scope="module")
def automation(home):
    from footpred_dagster.defs.automation import schedules, sensors  # the home must be set before they are read

    return {"schedules": schedules, "sensors": sensors}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    root = tmp_path / "site"
    write_season(root, "E0", NOW, season_rows("E0", NOW, clubs("E0")))
    write_fixtures(root, [])
    return root


@pytest.fixture
def resources(own_warehouse, own_archive, site: Path) -> dict[str, object]:
    from footpred_dagster.defs.resources import SourceSite

    return {"warehouse": own_warehouse, "archive": own_archive, "source": SourceSite(where=str(site))}


@pytest.fixture
def loaded(warehouse, archive, site):
    fetch(warehouse, archive, DirectorySource(site), [results_target("E0", NOW), FIXTURES])
    load_results(warehouse, archive, "E0", NOW)
    load_fixtures(warehouse, archive)
    return warehouse


@pytest.fixture(scope="module")
def repository() -> dg.RepositoryDefinition:
    from footpred_dagster.definitions import defs

    return defs().get_repository_def()


@pytest.fixture
def look(automation, resources, instance, repository):
    """What the sensor says of the source now."""

    def looked(**other: object) -> list[dg.RunRequest | dg.SkipReason]:
        context = dg.build_sensor_context(instance=instance, repository_def=repository)
        return list(automation["sensors"].source_changed(context, **(resources | other)))

    return looked


def change(site: Path) -> None:
    rows = season_rows("E0", NOW, clubs("E0"))
    rows[0] |= {"FTHG": 9, "FTAG": 0, "FTR": "H"}
    write_season(site, "E0", NOW, rows)


def test_an_empty_warehouse_asks_nobody(look, warehouse):
    (skipped,) = look()
    assert "footpred run fills it first" in skipped.skip_message
    assert warehouse.execute("select count(*) from raw.fetches").fetchone() == (0,)


def test_a_source_without_news_starts_nothing(look, loaded):
    (skipped,) = look()
    assert "none of 2 files is new" in skipped.skip_message


def test_a_changed_file_starts_one_run_from_it_to_the_predictions_and_fits_no_model(look, loaded, site):
    change(site)
    (request,) = look()
    asked = {key.to_user_string() for key in request.asset_selection}
    assert {"raw/matches", "features/fct_match_features", "predictions/ledger", "predictions/scores"} <= asked
    assert not {key for key in asked if key.startswith("models/")}
    assert "raw/fixtures" not in asked
    ends = {request.tags[f"dagster/asset_partition_range_{end}"] for end in ("start", "end")}
    assert ends == {f"E0|{NOW}"}
    assert [each.run_key for each in look()] == [request.run_key], "Dagster starts one run per key"


def test_work_under_way_is_not_begun_again_and_failed_work_waits(look, loaded, site, instance, definitions):
    change(site)
    (request,) = look()
    run = instance.create_run_for_job(definitions.resolve_job_def("refresh"), tags={WORK_TAG: request.tags[WORK_TAG]})
    (waiting,) = look()
    assert "under way" in waiting.skip_message
    instance.report_run_failed(run)
    (waiting,) = look()
    assert "next try at" in waiting.skip_message


def test_of_a_source_that_is_down_what_it_gave_before_is_loaded(look, loaded, site, resources):
    change(site)
    first = look()
    silent = type(resources["source"])(where="http://127.0.0.1:9")
    assert [each.run_key for each in look(source=silent)] == [each.run_key for each in first]


def test_one_schedule_asks_for_the_season_under_way_and_one_for_every_season(automation, resources, loaded, tmp_path):
    loaded.execute("create temporary table older as select * from raw.loads where partition_key <> 'fixtures'")
    loaded.execute("update older set partition_key = 'E0|1993-94'")
    loaded.execute("insert into raw.loads select * from older")
    stored = dg.DagsterInstance.local_temp(str(tmp_path))
    context = dg.build_schedule_context(instance=stored, scheduled_execution_time=datetime.now(UTC))
    schedules, warehouse = automation["schedules"], resources["warehouse"]
    start = "dagster/asset_partition_range_start"
    assert [each.tags[start] for each in schedules.daily(context, warehouse=warehouse)] == [f"E0|{NOW}"]
    every = schedules.every_season(context, warehouse=warehouse)
    assert [each.tags[start] for each in every] == ["E0|1993-94", f"E0|{NOW}"]
    loaded.execute("delete from raw.loads")
    assert "footpred run" in schedules.daily(context, warehouse=warehouse).skip_message


def test_a_dead_source_is_left_alone_for_a_while_and_then_requested_again(
    automation, resources, instance, repository, loaded, monkeypatch
):
    requests = []

    def refused(request):
        requests.append(request.url)
        raise httpx.ConnectError("refused")

    class Dead:
        max_age = 0.0

        def open(self, _connection):
            transport = httpx.MockTransport(refused)
            return HttpSource("https://example.org", pause=0.001, sleep=lambda _: None, transport=transport)

    sensors = automation["sensors"]
    monkeypatch.setattr(sensors, "due_for_request", lambda states, _now: [state.target for state in states])

    def evaluate(cursor: str | None) -> str | None:
        context = dg.build_sensor_context(
            instance=instance,
            cursor=cursor,
            repository_def=repository,
            resources=resources | {"source": Dead()},
        )
        list(sensors.source_changed(context))
        return context.cursor

    silent_until = evaluate(None)
    assert silent_until is not None
    sent = len(requests)
    assert sent == 7
    assert evaluate(silent_until) == silent_until
    assert len(requests) == sent
    evaluate((datetime.now(UTC) - timedelta(seconds=1)).isoformat())
    assert len(requests) == 2 * sent


def test_models_are_fitted_when_a_matchday_of_all_divisions_was_played_since_the_champion_was(
    automation, resources, instance, warehouse
):
    context = dg.build_sensor_context(instance=instance)

    def said() -> dg.RunRequest | dg.SkipReason:
        return automation["sensors"].retrain_after_matchday(context, warehouse=resources["warehouse"])

    assert "no champion" in said().skip_message
    warehouse.execute("""
        insert into models.versions (name, version, fingerprint, artifact_sha256, as_of, training_rows, profile)
        values ('stack', 4, 'f', 's', '2024-08-01', 1, 'production');
        insert into models.promotions (as_of, name, version, decision, reasons)
        values ('2024-08-01', 'stack', 4, 'promoted', '{}');
        insert into raw.matches (partition_key, league, season, line, match_date, home, away, home_goals, away_goals)
        select 'E0|2024-25', 'E0', '2024-25', n, date '2024-08-16' + n % 30, 'A', 'B', 1, 0
        from generate_series(2, 220) as n
    """)
    assert "219 matches since stack version 4, 220 needed" in said().skip_message
    warehouse.execute("update raw.matches set match_date = '2024-07-30' where line = 2")
    assert "218 matches" in said().skip_message
    warehouse.execute("""
        insert into raw.matches (partition_key, league, season, line, match_date, home, away, home_goals, away_goals)
        select 'E0|2024-25', 'E0', '2024-25', n, '2024-09-20', 'A', 'B', 1, 0 from generate_series(300, 301) as n
    """)
    assert said().run_key == "stack 4 and 220 matches 0"


def test_jobs_that_write_wait_for_each_other_and_everything_starts_by_itself(definitions):
    assets, pools = {}, {}
    for name in ("refresh", "retrain", "predict"):
        job = definitions.resolve_job_def(name)
        pools[name] = {pool for node in job.all_node_defs for pool in node.pools}
        assets[name] = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    assert pools == {
        "refresh": {"source", "warehouse"},
        "retrain": {"training", "warehouse"},
        "predict": {"warehouse"},
    }
    assert {sensor.default_status for sensor in definitions.sensors} == {dg.DefaultSensorStatus.RUNNING}
    assert {schedule.default_status for schedule in definitions.schedules} == {dg.DefaultScheduleStatus.RUNNING}
    assert not {key for key in assets["refresh"] if key.startswith("models/")}
    assert "models/xgboost_study" not in assets["retrain"]
    assert {"models/champion", "predictions/ledger"} <= assets["retrain"]


@pytest.fixture
def anchors_taken(automation, resources):
    """What the sensor of anchors answers."""

    def evaluate() -> str:
        wanted = {name: resources[name] for name in ("warehouse", "archive")}
        return automation["sensors"].ledger_anchors(**wanted).skip_message

    return evaluate


def test_an_anchor_is_taken_for_new_rows_and_every_hour_without_any(anchors_taken, connection, archive):
    assert "less than 45 minutes old" in anchors_taken()
    seal(connection, [live()])
    connection.commit()
    assert anchors_taken() == "anchor taken at 1 rows"
    assert "less than 45 minutes old" in anchors_taken()
    rewrite_anchors(connection, "update predictions.ledger_anchors set at = at - interval '46 minutes'")
    rewrite_rows(connection, "update predictions.ledger set sealed_at = sealed_at - interval '46 minutes'")
    connection.commit()
    assert anchors_taken() == "anchor taken at 1 rows"
    assert archived_anchors(archive, identity(connection))[-1].number == 3


def test_an_anchor_does_not_wait_for_long_while_predictions_are_sealed(
    anchors_taken, automation, connection, monkeypatch
):
    monkeypatch.setattr(automation["sensors"], "LOCK_WAIT_SECONDS", 0.2)
    seal(connection, [live()])
    connection.commit()
    seal(connection, [live(match_id="m2")])
    assert "are being sealed" in anchors_taken()
    connection.commit()
    assert anchors_taken() == "anchor taken at 2 rows"
