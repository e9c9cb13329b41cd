"""``footpred backup`` and ``footpred restore``: what cannot be made again, to a folder and back."""

from __future__ import annotations

from pathlib import Path

import click

from footpred_dagster.cli.options import Reading, json_option


@click.command(cls=Reading)
@click.argument("folder", type=click.Path(path_type=Path))
@json_option
def backup(folder: Path, as_json: bool) -> None:
    """Write what cannot be made again to a new FOLDER: ledger, keys, registry, fetch log.

    Runs beside everything else: it reads one snapshot. The archive is not in it: copy that with footpred pull.
    """
    from footpred_dagster.cli import backup_commands

    backup_commands.print_backup(backup_commands.backup(folder), folder, as_json=as_json)


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--accept-loss", is_flag=True, help="Go on though the archive knows of predictions sealed later.")
@json_option
def restore(folder: Path, accept_loss: bool, as_json: bool) -> None:
    """Fill an empty database from FOLDER, migrate it and verify its ledger; footpred run builds the rest.

    All or nothing: a restore that fails can be started again.
    """
    from footpred_dagster.cli import backup_commands

    backup_commands.print_restored(backup_commands.restore(folder, accept_loss=accept_loss), as_json=as_json)
