"""``footpred lineage`` and ``footpred reproduce``: where predictions come from, and proof of it."""

from __future__ import annotations

import sys

import click

from footpred_dagster.cli.failures import FAILED
from footpred_dagster.cli.options import Reading, json_option


@click.command(cls=Reading)
@click.option("--prediction", required=True, metavar="ID", help="Number in the ledger, or a match_id: its newest row.")
@json_option
def lineage(prediction: str, as_json: bool) -> None:
    """Trace a sealed prediction to its model, its run and the raw files behind both, by sha256."""
    from footpred_dagster.cli import lineage_commands

    lineage_commands.print_lineage(lineage_commands.lineage(prediction), as_json=as_json)


@click.command(cls=Reading)
@click.option("--model-version", "version", required=True, type=click.IntRange(min=1), help="Its number.")
@click.option("--model", help="Its recipe. Default: the champion's.")
@json_option
def reproduce(version: int, model: str | None, as_json: bool) -> None:
    """Fit a version again from archived bytes alone and compare its out-of-season scores and its bundle.

    Works in a database and a folder of its own, gone afterwards. Exit code 1 when a score differs by over 1e-9.
    """
    from footpred_dagster.cli import lineage_commands

    done = lineage_commands.reproduce(model, version)
    lineage_commands.print_reproduction(done, as_json=as_json)
    sys.exit(0 if done["identical"] else FAILED)
