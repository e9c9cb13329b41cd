"""What ``footpred backup`` and ``footpred restore`` do, and how it is shown."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from footpred_dagster.core.archive.locations import open_archive
from footpred_dagster.core.backup import backup as core
from footpred_dagster.core.backup import restore as core_restore
from footpred_dagster.core.database.connection import database_url, establish_roles
from footpred_dagster.core.settings import Settings


def backup(folder: Path) -> dict[str, Any]:
    """The manifest of what was written."""
    settings = Settings.from_env()
    return core.backup(database_url(settings), open_archive(settings), folder)


def print_backup(manifest: dict[str, Any], folder: Path, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"folder": str(folder)} | manifest))
        return
    size, ledger, tables = manifest["dump"]["bytes"] / 2**20, manifest["ledger"], manifest["tables"]
    click.echo(f"{sum(tables.values())} rows of {len(tables)} tables, {size:.1f} MiB in {folder}")
    click.echo(f"schema {manifest['schema']}, ledger of {ledger['rows']} rows, head {ledger['head'] or 'none'}")


def restore(folder: Path, *, accept_loss: bool) -> dict[str, Any]:
    """What is in the database now; ``lost``: predictions that were sealed after the backup."""
    settings = Settings.from_env()
    done = core_restore.restore(database_url(settings), open_archive(settings), folder, accept_loss=accept_loss)
    establish_roles(settings)
    return {
        "created_at": done.manifest["created_at"],
        "tables": done.tables,
        "lost": done.lost,
        "ledger": {"ok": done.ledger.ok, **asdict(done.ledger), "remarks": done.ledger.lines()[1:]},
    }


def print_restored(done: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(done))
        return
    click.echo(f"{sum(done['tables'].values())} rows of {len(done['tables'])} tables, as of {done['created_at']}")
    if done["lost"]:
        click.echo(f"{done['lost']} predictions sealed after that are lost; the ledger goes on under a new id")
    click.echo(f"the ledger is whole: {done['ledger']['rows']} rows, head {done['ledger']['head'] or 'none'}")
    for remark in done["ledger"]["remarks"]:
        click.echo(remark)
    click.echo("footpred run --source archive builds the rest")
