"""``footpred tune``: workers in processes of their own join one study; this one watches, and says what came of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from footpred_dagster.cli.options import as_of_option, refuse_future
from footpred_dagster.cli.session import Session, with_session
from footpred_dagster.core.database.connection import connect, prepare_database
from footpred_dagster.core.features.dataset import played_before
from footpred_dagster.core.settings import Settings
from footpred_dagster.core.training.boosted_trees_study import (
    NothingToTune,
    Task,
    counts,
    open_study,
    result,
    storage_url,
    work,
)

POLL = 2.0
"""Seconds between two looks at the study."""


@click.command()
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="Processes on this machine.")
@click.option("--trials", type=click.IntRange(1), help="At most so many. Default: as many as there is time for.")
@click.option("--minutes", type=click.FloatRange(0.05), default=8.0, show_default=True, help="No trial begins later.")
@as_of_option("Tune as of this date. Default: now.")
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Default: tuning/xgboost.json in the home."
)
@with_session
def tune(
    session: Session, workers: int, trials: int | None, minutes: float, as_of: datetime | None, output: Path | None
) -> None:
    """Search better hyperparameters for the boosted trees on the seasons that select.

    The study is kept in PostgreSQL: calling again goes on with it, and other machines on the same database may join.
    Ctrl-C ends the search, not the study: what is complete is kept. Nothing changes until somebody commits the result.
    """
    settings = session.settings
    task = load_task(settings, as_of)
    study = open_study(storage_url(settings), task)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the workers end with us, whoever ends us
    out = Console(stderr=True)
    out.print(f"study {study.study_name}", highlight=False)
    clock = (as_of or datetime.now(UTC)).isoformat()  # the same for all: they must come to the same study
    shares = [None if trials is None else (trials + place) // workers for place in range(workers)]
    orders = [{"minutes": minutes, "trials": share, "as_of": clock} for share in shares if share != 0]
    threads = max((os.cpu_count() or 1) // workers, 1)
    crew = [_start(order, threads) for order in orders]
    try:
        with out.status("first trials") as status:
            while any(worker.poll() is None for worker in crew):
                status.update(_progress(study))
                time.sleep(POLL)
    except KeyboardInterrupt:
        out.print("stopped; what is complete is kept")
    finally:
        for worker in crew:
            worker.send_signal(signal.SIGTERM)
        for worker in crew:
            worker.wait()
    lost = [worker.returncode for worker in crew if worker.returncode not in (0, -signal.SIGTERM)]
    if len(lost) == len(crew) and not counts(study).get("complete"):
        raise click.ClickException(f"every worker died (exit codes {', '.join(map(str, lost))}): their words are above")
    out.print(_progress(study))
    try:
        found = result(study)
    except NothingToTune as error:
        raise click.ClickException(str(error)) from error
    path = output or settings.home / "tuning" / "xgboost.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=2) + "\n")
    facts = {**found, "trials": counts(study), "written_to": str(path)}
    session.tell(facts, _sentence(facts))


def _sentence(found: dict[str, Any]) -> str:
    committed = found["log_loss_committed"]
    gain = f", {committed - found['log_loss']:.5f} better than the committed ones" if committed else ""
    return f"best log-loss {found['log_loss']:.5f}{gain}\nwritten to {found['written_to']}"


def load_task(settings: Settings, as_of: datetime | None) -> Task:
    """Raises click.ClickException when there is nothing to tune on."""
    prepare_database(settings)
    clock = as_of or datetime.now(UTC)
    try:
        with connect(settings) as connection:
            refuse_future(connection, as_of)
            return Task.of(played_before(connection, clock), clock)
    except NothingToTune as error:
        raise click.ClickException(str(error)) from error


def _start(order: dict[str, Any], threads: int) -> subprocess.Popen[bytes]:
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    return subprocess.Popen([sys.executable, "-m", "footpred_dagster.cli.tune", json.dumps(order)], env=environment)


def _progress(study: Any) -> str:
    states = ", ".join(f"{number} {state}" for state, number in counts(study).items())
    try:
        found = result(study)
    except NothingToTune:
        return states
    committed = found["log_loss_committed"]
    beside = f", committed ones {committed:.5f}" if committed else ""
    return f"trials: {states}; best log-loss {found['log_loss']:.5f}{beside}"


def main() -> None:
    """A worker: joins the study its order leads to."""
    order = json.loads(sys.argv[1])
    deadline = time.monotonic() + 60 * order["minutes"]
    settings = Settings.from_env()
    task = load_task(settings, datetime.fromisoformat(order["as_of"]))
    work(open_study(storage_url(settings), task), task, deadline, order["trials"])


if __name__ == "__main__":
    main()
