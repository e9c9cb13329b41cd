"""``footpred ledger``: proof that no sealed prediction was changed, and the ledger to take away."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from footpred_dagster.cli_options import json_option
from footpred_dagster.failures import FAILED, failures_explained


@click.group()
def ledger() -> None:
    """Sealed predictions: verify the chain, or export it."""


@ledger.command()
@json_option
def verify(as_json: bool) -> None:
    """Recompute every hash, and compare the chain with its anchors in the archive.

    Exit code 1 and the first bad row when one was changed, removed, put between or cut off the end.
    """
    with failures_explained():
        from footpred_dagster import ledger_commands

        found = ledger_commands.verify()
        ledger_commands.print_verification(found, as_json=as_json)
        sys.exit(0 if found["ok"] else FAILED)


@ledger.command()
@click.option(
    "--to",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("ledger"),
    show_default=True,
    help="Folder to write to.",
)
@json_option
def export(directory: Path, as_json: bool) -> None:
    """Write the ledger as Parquet, with its anchors and a verifier that needs nothing of footpred but pyarrow."""
    with failures_explained():
        from footpred_dagster import ledger_commands

        ledger_commands.print_export(ledger_commands.export(directory), as_json=as_json)
