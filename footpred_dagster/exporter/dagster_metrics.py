"""What the Dagster instance knows of runs and daemons, as metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import dagster as dg
from prometheus_client.core import GaugeMetricFamily, Metric

NEWEST = 200
"""Runs looked at for the last of each job."""
WAITING = [dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


def collect(instance: dg.DagsterInstance) -> Iterator[Metric]:
    beats = GaugeMetricFamily(
        "footpred_daemon_heartbeat_timestamp_seconds", "When a daemon was last heard of.", labels=["daemon"]
    )
    for name, heartbeat in instance.get_daemon_heartbeats().items():
        beats.add_metric([name.lower()], heartbeat.timestamp)
    yield beats

    statuses = Counter(run.status.value.lower() for run in instance.get_runs(dg.RunsFilter(statuses=WAITING)))
    runs = GaugeMetricFamily("footpred_runs", "Runs that wait or are under way.", labels=["status"])
    for status in WAITING:
        runs.add_metric([status.value.lower()], statuses[status.value.lower()])
    yield runs

    took = GaugeMetricFamily("footpred_run_duration_seconds", "Of the last run of a job that ended.", labels=["job"])
    ended = GaugeMetricFamily("footpred_run_ended_timestamp_seconds", "When it ended.", labels=["job"])
    passed = GaugeMetricFamily("footpred_run_succeeded", "Whether it succeeded.", labels=["job"])
    seen = set()
    for record in instance.get_run_records(limit=NEWEST):
        job = "materialize" if record.dagster_run.job_name.startswith("__") else record.dagster_run.job_name
        if job in seen or record.end_time is None or record.start_time is None:
            continue
        seen.add(job)
        took.add_metric([job], record.end_time - record.start_time)
        ended.add_metric([job], record.end_time)
        passed.add_metric([job], float(record.dagster_run.is_success))
    yield from (took, ended, passed)
