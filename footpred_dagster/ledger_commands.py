"""What ``footpred ledger`` does, and how it is shown."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from footpred_dagster.core.database import connect, database_url, migrate
from footpred_dagster.core.ledger import identity, verify_anchored
from footpred_dagster.core.settings import Settings
from footpred_dagster.core.storage import open_archive


def verify() -> dict[str, Any]:
    """The verdict on the whole chain: ``ok``, whole ``rows``, ``head``, ``anchors``, ``bad_seq`` and ``problem``."""
    settings = Settings.from_env()
    migrate(database_url(settings))
    archive = open_archive(settings)
    with connect(settings) as connection:
        found = verify_anchored(connection, archive)
        return {"ok": found.ok, **asdict(found), "anchors": len(archive.anchors(identity(connection)))}


def print_verification(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found))
    elif not found["ok"]:
        click.echo(f"row {found['bad_seq']}: {found['problem']}")
    elif not found["rows"]:
        click.echo("the ledger is empty")
    else:
        click.echo(f"{found['rows']} rows are whole, {found['anchors']} anchors agree, head {found['head']}")


def export(directory: Path) -> dict[str, Any]:
    """Write the ledger's files and tell what is in them."""
    from footpred_dagster.core.ledger_export import export as write  # pyarrow takes a third of a second

    settings = Settings.from_env()
    migrate(database_url(settings))
    with connect(settings) as connection:
        return asdict(write(connection, open_archive(settings), directory))


def print_export(done: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(done))
        return
    ledger, anchors, verifier = done["files"]
    click.echo(f"{done['rows']} rows and {done['anchors']} anchors; verify them with")
    click.echo(f"python {verifier} {ledger} {anchors}")
