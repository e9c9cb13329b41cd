"""The Dagster instance of a home: its folder, its configuration, its database."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import dagster as dg
import yaml

from footpred_dagster.core.database import database_url, sibling_database
from footpred_dagster.core.settings import TELEMETRY_OFF, Settings


def prepare_home(settings: Settings) -> Path:
    """Write ``dagster.yaml`` for this home and point this process at it.

    Rewritten whenever the database moved: the embedded server may be on another port after a restart.
    """
    home = settings.dagster_home
    home.mkdir(parents=True, exist_ok=True)
    storage = _without_password(sibling_database(database_url(settings), "dagster"), home / "pgpass")
    config = {
        "storage": {"postgres": {"postgres_url": storage}},
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
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
    _write_private(home / "dagster.yaml", yaml.safe_dump(config))
    os.environ.update(TELEMETRY_OFF, DAGSTER_HOME=str(home))
    return home


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance of this home, its storage migrated by Dagster on first use."""
    home = prepare_home(settings)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return dg.DagsterInstance.from_config(str(home))


def _without_password(url: str, passfile: Path) -> str:
    """``url`` with its password moved to a libpq password file.

    Dagster hands its configuration to child processes as an argument, where every user of the machine can read it.
    """
    parts = urlsplit(url)
    if parts.password is None:
        return url
    fields = (parts.hostname, parts.port or 5432, parts.path.lstrip("/"), parts.username, parts.password)
    line = ":".join(unquote(str(field)).replace("\\", "\\\\").replace(":", "\\:") for field in fields)
    _write_private(passfile, line + "\n")
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
    address = f"{quote(unquote(parts.username or ''))}@{host}:{parts.port or 5432}"
    query = urlencode([*parse_qsl(parts.query), ("passfile", str(passfile))])
    return urlunsplit(parts._replace(netloc=address, query=query))


def _write_private(path: Path, text: str) -> None:
    """Replace a file only its owner may read, whole or not at all; an equal one stays untouched."""
    if path.exists() and path.read_text() == text:
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.touch(mode=0o600)
    temporary.write_text(text)
    temporary.replace(path)
