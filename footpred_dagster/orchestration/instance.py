"""The Dagster instance of a home: its folder, its configuration, its database."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from footpred_dagster.core.database.credentials import without_password, write_private
from footpred_dagster.core.database.sibling_databases import sibling_database
from footpred_dagster.core.settings import TELEMETRY_OFF, Settings

if TYPE_CHECKING:
    import dagster as dg


POLICY = {
    "run_coordinator": {
        "module": "dagster._core.run_coordinator.queued_run_coordinator",
        "class": "QueuedRunCoordinator",
        "config": {"dequeue_interval_seconds": 2},
    },
    # One run at a time asks the source, fits models or writes the warehouse. Counted by run, and by the queue: a step
    # that claimed a slot itself and was killed would keep `footpred run` waiting, which has no daemon to free it.
    "concurrency": {"runs": {"max_concurrent_runs": 4}, "pools": {"default_limit": 1, "granularity": "run"}},
    # A run that never starts, or whose process is gone, is told so.
    "run_monitoring": {"enabled": True, "start_timeout_seconds": 300, "poll_interval_seconds": 30},
    "run_retries": {"enabled": True, "max_retries": 1, "retry_on_asset_or_op_failure": False},
    "freshness": {"enabled": True},
    "retention": {
        "schedule": {"purge_after_days": 90},
        "sensor": {"purge_after_days": {"skipped": 2, "failure": 30, "success": 30}},
        "auto_materialize": {"purge_after_days": {"skipped": 2, "failure": 30, "success": 30}},
    },
    "telemetry": {"enabled": False},
    "nux": {"enabled": False},
}
"""What holds for every instance, of a home or of a cluster: ``deploy/chart/files/dagster.yaml`` says the same."""


def prepare_home(settings: Settings, component: str = "pipeline") -> Path:
    """Write ``dagster.yaml`` for this home and point this process at it.

    Rewritten whenever the database moved: the embedded server may be on another port after a restart. Another component
    than the pipeline has a folder of its own.
    """
    home = settings.dagster_home if component == "pipeline" else settings.home / component / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    storage = without_password(sibling_database(settings, "dagster", component), home / "pgpass")
    config = {
        "storage": {"postgres": {"postgres_url": storage}},
        **POLICY,
        "compute_logs": {
            "module": "dagster._core.storage.local_compute_log_manager",
            "class": "LocalComputeLogManager",
            "config": {"base_dir": str(home / "logs")},
        },
        "local_artifact_storage": {
            "module": "dagster._core.storage.root",
            "class": "LocalArtifactStorage",
            "config": {"base_dir": str(home)},
        },
    }
    write_private(home / "dagster.yaml", yaml.safe_dump(config))
    os.environ.update(TELEMETRY_OFF, DAGSTER_HOME=str(home))
    return home


def open_instance(settings: Settings, component: str = "pipeline") -> dg.DagsterInstance:
    """The instance of this home, its storage migrated by Dagster on first use."""
    import dagster as dg

    home = prepare_home(settings, component)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Dagster's own, while it opens its storage
        return dg.DagsterInstance.from_config(str(home))


def keep_connections(instance: dg.DagsterInstance) -> None:
    """Keep database connections open between queries, as Dagster's web server does, for a process that does much.

    Without it Dagster connects for every query: 7 500 times, 4 ms each, while a history is loaded. A connection that
    the server closed meanwhile is replaced when it is next taken from the pool.
    """
    from sqlalchemy import event

    instance.optimize_for_webserver(statement_timeout=0, pool_recycle=3600, max_overflow=20)
    for storage in (instance.event_log_storage, instance.run_storage, instance.schedule_storage):
        event.listen(storage._engine, "checkout", _refuse_if_closed)  # type: ignore[union-attr]  # no public way in


def _refuse_if_closed(connection: Any, *_: object) -> None:
    """Raises DisconnectionError, on which a pool connects anew."""
    import psycopg2
    from sqlalchemy.exc import DisconnectionError

    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
    except psycopg2.Error as error:
        raise DisconnectionError from error
