"""``footpred tune``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from footpred_dagster.failures import failures_explained


@click.command()
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes on this machine.")
@click.option("--trials", type=click.IntRange(1), help="At most so many. Default: as many as there is time for.")
@click.option("--minutes", type=click.FloatRange(0.05), default=8.0, show_default=True, help="No trial begins later.")
@click.option("--as-of", metavar="DATE", help="Tune as of this date. Default: now.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: tuning/xgboost.json in the home."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for programs.")
def tune(
    workers: int, trials: int | None, minutes: float, as_of: str | None, output: Path | None, as_json: bool
) -> None:
    """Search better hyperparameters for the boosted trees on the seasons that select.

    The study is kept in PostgreSQL: calling again goes on with it, and other machines on the same database may join.
    Nothing changes until somebody commits the result.
    """
    from footpred_dagster.selection import parse_instant

    try:
        instant = parse_instant(as_of) if as_of else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--as-of") from error
    with failures_explained():
        from footpred_dagster import tuning_commands

        found = tuning_commands.tune(workers, trials, minutes, instant, output)
    click.echo(json.dumps(found) if as_json else _sentence(found))


def _sentence(found: dict[str, Any]) -> str:
    committed = found["log_loss_committed"]
    gain = f", {committed - found['log_loss']:.5f} better than the committed ones" if committed else ""
    return f"best log-loss {found['log_loss']:.5f}{gain}\nwritten to {found['written_to']}"
