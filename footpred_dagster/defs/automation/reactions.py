"""Sensors that answer to what the platform did itself: a champion put in, drift found, a run that failed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import httpx
import psycopg

from footpred_dagster.core.registry.promotions import champion
from footpred_dagster.core.services import url_of
from footpred_dagster.defs.automation.jobs import FOLLOWERS, predict, retrain
from footpred_dagster.defs.resources import SETTINGS, Warehouse
from footpred_dagster.orchestration.alertmanager import tell
from footpred_dagster.orchestration.asset_keys import switched_off
from footpred_dagster.orchestration.asset_states import asset_states, record_states
from footpred_dagster.orchestration.code_log import changed_modules, remember
from footpred_dagster.orchestration.refresh_planning import once

LOOKED_AT = timedelta(days=1)
"""The first look at drift this soon after a fit sees the data the fit saw."""

follow_upstream = dg.AutomationConditionSensorDefinition(
    "follow_upstream",
    target=FOLLOWERS,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Projections, market and drift after what they are made from.",
)


@dg.sensor(job=predict, minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def on_champion_change(context: dg.SensorEvaluationContext, warehouse: Warehouse) -> dg.RunRequest | dg.SkipReason:
    """Predict the fixtures anew once the champion was promoted by hand or rolled back: what is served is to be its own.

    After a retraining there is nothing to do: that run has predicted itself.
    """
    with warehouse.connect() as connection:
        version = champion(connection)
        if version is None:
            return dg.SkipReason("there is no champion: footpred run trains the first")
        others, promotion = connection.execute(
            """
            select
                (select count(*) from predictions.served
                    where kickoff > %s and (model_name, model_version) <> (%s, %s)),
                (select max(promotion_id) from models.decisions where decision <> 'kept')
            """,
            [datetime.now(UTC), version.name, version.version],
        ).fetchone() or (0, None)
    if not others:
        return dg.SkipReason(f"all that is served is by {version.name} version {version.version}")
    work = f"promotion {promotion}: {version.name} {version.version}"
    return once(context, work)


@dg.sensor(job=retrain, minimum_interval_seconds=600, default_status=dg.DefaultSensorStatus.RUNNING)
def on_drift_alarm(context: dg.SensorEvaluationContext, warehouse: Warehouse) -> dg.RunRequest | dg.SkipReason:
    """Fit models again when an alarm rings that did not ring when the champion was fitted. Once for each such alarm:
    drift that a new fit does not cure is for people to look at."""
    with warehouse.connect() as connection:
        version = champion(connection)
        if version is None:
            return dg.SkipReason("there is no champion: footpred run trains the first")
        rung = _alarms(connection, datetime.now(UTC))
        news = sorted(rung - _alarms(connection, version.as_of) - _alarms(connection, version.as_of, LOOKED_AT))
    if not news:
        return dg.SkipReason(f"{len(rung)} alarms, all of them older than the champion" if rung else "no alarm")
    return once(context, f"{version.name} {version.version} and {', '.join(news)}")


def _alarms(connection: psycopg.Connection, at: datetime, within: timedelta | None = None) -> set[str]:
    """Of the last look at drift until ``at``, or else the first ``within`` a while after it; each alarm with the season
    it is about."""
    row = connection.execute(
        """
        select current, alarms from monitoring.drift_runs
        where case when %(within)s::interval is null then as_of <= %(at)s
            else as_of > %(at)s and as_of <= %(at)s + %(within)s end
        order by case when %(within)s::interval is null then -run_id else run_id end limit 1
        """,
        {"at": at, "within": within},
    ).fetchone()
    return {f"{alarm} in {row[0]}" for alarm in row[1]} if row else set()


@dg.run_failure_sensor(minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def run_failed(context: dg.RunFailureSensorContext) -> Iterator[dg.SkipReason]:
    """Tell Alertmanager of every failed run, where FOOTPRED_ALERTMANAGER_URL names one."""
    if not SETTINGS.alertmanager_url:
        yield dg.SkipReason("nobody is told: set FOOTPRED_ALERTMANAGER_URL")
        return
    run, front = context.dagster_run, url_of(SETTINGS, "dagster")
    said = {
        "summary": f"Run {run.run_id[:8]} of {run.job_name} failed",
        "description": context.failure_event.message or "",
    }
    try:
        tell(
            SETTINGS.alertmanager_url,
            "RunFailed",
            {"job_name": run.job_name, "severity": "warning"},
            {**said, "runbook_url": "deploy/monitoring/runbooks/RunFailed.md"},
            f"{front}/runs/{run.run_id}" if front else "",
        )
    except httpx.HTTPError as error:
        context.log.warning("Alertmanager was not told of run %s: %s", run.run_id, error)


@dg.sensor(minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.RUNNING)
def record_asset_states(context: dg.SensorEvaluationContext, warehouse: Warehouse) -> dg.SkipReason:
    """Write down how assets and checks stand, for the dashboard and the alerts; starts no run."""
    now = datetime.now(UTC)
    assert context.repository_def is not None
    graph = context.repository_def.asset_graph
    with warehouse.connect() as connection:
        remember(connection, (graph.get(key).code_version for key in graph.get_all_asset_keys()))
        changed = changed_modules(connection)
        assets, checks = asset_states(graph, context.instance, now, switched_off(SETTINGS), changed)
        record_states(connection, assets, checks.evaluated(), now)
    wrong = [f"{each.key} {each.state}" for each in assets if each.state != "fresh"]
    return dg.SkipReason(", ".join(wrong) or f"all {len(assets)} assets are fresh")
