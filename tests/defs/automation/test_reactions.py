"""What the platform does about its own doings: a champion put in, drift found, assets that follow, runs that failed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from tests.support.receiver import receiver

NOW = datetime.now(UTC)
PROMOTED = """
    insert into models.promotions (as_of, name, version, decision, reasons)
    values ('2024-08-01', 'stack', %s, 'promoted', '{}')
"""
FOLLOWERS = {
    "predictions/season_projection": {
        *("models/champion", "features/online_team_state", "features/online_pair_state"),
        *("intermediate/int_matches", "intermediate/int_fixtures", "ratings/standings"),
    },
    "monitoring/drift": {"features/fct_match_features", "models/champion", "predictions/scores"},
    "predictions/market": {"models/evaluation", "models/champion"},
}


@pytest.fixture(scope="module")
def reactions(home):
    from footpred_dagster.defs.automation import reactions  # the home must be set before it is read

    return reactions


@pytest.fixture
def look(instance, own_warehouse, definitions):
    def looked(sensor):
        context = dg.build_sensor_context(instance=instance, repository_def=definitions.get_repository_def())
        return sensor(context, warehouse=own_warehouse)

    return looked


@pytest.fixture
def champion(warehouse):
    warehouse.execute("""
        insert into models.versions (name, version, fingerprint, artifact_sha256, as_of, training_rows, profile)
        select 'stack', n, 'f', 's' || n, '2024-08-01', 1, 'production' from generate_series(4, 5) as n;
    """)
    warehouse.execute(PROMOTED, [4])
    return warehouse


def serve(warehouse, version: int, days: int) -> None:
    """A prediction of a match so many days ahead, made by the stack in this version."""
    warehouse.execute(
        """
        insert into predictions.served (match_id, seq, league, season, kickoff, kickoff_known, home_id, home_name,
            away_id, away_name, kind, model_name, model_version, as_of, latest_input, sealed_at, p_home, p_draw, p_away)
        values ('m' || %(days)s, 1, 'D1', '2024-25', %(kickoff)s, true, 'a', 'A', 'b', 'B', 'live',
            'stack', %(version)s, now(), now(), now(), .5, .3, .2)
        """,
        {"days": days, "kickoff": NOW + timedelta(days=days), "version": version},
    )


def test_a_champion_put_in_by_hand_predicts_what_is_to_come_once(look, reactions, champion, instance, definitions):
    serve(champion, 4, days=3)
    assert "all that is served is by stack version 4" in look(reactions.on_champion_change).skip_message
    champion.execute(PROMOTED, [5])
    request = look(reactions.on_champion_change)
    assert "stack 5" in request.run_key
    instance.create_run_for_job(definitions.resolve_job_def("predict"), tags=request.tags)
    assert "under way" in look(reactions.on_champion_change).skip_message


def test_what_was_played_under_another_champion_stays_as_it_is(look, reactions, champion):
    serve(champion, 3, days=-3)
    assert isinstance(look(reactions.on_champion_change), dg.SkipReason)


def found(warehouse, days_ago: float, *alarms: str) -> None:
    warehouse.execute(
        """
        insert into monitoring.drift_runs
            (as_of, current, reference, mix_reference, n_current, findings, alarms, report_sha256)
        values (%s, '2024-25', '2022-24', '2018-19', 900, 5, %s, repeat('0', 64))
        """,
        [datetime(2024, 8, 1, tzinfo=UTC) - timedelta(days=days_ago), list(alarms)],
    )


def test_models_are_fitted_again_for_drift_that_their_fit_has_not_seen(
    look, reactions, champion, instance, definitions
):
    assert "no alarm" in look(reactions.on_drift_alarm).skip_message
    found(champion, 2, "feature rest_days")
    assert "older than the champion" in look(reactions.on_drift_alarm).skip_message
    found(champion, -0.5, "mix home", "feature rest_days")
    assert "older than the champion" in look(reactions.on_drift_alarm).skip_message, "the fit saw what this look saw"
    found(champion, -30, "calibration draw", "feature rest_days", "mix home")
    request = look(reactions.on_drift_alarm)
    assert "calibration draw in 2024-25" in request.run_key
    assert "rest_days" not in request.run_key
    assert "mix" not in request.run_key
    run = instance.create_run_for_job(definitions.resolve_job_def("retrain"), tags=request.tags)
    instance.report_run_failed(run)
    found(champion, -31, "calibration draw", "feature rest_days")
    assert "next try at" in look(reactions.on_drift_alarm).skip_message, (
        "the next look at the same drift is no other work"
    )


def materialized(instance, *keys: str) -> None:
    for key in keys:
        instance.report_runless_asset_event(dg.AssetMaterialization(dg.AssetKey(key.split("/"))))


def evaluated(instance, asset: str, check: str, *, passed: bool) -> None:
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(asset_key=dg.AssetKey(asset.split("/")), check_name=check, passed=passed)
    )


@pytest.mark.parametrize("follower", sorted(FOLLOWERS))
def test_what_tells_about_predictions_follows_its_upstream_unless_a_blocking_check_failed(
    definitions, instance, follower
):
    """Forbids eager() alone, which goes on from tables whose blocking checks failed."""
    key, repository = dg.AssetKey(follower.split("/")), definitions.get_repository_def()
    graph = repository.asset_graph
    assert {dep.to_user_string() for dep in graph.get(key).parent_keys} == FOLLOWERS[follower]
    blocking = [each for each in graph.asset_check_keys if graph.get(each).blocking]
    guards = [each for each in blocking if each.asset_key.to_user_string() in FOLLOWERS[follower]]
    materialized(instance, *FOLLOWERS[follower], follower)
    for guard in guards:
        evaluated(instance, guard.asset_key.to_user_string(), guard.name, passed=True)

    def requested(cursor=None):
        return dg.evaluate_automation_conditions(
            defs=definitions, instance=instance, asset_selection=dg.AssetSelection.assets(key), cursor=cursor
        )

    first = requested()
    assert first.total_requested == 0
    materialized(instance, *FOLLOWERS[follower])
    second = requested(first.cursor)
    assert second.total_requested == 1
    after = requested(second.cursor)
    assert after.total_requested == 0
    if guards:
        materialized(instance, *FOLLOWERS[follower])
        evaluated(instance, guards[0].asset_key.to_user_string(), guards[0].name, passed=False)
        third = requested(after.cursor)
        assert third.total_requested == 0
        evaluated(instance, guards[0].asset_key.to_user_string(), guards[0].name, passed=True)
        assert requested(third.cursor).total_requested == 1


def test_how_everything_stands_is_written_down_for_who_does_not_reach_dagster(look, reactions, instance, warehouse):
    materialized(instance, "raw/matches")
    evaluated(instance, "raw/matches", "rows_reconcile", passed=False)
    assert "raw/matches failing" in look(reactions.record_asset_states).skip_message
    rows = dict(warehouse.execute("select asset, state from monitoring.asset_states").fetchall())
    assert rows["raw/matches"] == "failing"
    assert rows["predictions/ledger"] == "missing"
    assert "models/xgboost_study" not in rows
    said = warehouse.execute("select asset, name, severity, passed from monitoring.check_states").fetchall()
    assert said == [("raw/matches", "rows_reconcile", "ERROR", False)]


@pytest.fixture
def alertmanager():
    """Takes what is posted to it, as Alertmanager does; the real one is in tests/deploy/monitoring."""
    with receiver() as (port, told):
        yield f"http://127.0.0.1:{port}", told


def test_a_failed_run_is_told_to_alertmanager(reactions, instance, alertmanager, monkeypatch):
    url, taken = alertmanager

    @dg.op
    def breaks() -> None:
        raise RuntimeError("on purpose")

    @dg.job
    def refresh() -> None:
        breaks()

    result = refresh.execute_in_process(instance=instance, raise_on_error=False)
    context = dg.build_run_status_sensor_context(
        "run_failed", result.get_run_failure_event(), instance, result.dagster_run
    ).for_run_failure()
    assert next(reactions.run_failed(context)).skip_message.startswith("nobody is told")
    monkeypatch.setattr(
        reactions, "SETTINGS", type("Told", (), {"alertmanager_url": url, "home": reactions.SETTINGS.home})
    )
    assert list(reactions.run_failed(context)) == []
    ((path, (alert,)),) = taken
    assert path == "/api/v2/alerts"
    assert alert["labels"] == {"alertname": "RunFailed", "job_name": "refresh", "severity": "warning"}
    assert result.run_id[:8] in alert["annotations"]["summary"]
