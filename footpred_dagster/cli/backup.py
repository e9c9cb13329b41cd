"""``footpred backup`` and ``footpred restore``: what cannot be made again, to a folder and back."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from footpred_dagster.cli.session import Reading, Session, with_session
from footpred_dagster.core.backup import backup as dump
from footpred_dagster.core.backup import restore as load
from footpred_dagster.core.database.connection import database_url, establish_roles


@click.command(cls=Reading)
@click.argument("folder", type=click.Path(path_type=Path))
@with_session
def backup(session: Session, folder: Path) -> None:
    """Write what cannot be made again to a new FOLDER: ledger, keys, registry, fetch log.

    Runs beside everything else: it reads one snapshot. The archive is not in it: copy that with footpred pull.
    """
    manifest = dump.backup(database_url(session.settings), session.archive, folder)
    session.tell({"folder": str(folder)} | manifest, lambda: _print_backup(manifest, folder))


def _print_backup(manifest: dict[str, Any], folder: Path) -> None:
    size, ledger, tables = manifest["dump"]["bytes"] / 2**20, manifest["ledger"], manifest["tables"]
    click.echo(f"{sum(tables.values())} rows of {len(tables)} tables, {size:.1f} MiB in {folder}")
    click.echo(f"schema {manifest['schema']}, ledger of {ledger['rows']} rows, head {ledger['head'] or 'none'}")


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--accept-loss", is_flag=True, help="Go on though the archive knows of predictions sealed later.")
@with_session
def restore(session: Session, folder: Path, accept_loss: bool) -> None:
    """Fill an empty database from FOLDER, migrate it and verify its ledger; footpred run builds the rest.

    All or nothing: a restore that fails can be started again.
    """
    done = load.restore(database_url(session.settings), session.archive, folder, accept_loss=accept_loss)
    establish_roles(session.settings)
    facts = {
        "created_at": done.manifest["created_at"],
        "tables": done.tables,
        "lost": done.lost,  # predictions that were sealed after the backup
        "ledger": {"ok": done.ledger.ok, **asdict(done.ledger), "remarks": done.ledger.lines()[1:]},
    }
    session.tell(facts, lambda: _print_restored(facts))


def _print_restored(done: dict[str, Any]) -> None:
    click.echo(f"{sum(done['tables'].values())} rows of {len(done['tables'])} tables, as of {done['created_at']}")
    if done["lost"]:
        click.echo(f"{done['lost']} predictions sealed after that are lost; the ledger goes on under a new id")
    click.echo(f"the ledger is whole: {done['ledger']['rows']} rows, head {done['ledger']['head'] or 'none'}")
    for remark in done["ledger"]["remarks"]:
        click.echo(remark)
    click.echo("footpred run --source archive builds the rest")
