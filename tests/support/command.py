"""The ``footpred`` command as its users run it: a process of its own, with its own home."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

from footpred_dagster.core.database.connection import migrate
from footpred_dagster.core.database.embedded_server import EmbeddedPostgres
from tests.support import warm

TIMEOUT = 480
LAYERS = ["raw", "staging", "intermediate", "ratings", "features", "models", "predictions", "monitoring"]
TOLD_BY_THE_CLOCK = [
    "mlflow_run_id",
    "mlflow_version",
    "loaded_at",
    "refused_at",
    "created_at",
    "trained_at",
    "sealed_at",
    "scored_at",
    "hash",
    "changed_at",
    "held_at",
    "decided_at",
    "accepted_at",
    "batch_id",
    "dagster_run_id",
    "correlation_id",
    "git_commit",
]


@dataclass(frozen=True)
class Home:
    """A FOOTPRED_HOME and the commands run in it."""

    path: Path
    environment: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def _environment(self) -> dict[str, str]:
        return os.environ | {"FOOTPRED_HOME": str(self.path)} | self.environment

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Begin a command; its standard streams are pipes."""
        return subprocess.Popen(
            [sys.executable, "-m", "footpred_dagster.cli", *arguments],
            env=self._environment,
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, code: int = 0) -> str:
        """Run a command to its end and return stdout; fails the test unless it exits with ``code``."""
        ended, out, err = warm.call(["footpred", *arguments], self._environment, TIMEOUT)
        assert ended == code, f"exit {ended}\n{out[-3000:]}\n{err[-3000:]}"
        return out or err

    def json(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        return dict(json.loads(self.run(*arguments, "--json", code=code)))

    @property
    def database_url(self) -> str:
        return _database_url(self)

    def checksums(self) -> dict[str, str]:
        """md5 of the rows of every table a run writes, without the columns that tell when it ran."""
        with psycopg.connect(self.database_url) as connection:
            return checksums(connection)


@cache
def _database_url(home: Home) -> str:
    if url := home.environment.get("FOOTPRED_DATABASE_URL"):
        return url
    url = EmbeddedPostgres(home.path).start()
    migrate(url)
    return url


DIARIES = [
    "ledger_identity",
    "fetches",
    "promotions",
    "looks",
    "interventions",
    "changes",
    "int_changes",
    "build_marks",
    "refused_files",
    "drift_runs",
    "asset_states",
    "check_states",
    "decisions",
    "code_modules",
    "ledger_anchors",
]
"""Tables that tell what was done; two ways to the same data differ in them."""


def checksums(connection: psycopg.Connection) -> dict[str, str]:
    tables = connection.execute(
        """
        select table_schema || '.' || table_name from information_schema.tables
        where table_schema = any(%s) and not table_name = any(%s)
        """,
        [LAYERS, DIARIES],
    ).fetchall()
    return {table: _checksum(connection, table) for (table,) in tables}


def _checksum(connection: psycopg.Connection, table: str) -> str:
    row = connection.execute(
        f"""
        select count(*) || ' ' || coalesce(md5(string_agg(line, ' ' order by line)), '')
        from (select (to_jsonb(t) - %s::text[])::text as line from {table} as t) as lines
        """,
        [TOLD_BY_THE_CLOCK],
    ).fetchone()
    return str(row[0]) if row else ""


@contextmanager
def fresh_home(parent: Path) -> Iterator[Home]:
    """An empty home under ``parent``, its server stopped and its folders removed afterwards."""
    home = Home(parent / "home")
    try:
        yield home
    finally:
        home.run("down")
        elsewhere = home.path / "postgres" / "cluster"
        if elsewhere.exists():
            shutil.rmtree(elsewhere.read_text().strip(), ignore_errors=True)
