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

from footpred_dagster.cli.platform_commands import check_as_of
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


def tune(
    workers: int, trials: int | None, minutes: float, as_of: datetime | None, output: Path | None
) -> dict[str, Any]:
    """Search for ``minutes`` with ``workers`` processes; returns what to commit, written to ``output`` as well.

    Ctrl-C ends the search, not the study: what is complete is kept, and the next call goes on.
    """
    settings = Settings.from_env()
    task = load_task(settings, as_of)
    study = open_study(storage_url(settings), task)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the workers end with us, whoever ends us
    out = Console(stderr=True)
    out.print(f"study {study.study_name}", highlight=False)
    clock = (as_of or datetime.now(UTC)).isoformat()  # the same for all: they must come to the same study
    shares = (
        [trials // workers + (place < trials % workers) for place in range(workers)] if trials else [None] * workers
    )
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
    return {**found, "trials": counts(study), "written_to": str(path)}


def load_task(settings: Settings, as_of: datetime | None) -> Task:
    """Raises click.ClickException when there is nothing to tune on."""
    prepare_database(settings)
    clock = as_of or datetime.now(UTC)
    try:
        with connect(settings) as connection:
            check_as_of(connection, as_of)
            return Task.of(played_before(connection, clock), clock)
    except NothingToTune as error:
        raise click.ClickException(str(error)) from error


def _start(order: dict[str, Any], threads: int) -> subprocess.Popen[bytes]:
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    return subprocess.Popen(
        [sys.executable, "-m", "footpred_dagster.cli.tuning_commands", json.dumps(order)], env=environment
    )


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
