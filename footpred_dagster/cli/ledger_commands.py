"""What ``footpred ledger`` does, and how it is shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import psycopg

from footpred_dagster.core.archive.locations import open_archive
from footpred_dagster.core.database.connection import connect, connect_migrated, prepare_database
from footpred_dagster.core.predictions.ledger import all_anchors, identity, verify_anchored
from footpred_dagster.core.predictions.ledger import resume as begin_anew
from footpred_dagster.core.predictions.ledger_verifier import read_anchors
from footpred_dagster.core.settings import Settings


def verify(earlier: Sequence[Path] = ()) -> dict[str, Any]:
    """The verdict on the whole chain: ``ok``, the fields of ``Verification``, the number of ``anchors``, ``lines``.

    ``earlier``: files anchors.json of earlier exports.
    """
    settings = Settings.from_env()
    prepare_database(settings)
    archive = open_archive(settings)
    with connect(settings) as connection:
        try:
            ledger = identity(connection)
        except LookupError as error:
            raise click.ClickException(str(error)) from error
        try:
            kept = [anchor for path in earlier for anchor in read_anchors(str(path), ledger)[1]]
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        found = verify_anchored(connection, archive, kept)
        anchors = len(all_anchors(connection, archive))
    lines = ["the ledger is empty"] if found.ok and not found.rows else found.lines(anchors)
    return {"ok": found.ok, **asdict(found), "anchors": anchors, "lines": lines}


def print_verification(found: dict[str, Any], *, as_json: bool) -> None:
    click.echo(json.dumps(found) if as_json else "\n".join(found["lines"]))


def resume(because: str) -> dict[str, Any]:
    """The resume anchor, as in anchors.json. Raises click.ClickException when the clock is not behind the ledger."""
    with connect_migrated() as connection:
        try:
            return begin_anew(connection, open_archive(Settings.from_env()), because).as_json()
        except psycopg.errors.CheckViolation as error:
            raise click.ClickException(str(error.diag.message_primary)) from error


def print_resumed(done: dict[str, Any], *, as_json: bool) -> None:
    text = f"the order of times begins anew after row {done['rows']}, at {done['at']}; every verifier names it"
    click.echo(json.dumps(done) if as_json else text)


def export(directory: Path) -> dict[str, Any]:
    """Write the ledger's files and tell what is in them."""
    from footpred_dagster.core.predictions.ledger_export import export as write  # pyarrow takes a third of a second

    settings = Settings.from_env()
    with connect_migrated(settings) as connection:
        try:
            return asdict(write(connection, open_archive(settings), directory))
        except psycopg.DataError as error:
            raise click.ClickException(
                f"a row of the ledger cannot be read; footpred ledger verify names it: {error}"
            ) from error


def print_export(done: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(done))
        return
    ledger, anchors, verifier = done["files"]
    click.echo(f"{done['rows']} rows and {done['anchors']} anchors; verify them with")
    click.echo(f"python {verifier} {ledger} {anchors}")
