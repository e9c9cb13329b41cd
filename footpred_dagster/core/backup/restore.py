"""A backup brought back into an empty database, migrated to the newest schema, its ledger verified."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.backup.backup import (
    DUMP,
    BackupError,
    count_rows,
    one,
    present,
    read_manifest,
    refuse_newer,
    server_major,
)
from footpred_dagster.core.database import client_tools
from footpred_dagster.core.database.connection import migrate, schema_version
from footpred_dagster.core.predictions.anchors import archived_anchors, put_anchor
from footpred_dagster.core.predictions.ledger import adopt_anchors, identity, publish_anchors, verify_anchored
from footpred_dagster.core.predictions.ledger_verifier import Anchor, Verification

MIGRATED = {"predictions.ledger_identity", "predictions.ledger_anchors"}
"""Filled by a migration: the backup's rows take the place of those."""
COUNTED = "do $$ begin if (select count(*) from {}) <> {} then raise exception '%', {}; end if; end $$"


@dataclass(frozen=True, slots=True)
class Restored:
    """tables: rows by table; lost: sealed predictions the archive has anchors of and the backup has not."""

    manifest: dict[str, Any]
    tables: dict[str, int]
    lost: int
    ledger: Verification


def restore(url: str, archive: Archive, folder: Path, *, accept_loss: bool = False) -> Restored:
    """Fill an empty database from ``folder``, all in one transaction, and verify the ledger against the archive.

    Predictions sealed after the backup are told by their anchors in the archive; with ``accept_loss`` the ledger goes
    on without them under a new id, the old anchors staying as evidence. Raises what ``backup`` raises.
    """
    manifest = read_manifest(folder)
    refuse_newer(f"the backup in {folder}", manifest["schema"])
    ledger, tables = manifest["ledger"], manifest["tables"]
    lost = max(0, max((anchor.rows for anchor in archived_anchors(archive, ledger["id"])), default=0) - ledger["rows"])
    if lost and not accept_loss:
        raise BackupError(
            f"{lost} predictions were sealed after this backup, as anchors in {archive.place} tell: restore a newer "
            "backup, or give --accept-loss to go on without them under a new ledger id"
        )
    _refuse_occupied(url, manifest["schema"])
    migrate(url, manifest["schema"])
    with psycopg.connect(url, prepare_threshold=None) as connection:
        before, after = _around(connection, tables, new_id=lost > 0)
        major = server_major(connection)
    client_tools.load(url, major, folder / DUMP, before, after)
    migrate(url)
    with psycopg.connect(url, prepare_threshold=None, options="-c timezone=UTC") as connection:
        for entry in ledger["anchors"]:  # the archive may have been lost as well, and the id may be new
            # Backups before schema 0031 have pairs of rows and head.
            known = Anchor(*entry) if isinstance(entry, list) else Anchor.from_json(entry)
            put_anchor(archive, identity(connection), known)
        adopt_anchors(connection, archive, replace_first="predictions.ledger_anchors" not in tables)
        connection.commit()
        publish_anchors(connection, archive)
        found = verify_anchored(connection, archive)
        if not found.ok:
            raise BackupError(f"restored, but the ledger is not whole: {found.lines()[0]}")
        return Restored(manifest, count_rows(connection, tables), lost, found)


def _around(connection: psycopg.Connection, tables: dict[str, int], *, new_id: bool) -> tuple[str, str]:
    """SQL before and after the rows: our own triggers, which would stamp, refuse and notify, are off in between.

    Off in this one transaction, so that nobody ever sees the ledger unguarded. Those of foreign keys stay on: to switch
    them off takes a superuser, and pg_dump writes rows in an order that satisfies them.
    """
    names = {table: sql.Identifier(*table.split(".")) for table in tables}
    off, on = sql.SQL("alter table {} disable trigger user"), sql.SQL("alter table {} enable trigger user")
    before = [off.format(name) for name in names.values()]
    before += [sql.SQL("delete from {}").format(names[table]) for table in MIGRATED & tables.keys()]
    after: list[sql.Composable] = [
        sql.SQL(COUNTED).format(names[table], rows, f"{table} has not the {rows} rows of the manifest")
        for table, rows in tables.items()
    ]
    if new_id:
        after.append(sql.SQL("update predictions.ledger_identity set ledger_id = gen_random_uuid()"))
    after += [on.format(name) for name in names.values()]
    joined = sql.SQL("; ").join
    return joined(before).as_string(connection), joined(after).as_string(connection)


def _refuse_occupied(url: str, schema: str) -> None:
    """Only an empty database, or one of the same schema without rows, as a failed restore leaves it, is filled."""
    found = schema_version(url)
    with psycopg.connect(url, prepare_threshold=None) as connection:
        if found is None:
            tables = "select count(*) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
            (foreign,) = one(connection, tables)
            occupied = [f"tables: {foreign}"] if foreign else []
        else:
            rows = count_rows(connection, present(connection) - MIGRATED)
            occupied = [f"{table}: {n} rows" for table, n in rows.items() if n]
            if found != schema:
                occupied.append(f"schema {found}, the backup is of {schema}")
    if occupied:
        raise BackupError(f"the database is not empty ({occupied[0]}): restore into a new one, nothing is overwritten")
