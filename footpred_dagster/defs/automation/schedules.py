"""Schedules, in UTC: a daily refresh whatever sensors saw, older seasons in turn twice a week, models every week."""

from datetime import UTC, datetime

import dagster as dg

from footpred_dagster.defs.automation.jobs import refresh, retrain
from footpred_dagster.defs.resources import Warehouse
from footpred_dagster.orchestration.partitions import add_partitions, ranges
from footpred_dagster.orchestration.refresh_planning import followed, longest_unanswered
from footpred_dagster.sources.football_data.load import FIXTURES

FILES_IN_TURN = 60
EMPTY = "the warehouse is empty: footpred run fills it first"


@dg.schedule(job=refresh, cron_schedule="30 6 * * *", default_status=dg.DefaultScheduleStatus.RUNNING)
def daily(context: dg.ScheduleEvaluationContext, warehouse: Warehouse) -> list[dg.RunRequest] | dg.SkipReason:
    """The season under way, asked for and built again."""
    at = context.scheduled_execution_time
    with warehouse.connect() as connection:
        targets = followed(connection, at.date())
    keys = [target.partition_key for target in targets if target.partition_key != FIXTURES.partition_key]
    return (
        _ranges(context.instance, keys, at)
        if keys
        else dg.SkipReason("the warehouse is empty: footpred run fills it first")
    )


@dg.schedule(job=refresh, cron_schedule="0 3 * * 2,5", default_status=dg.DefaultScheduleStatus.RUNNING)
def every_season(context: dg.ScheduleEvaluationContext, warehouse: Warehouse) -> list[dg.RunRequest] | dg.SkipReason:
    """Every season in turn, those first that the source answered for longest ago: old results are corrected at times.

    All seasons of the 22 main divisions take six weeks, for the server is somebody else's.
    """
    with warehouse.connect() as connection:
        keys = longest_unanswered(connection, FILES_IN_TURN)
    at = context.scheduled_execution_time
    return (
        _ranges(context.instance, keys, at)
        if keys
        else dg.SkipReason("the warehouse is empty: footpred run fills it first")
    )


@dg.schedule(job=retrain, cron_schedule="0 4 * * 1", default_status=dg.DefaultScheduleStatus.RUNNING)
def weekly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Models, whether or not enough was played."""
    return dg.RunRequest(run_key=f"weekly {context.scheduled_execution_time:%Y-%m-%d}")


def _ranges(instance: dg.DagsterInstance, keys: list[str], at: datetime) -> list[dg.RunRequest]:
    """A run for each range of partitions."""
    add_partitions(instance, at.date())
    return [
        dg.RunRequest(
            run_key=f"{first} to {last} {at.astimezone(UTC):%Y-%m-%dT%H:%M}",
            tags={"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last},
        )
        for first, last in ranges(instance, keys)
    ]
