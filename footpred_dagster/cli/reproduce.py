"""``footpred reproduce``: a version fitted again, in a process, a home and a database of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from footpred_dagster.cli.output import SHOWN_DIGITS, console
from footpred_dagster.cli.session import FAILED, Reading, Session, with_session
from footpred_dagster.core.database.connection import database_url
from footpred_dagster.core.database.sibling_databases import scratch_database
from footpred_dagster.core.lineage.input_manifest import Inputs
from footpred_dagster.core.lineage.reproduction import (
    NotReproducible,
    RegisteredFit,
    changed_code,
    compare,
    missing_objects,
    registered_fit,
)
from footpred_dagster.core.settings import COMPONENTS, OWNERS_URL, Settings, component_variable

SCRATCH = "reproduce"
"""Suffix of the database, and name of the folder in the home, that hold a reproduction while it runs."""


@click.command(cls=Reading)
@click.option("--model-version", "version", required=True, type=click.IntRange(min=1), help="Its number.")
@click.option("--model", help="Its recipe. Default: the champion's.")
@with_session
def reproduce(session: Session, version: int, model: str | None) -> None:
    """Fit a version again from archived bytes alone and compare its out-of-season scores and its bundle.

    Works in a database and a folder of its own, gone afterwards. Exit code 1 when a score differs by over 1e-9.
    """
    started = time.monotonic()
    with session.connect() as connection:
        try:
            then = registered_fit(connection, model, version)
        except NotReproducible as error:
            raise click.UsageError(str(error)) from error
    inputs = Inputs.read(session.archive, then.inputs_sha256)
    if gone := missing_objects(session.archive, inputs):
        raise click.ClickException(f"the archive {session.archive.place} no longer has the files of {', '.join(gone)}")
    click.echo(
        f"fitting {then.name} version {then.version} again from {len(inputs.partitions)} archived files", err=True
    )
    now = _fit_again(session.settings, then)
    metrics = compare(then.metrics, now["metrics"])
    changed = changed_code(then.code, now["code"])
    if {partition.parser for partition in inputs.partitions} != {now["code"]["parser"]} and "parser" not in changed:
        changed.append("parser")
    done = {
        "model": {"name": then.name, "version": then.version, "as_of": then.as_of.astimezone(UTC).isoformat()},
        "inputs": {"sha256": then.inputs_sha256, "partitions": len(inputs.partitions)},
        "identical": all(comparison.same for comparison in metrics),
        "bundle": {
            "registered": then.bundle_sha256,
            "reproduced": now["bundle_sha256"],
            "identical": then.bundle_sha256 == now["bundle_sha256"],
        },
        "code": {"changed": changed, "registered": then.code, "now": now["code"], "git_commit": then.git_commit},
        "metrics": [
            {field: getattr(line, field) for field in ("league", "seasons", "metric", "registered", "reproduced")}
            | {"difference": line.difference, "same": line.same}
            for line in metrics
        ],
        "seconds": round(time.monotonic() - started, 1),
    }
    session.tell(done, lambda: _print_reproduction(done))
    sys.exit(0 if done["identical"] else FAILED)


def _fit_again(settings: Settings, then: RegisteredFit) -> dict[str, Any]:
    """The child's answer. It has a session of its own, so that whatever ends us ends all it started, at once: there is
    nothing in it to save."""
    order = {
        "name": then.name,
        "inputs_sha256": then.inputs_sha256,
        "as_of": then.as_of.isoformat(),
        "storage_url": settings.storage_url or settings.archive.as_uri(),
    }
    with _ended_by_sigterm(), scratch_database(database_url(settings), SCRATCH) as url, _folder(settings) as home:
        environment = os.environ | {"FOOTPRED_HOME": str(home), OWNERS_URL: url}
        for name in ("FOOTPRED_STORAGE_URL", *map(component_variable, COMPONENTS)):
            environment.pop(name, None)
        child = subprocess.Popen(
            [sys.executable, "-m", "footpred_dagster.runner.refit"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            answer, _ = child.communicate(json.dumps(order))
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()
    if child.returncode:
        raise click.ClickException(f"{then.name} version {then.version} could not be fitted again: see above")
    return dict(json.loads(answer))


@contextmanager
def _folder(settings: Settings) -> Iterator[Path]:
    """A home for the child, removed afterwards; what a killed reproduction left goes first."""
    folder = settings.home / SCRATCH
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM unwinds as Ctrl-C does."""

    def end(number: int, _frame: object) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _print_reproduction(done: Mapping[str, Any]) -> None:
    out = console()
    table = Table("league", "seasons", "metric", "registered", "reproduced", "difference", box=None)
    for line in done["metrics"]:
        values = (_number(line["registered"]), _number(line["reproduced"]), _number(line["difference"], "+.1e"))
        style = None if line["same"] else "red"
        table.add_row(line["league"], line["seasons"], line["metric"], *values, style=style)
    out.print(table)
    bundle, changed = done["bundle"], done["code"]["changed"]
    same = "identical" if bundle["identical"] else f"[red]another one[/], {bundle['reproduced'][:SHOWN_DIGITS]}"
    out.print(f"bundle {bundle['registered'][:SHOWN_DIGITS]}: {same}", highlight=False)
    if changed:
        commit = done["code"]["git_commit"]
        out.print(
            f"[yellow]code differs from then[/] in {', '.join(changed)} (commit {commit[:SHOWN_DIGITS]} then)",
            highlight=False,
        )
    else:
        out.print("code and libraries are those of then")
    verdict = "[green]every metric is reproduced[/]" if done["identical"] else "[red]metrics differ[/]"
    explained = ", which the other code may explain" if changed and not done["identical"] else ""
    out.print(f"{verdict}{explained}; {done['seconds']:.1f} s", highlight=False)


def _number(value: float | None, form: str = ".9g") -> str:
    return "-" if value is None else format(value, form) if value else "0"
