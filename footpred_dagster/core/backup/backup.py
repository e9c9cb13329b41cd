"""What cannot be made again, written to a folder that ``core/backup/restore.py`` brings back.

A backup is ``footpred.dump`` (rows of ``durable.KEPT``) and ``manifest.json``, both of one snapshot. The archive is
not in it: its objects are immutable, and copied by ``footpred pull`` or by the bucket's own replication.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.database import client_tools
from footpred_dagster.core.database.connection import NEWEST_REVISION, NewerSchema, schema_version
from footpred_dagster.core.database.tables import KEPT
from footpred_dagster.core.predictions.anchors import archived_anchors
from footpred_dagster.core.predictions.ledger import head, identity, stored_anchors

DUMP, MANIFEST = "footpred.dump", "manifest.json"
FORMAT = 1


class BackupError(RuntimeError):
    """There is nothing to back up, or this backup cannot go into this database; the message says why and what to do."""


def backup(url: str, archive: Archive, folder: Path) -> dict[str, Any]:
    """Write a backup to ``folder``, complete or not at all, and return its manifest. The database is only read.

    Raises BackupError, NewerSchema, PostgresToolsError, ArchiveError, psycopg.OperationalError.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BackupError(f"{folder} is there already: name a new folder")
    schema = schema_version(url)
    if schema is None:
        raise BackupError("the database is empty: there is nothing to back up")
    refuse_newer("the database", schema)
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    with (
        psycopg.connect(url, prepare_threshold=None, options="-c timezone=UTC") as connection,
        tempfile.TemporaryDirectory(dir=folder.absolute().parent, prefix=f".{folder.name}-") as unfinished,  # 0700
    ):
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        (snapshot,) = one(connection, "select pg_export_snapshot()")
        tables = count_rows(connection, present(connection))
        dumped = Path(unfinished) / DUMP
        client_tools.dump(url, server_major(connection), list(tables), snapshot, dumped)
        end = head(connection)
        name = identity(connection)
        newest = max((anchor.number for anchor in stored_anchors(connection)), default=0)
        # Later anchors were taken after the snapshot.
        known = [each for each in archived_anchors(archive, name) if each.rows <= end.rows and each.number <= newest]
        anchors = [each.as_json() for each in known]
        manifest = {
            "format": FORMAT,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "footpred": version("footpred"),
            "schema": schema,
            "postgresql": connection.info.server_version,
            "dump": {"sha256": _sha256(dumped), "bytes": dumped.stat().st_size},
            "ledger": {"id": name, "rows": end.rows, "head": end.hash, "anchors": anchors},
            "tables": tables,
        }
        (Path(unfinished) / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
        for path in (dumped, Path(unfinished) / MANIFEST, Path(unfinished)):
            _sync(path)
        folder.mkdir(mode=0o700, exist_ok=True)
        for path in (dumped, Path(unfinished) / MANIFEST):  # the manifest last: without it there is no backup
            path.replace(folder / path.name)
        _sync(folder)
    return manifest


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a whole backup; raises BackupError when there is none, or its dump is not what was written."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        found = _sha256(folder / DUMP)
    except (OSError, ValueError) as error:
        raise BackupError(f"{folder} holds no whole backup: {error}") from error
    if manifest.get("format") != FORMAT:
        raise BackupError(f"{folder} is of format {manifest.get('format')}, this footpred reads {FORMAT}: update it")
    if unknown := manifest["tables"].keys() - KEPT.keys():
        raise BackupError(f"{folder} holds {', '.join(sorted(unknown))}, unknown to this footpred: update it")
    if found != manifest["dump"]["sha256"]:
        raise BackupError(f"{folder / DUMP} is damaged: it hashes to {found}. Take another copy of this backup")
    return manifest


def refuse_newer(what: str, schema: str) -> None:
    if schema > NEWEST_REVISION:
        raise NewerSchema(f"{what} is at schema {schema}, this footpred knows {NEWEST_REVISION}: use a newer footpred")


def present(connection: psycopg.Connection) -> set[str]:
    """Tables to keep that this schema has: an older one lacks the newest."""
    return {table for table in KEPT if one(connection, "select to_regclass(%s) is not null", table)[0]}


def count_rows(connection: psycopg.Connection, tables: Iterable[str]) -> dict[str, int]:
    count = sql.SQL("select count(*) from {}")
    named = {table: count.format(sql.Identifier(*table.split("."))) for table in sorted(tables)}
    return {table: one(connection, query)[0] for table, query in named.items()}


def one(connection: psycopg.Connection, query: Any, *values: str) -> tuple[Any, ...]:
    row: tuple[Any, ...] | None = connection.execute(query, values).fetchone()
    assert row is not None
    return row


def server_major(connection: psycopg.Connection) -> int:
    return connection.info.server_version // 10_000


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
