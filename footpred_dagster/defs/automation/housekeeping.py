"""The nightly job that keeps Dagster's own tables bounded."""

from datetime import UTC, datetime

import dagster as dg

from footpred_dagster.defs.resources import Warehouse
from footpred_dagster.orchestration.retention import KEPT_FOR, forget


@dg.op
def forget_old_runs(context: dg.OpExecutionContext, warehouse: Warehouse) -> None:
    """Runs over a month old, unless one holds the newest word on an asset, a partition or a check."""
    checks = context.repository_def.asset_graph.asset_check_keys
    with warehouse.connect() as connection:
        done = forget(context.instance, connection, checks, datetime.now(UTC) - KEPT_FOR)
    context.log.info("forgot %d runs and %d requests, kept %d old runs", done.runs, done.requests, done.kept)


@dg.job(executor_def=dg.in_process_executor)
def housekeeping() -> None:
    forget_old_runs()


@dg.schedule(job=housekeeping, cron_schedule="10 5 * * *", default_status=dg.DefaultScheduleStatus.RUNNING)
def nightly(_: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Ticks are forgotten by Dagster itself."""
    return dg.RunRequest()
