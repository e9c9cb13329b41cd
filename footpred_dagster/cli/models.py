"""``footpred tune`` and ``footpred backtest``: searching parameters, and replaying a season."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from footpred_dagster.cli.failures import FAILED


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
    from footpred_dagster.runner.selection import parse_instant

    try:
        instant = parse_instant(as_of) if as_of else None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--as-of") from error
    from footpred_dagster.cli import tuning_commands

    found = tuning_commands.tune(workers, trials, minutes, instant, output)
    click.echo(json.dumps(found) if as_json else _sentence(found))


def _sentence(found: dict[str, Any]) -> str:
    committed = found["log_loss_committed"]
    gain = f", {committed - found['log_loss']:.5f} better than the committed ones" if committed else ""
    return f"best log-loss {found['log_loss']:.5f}{gain}\nwritten to {found['written_to']}"


@click.command()
@click.option("--season", required=True, metavar="2425", help="One season, by its site code.")
@click.option("--leagues", default="main", show_default=True, help="main (22 divisions), or codes: E0,D1.")
@click.option(
    "--every", type=click.Choice(["matchday"]), default="matchday", show_default=True, help="When to predict."
)
@click.option("--model", help="Its recipe. Default: the champion's.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for programs.")
def backtest(season: str, leagues: str, every: str, model: str | None, as_json: bool) -> None:
    """Replay a season: predict each matchday as of its start, by a fit on the seasons before, seal and score it.

    Rows go to the ledger as replays, which no live record counts. Interrupted, the same command goes on.
    """
    from footpred_dagster.core.domain import MAIN_LEAGUES, Season
    from footpred_dagster.runner.selection import parse_leagues

    try:
        wanted, codes = Season.parse(season), parse_leagues(leagues)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if extra := set(codes) - set(MAIN_LEAGUES):
        raise click.UsageError(f"{', '.join(sorted(extra))}: models learn from and predict the main divisions alone")
    from footpred_dagster.cli import backtest_commands

    done = backtest_commands.backtest(wanted, codes, model)
    backtest_commands.print_backtest(done, as_json=as_json)
    sys.exit(FAILED if done["interrupted"] else 0)
