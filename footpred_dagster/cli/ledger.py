"""``footpred ledger``: proof that no sealed prediction was changed, and the ledger to take away."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from footpred_dagster.cli.failures import FAILED
from footpred_dagster.cli.options import Reading, because_option, json_option


@click.group()
def ledger() -> None:
    """Sealed predictions: verify the chain, export it, or go on after the clock was set back."""


@ledger.command(cls=Reading)
@click.option(
    "--earlier",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    multiple=True,
    help="An anchors.json of an earlier export, which must still hold; may be given again.",
)
@json_option
def verify(earlier: tuple[Path, ...], as_json: bool) -> None:
    """Recompute every hash, and compare the chain with its anchors in the archive.

    Exit code 1 and the first bad row when one was changed, removed, inserted, cut off the end or back-dated.
    """
    from footpred_dagster.cli import ledger_commands

    found = ledger_commands.verify(earlier)
    ledger_commands.print_verification(found, as_json=as_json)
    sys.exit(0 if found["ok"] else FAILED)


@ledger.command(cls=Reading)
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
    from footpred_dagster.cli import ledger_commands

    ledger_commands.print_export(ledger_commands.export(directory), as_json=as_json)


@ledger.command()
@because_option("Why the clock was ahead; kept for good.")
@json_option
def resume(because: str, as_json: bool) -> None:
    """Seal again after the database's clock was ahead and was set back: the order of times begins anew.

    Refused while the clock is not behind the ledger. Every verifier names the time and the reason.
    """
    from footpred_dagster.cli import ledger_commands

    ledger_commands.print_resumed(ledger_commands.resume(because), as_json=as_json)
