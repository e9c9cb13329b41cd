"""The Dagster instance of a home: its folder, its configuration, its database."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import dagster as dg
import yaml

from footpred_dagster.core.database import database_url, sibling_database
from footpred_dagster.core.settings import TELEMETRY_OFF, Settings


def prepare_home(settings: Settings) -> Path:
    """Write ``dagster.yaml`` for this home and point this process at it.

    The file holds the database password, so it is readable by its owner only; it is rewritten at each start because
    the embedded server may have moved to another port.
    """
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    storage = sibling_database(database_url(settings), "dagster")
    config = {
        "storage": {"postgres": {"postgres_url": storage}},
        "telemetry": {"enabled": False},
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
    text = yaml.safe_dump(config)
    path = home / "dagster.yaml"
    if not path.exists() or path.read_text() != text:
        temporary = path.with_suffix(f".{os.getpid()}")
        temporary.touch(mode=0o600)
        temporary.write_text(text)
        temporary.replace(path)
    os.environ.update(TELEMETRY_OFF, DAGSTER_HOME=str(home))
    return home


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance of this home, its storage migrated by Dagster on first use."""
    home = prepare_home(settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return dg.DagsterInstance.from_config(str(home))
