"""The Dagster instance of a home: its folder, its configuration, its database."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from footpred_dagster.core.database import database_url, sibling_database
from footpred_dagster.core.private import without_password, write_private
from footpred_dagster.core.settings import TELEMETRY_OFF, Settings

if TYPE_CHECKING:
    import dagster as dg


def prepare_home(settings: Settings) -> Path:
    """Write ``dagster.yaml`` for this home and point this process at it.

    Rewritten whenever the database moved: the embedded server may be on another port after a restart.
    """
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    storage = without_password(sibling_database(database_url(settings), "dagster"), home / "pgpass")
    config = {
        "storage": {"postgres": {"postgres_url": storage}},
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        # Runs that write wait for each other; a run that never starts or whose process is gone is told so.
        "run_coordinator": {
            "module": "dagster._core.run_coordinator.queued_run_coordinator",
            "class": "QueuedRunCoordinator",
            "config": {
                "max_concurrent_runs": 4,
                "tag_concurrency_limits": [{"key": "footpred/writes", "value": "warehouse", "limit": 1}],
                "dequeue_interval_seconds": 2,
            },
        },
        "run_monitoring": {"enabled": True, "start_timeout_seconds": 300, "poll_interval_seconds": 30},
        "run_retries": {"enabled": True, "max_retries": 1, "retry_on_asset_or_op_failure": False},
        "retention": {
            "schedule": {"purge_after_days": 90},
            "sensor": {"purge_after_days": {"skipped": 2, "failure": 30, "success": 30}},
        },
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


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance of this home, its storage migrated by Dagster on first use."""
    import dagster as dg

    home = prepare_home(settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Dagster's own, while it opens its storage
        return dg.DagsterInstance.from_config(str(home))
