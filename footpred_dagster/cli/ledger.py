"""``footpred ledger``: proof that no sealed prediction was changed, and the ledger to take away."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import psycopg

from footpred_dagster.cli.options import because_option
from footpred_dagster.cli.session import FAILED, Reading, Session, with_session
from footpred_dagster.core.predictions import ledger as core
from footpred_dagster.core.predictions.ledger_verifier import read_anchors


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
@with_session
def verify(session: Session, earlier: tuple[Path, ...]) -> None:
    """Recompute every hash, and compare the chain with its anchors in the archive.

    Exit code 1 and the first bad row when one was changed, removed, inserted, cut off the end or back-dated.
    """
    with session.connect() as connection:
        try:
            ledger = core.identity(connection)
        except LookupError as error:
            raise click.ClickException(str(error)) from error
        try:
            kept = [anchor for path in earlier for anchor in read_anchors(str(path), ledger)[1]]
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        found = core.verify_anchored(connection, session.archive, kept)
        anchors = len(core.all_anchors(connection, session.archive))
    lines = ["the ledger is empty"] if found.ok and not found.rows else found.lines(anchors)
    session.tell({"ok": found.ok, **asdict(found), "anchors": anchors, "lines": lines}, "\n".join(lines))
    sys.exit(0 if found.ok else FAILED)


@ledger.command(cls=Reading)
@click.option(
    "--to",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("ledger"),
    show_default=True,
    help="Folder to write to.",
)
@with_session
def export(session: Session, directory: Path) -> None:
    """Write the ledger as Parquet, with its anchors and a verifier that needs nothing of footpred but pyarrow."""
    from footpred_dagster.core.predictions.ledger_export import export as write  # pyarrow takes a third of a second

    with session.connect() as connection:
        try:
            done = asdict(write(connection, session.archive, directory))
        except psycopg.DataError as error:
            raise click.ClickException(
                f"a row of the ledger cannot be read; footpred ledger verify names it: {error}"
            ) from error
    session.tell(done, lambda: _print_export(done))


def _print_export(done: dict[str, Any]) -> None:
    rows, anchors, verifier = done["files"]
    click.echo(f"{done['rows']} rows and {done['anchors']} anchors; verify them with")
    click.echo(f"python {verifier} {rows} {anchors}")


@ledger.command()
@because_option("Why the clock was ahead; kept for good.")
@with_session
def resume(session: Session, because: str) -> None:
    """Seal again after the database's clock was ahead and was set back: the order of times begins anew.

    Refused while the clock is not behind the ledger. Every verifier names the time and the reason.
    """
    with session.connect() as connection:
        try:
            done = core.resume(connection, session.archive, because).as_json()
        except psycopg.errors.CheckViolation as error:
            raise click.ClickException(str(error.diag.message_primary)) from error
    sentence = f"the order of times begins anew after row {done['rows']}, at {done['at']}; every verifier names it"
    session.tell(done, sentence)
