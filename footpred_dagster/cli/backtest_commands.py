"""What ``footpred backtest`` does: a season replayed matchday by matchday, each in a transaction of its own."""

from __future__ import annotations

import json
import signal
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import click
import psycopg
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from footpred_dagster.core.archive.locations import open_archive
from footpred_dagster.core.database.connection import connect, prepare_database
from footpred_dagster.core.domain import Season
from footpred_dagster.core.features.dataset import played_before
from footpred_dagster.core.lineage.trace import RunIds, sealed_together
from footpred_dagster.core.models.recipes import ALL_RECIPES
from footpred_dagster.core.predictions import track_record
from footpred_dagster.core.predictions.ledger import anchor
from footpred_dagster.core.predictions.season_replay import (
    NothingToReplay,
    play,
    prepare,
    replay_scores,
    sealed_matches,
)
from footpred_dagster.core.predictions.settlement import settle
from footpred_dagster.core.registry.promotions import champion
from footpred_dagster.core.settings import Settings
from footpred_dagster.runner.progress import console
from footpred_dagster.sources.input_manifest import keep_inputs


def backtest(season: Season, leagues: Sequence[str], model: str | None) -> dict[str, Any]:
    """Replay ``season`` in ``leagues`` by ``model``, by default the champion's recipe; raises UsageError.

    What an earlier, interrupted call sealed is left out. ``scores`` are of all matches that are sealed by now.
    """
    started, now = time.monotonic(), datetime.now(UTC)
    settings = Settings.from_env()
    prepare_database(settings)
    archive = open_archive(settings)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with connect(settings) as connection:
        reigning = champion(connection)
        recipe = model or (reigning.name if reigning else "stack")
        if recipe not in ALL_RECIPES:
            raise click.UsageError(f"there is no model {recipe}: {', '.join(ALL_RECIPES)}")
        role: Any = "champion" if not reigning or recipe == reigning.name else "challenger"
        try:
            with console.status(f"fitting {recipe} on every season before {season!s}"):
                frame = played_before(connection, now)
                replay = prepare(connection, archive, frame, recipe, str(season), leagues, role)
        except NothingToReplay as error:
            raise click.UsageError(str(error)) from error
        except psycopg.errors.UndefinedTable as error:
            raise click.ClickException("the warehouse holds nothing yet: fill it with footpred run") from error
        inputs = keep_inputs(connection, archive)
    with connect(settings) as connection:
        before = sealed_matches(connection, replay)
        due = [day for day in replay.matchdays if not before.issuperset(day.matches["match_id"])]
        run, sealed, interrupted = RunIds("", uuid.uuid4().hex), 0, False
        try:
            with _progress(len(replay.matchdays), len(replay.matchdays) - len(due)) as advance:
                for day in due:
                    with connection.transaction(), sealed_together(connection, day.as_of, "replay", inputs, run):
                        sealed += play(connection, replay, day)
                    connection.commit()
                    advance(f"{day.league} {day.day}")
        except KeyboardInterrupt:
            interrupted = True
        settle(connection, now)
        track_record.store(connection, track_record.settled_predictions(connection, now))
        connection.commit()
        head = anchor(connection, archive)
        scores = replay_scores(connection, replay)
    return {
        "season": season.site_code,
        "leagues": list(leagues),
        "model": {"name": replay.version.name, "version": replay.version.version, "role": role},
        "matchdays": len(replay.matchdays),
        "done_before": len(replay.matchdays) - len(due),
        "sealed": sealed,
        "scores": asdict(scores) if scores else None,
        "ledger": {"rows": head.rows, "head": head.hash},
        "interrupted": interrupted,
        "seconds": round(time.monotonic() - started, 1),
    }


def print_backtest(done: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(done))
        return
    model, scores = done["model"], done["scores"]
    click.echo(
        f"{model['name']} version {model['version']}, {done['season']} {','.join(done['leagues'])}: {done['sealed']} "
        f"predictions sealed, {done['done_before']} of {done['matchdays']} matchdays done before"
    )
    if scores:
        click.echo(
            f"log-loss {scores['log_loss']:.4f}  RPS {scores['rps']:.4f}  accuracy {scores['accuracy']:.1%}  "
            f"on {scores['n']} matches"
        )
    if done["interrupted"]:
        click.echo("interrupted: the same command goes on from here")


@contextmanager
def _progress(total: int, done: int) -> Iterator[Any]:
    """A bar on stderr that counts matchdays; gives the function that advances it."""
    columns = (TextColumn("{task.description:<16}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("matchdays", total=total, completed=done)
        yield lambda what: bar.update(task, advance=1, description=what)
