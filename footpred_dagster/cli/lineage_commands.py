"""What ``footpred lineage`` and ``footpred reproduce`` do, and how they show it; neither loads Dagster itself."""

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
from itertools import groupby
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Table
from rich.tree import Tree

from footpred_dagster.cli.output import console
from footpred_dagster.core.archive.locations import open_archive
from footpred_dagster.core.database.connection import connect_migrated, database_url
from footpred_dagster.core.database.sibling_databases import scratch_database
from footpred_dagster.core.domain import LEAGUES
from footpred_dagster.core.lineage.input_manifest import FIXTURES_KEY, Inputs
from footpred_dagster.core.lineage.reproduction import (
    NotReproducible,
    RegisteredFit,
    changed_code,
    compare,
    missing_objects,
    registered_fit,
)
from footpred_dagster.core.lineage.trace import UnknownPrediction, trace
from footpred_dagster.core.settings import COMPONENTS, OWNERS_URL, Settings, component_variable

SCRATCH = "reproduce"
"""Suffix of the database, and name of the folder in the home, that hold a reproduction while it runs."""
NOT_RECORDED = "[dim]not recorded[/]"
SHOWN = 12
"""Hex digits of a sha256 that people are shown; programs get all."""


def lineage(prediction: str) -> dict[str, Any]:
    """The trace of a prediction; an unknown one is a usage error."""
    settings = Settings.from_env()
    with connect_migrated(settings) as connection:
        try:
            return trace(connection, open_archive(settings), prediction)
        except UnknownPrediction as error:
            raise click.UsageError(str(error)) from error


def print_lineage(traced: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(traced))
        return
    row, model, batch = traced["prediction"], traced["model"], traced["batch"]
    chances = ", ".join(f"{side} {share:.1%}" for side, share in row["probabilities"].items())
    match = (
        f"{row['home_id']} v {row['away_id']}, {row['league']} {row['season']}" if row["league"] else "no longer listed"
    )
    tree = Tree(f"[bold]prediction {row['seq']}[/] of {row['match_id']}: {match}", highlight=False)
    tree.add(f"{chances}; kickoff {row['kickoff']}")
    tree.add(f"{row['kind']}, as of {row['as_of']}, sealed {row['sealed_at']}, hash {row['hash'][:SHOWN]}")
    branch = tree.add(f"[bold]model[/] {model['name']} version {model['version']}, contract {model['fingerprint']}")
    if model["registered"]:
        _add_model(branch, model, row["country"])
    else:
        branch.add("no longer registered")
    if batch is None:
        tree.add(f"[bold]batch[/] {NOT_RECORDED}")
    else:
        rows = f"rows {batch['first_seq']} to {batch['last_seq']} of the ledger"
        branch = tree.add(f"[bold]batch {batch['batch_id']}[/] {rows}, sealed {batch['sealed_at']}")
        branch.add(
            f"Dagster run {batch['dagster_run_id'] or NOT_RECORDED}, correlation {batch['correlation_id'] or '-'}"
        )
        _add_inputs(branch.add(f"[bold]inputs[/] {_manifest(batch['inputs'])}"), batch["inputs"], row["country"])
    console().print(tree, highlight=False)


def _add_model(branch: Tree, model: Mapping[str, Any], country: str | None) -> None:
    bundle = model["bundle"]
    branch.add(f"as of {model['as_of']}, {model['training_rows']:,} matches")
    branch.add(f"bundle {bundle['sha256'][:SHOWN]} {_archived(bundle)}")
    code = ", ".join(f"{part} {text}" for part, text in (model["code"] or {}).items())
    branch.add(f"code {escape(code) or NOT_RECORDED}; commit {(model['git_commit'] or 'unknown')[:SHOWN]}")
    runs = {"MLflow": model["mlflow_run_id"], "Dagster": model["dagster_run_id"]}
    branch.add(", ".join(f"{name} run {run or NOT_RECORDED}" for name, run in runs.items()))
    inputs = branch.add(f"[bold]fitted on[/] {_manifest(model['inputs'])}")
    _add_inputs(inputs, model["inputs"], country)


def _manifest(inputs: Mapping[str, Any] | None) -> str:
    if inputs is None:
        return NOT_RECORDED
    count = f", {inputs['partitions']} partitions" if inputs["partitions"] else ""
    return f"manifest {inputs['sha256'][:SHOWN]} {_archived(inputs)}{count}"


def _add_inputs(branch: Tree, inputs: Mapping[str, Any] | None, country: str | None) -> None:
    """A line a league; below it the files, for the fixtures and the leagues of ``country``."""
    if not inputs or inputs["files"] is None:
        return
    for seed in inputs["seeds"]:
        branch.add(f"{seed['path']} {seed['sha256'][:SHOWN]} {_archived(seed)}")
    for name, group in groupby(inputs["files"], key=lambda file: file["league"] or FIXTURES_KEY):
        files = list(group)
        missing = sum(file["archived"] != "present" for file in files)
        state = f"[red]{missing} missing[/]" if missing else "all present"
        spelled_out = name == FIXTURES_KEY or LEAGUES[name].country == country
        league = branch.add(f"{name}: {len(files)} files, {state}" if len(files) > 1 else f"{name}: {_file(files[0])}")
        for file in files if spelled_out and len(files) > 1 else []:
            league.add(f"{file['partition'].partition('|')[2]} {_file(file)}")


def _file(file: Mapping[str, Any]) -> str:
    fetched = (
        f"fetched {file['fetched_at'][:19]} from {file['url']}" if file["url"] else f"{file['path']}, fetch unknown"
    )
    return f"{file['sha256'][:SHOWN]} {_archived(file)}, {escape(fetched)}"


def _archived(thing: Mapping[str, Any]) -> str:
    return "present" if thing["archived"] == "present" else "[red]missing[/]"


def reproduce(name: str | None, version: int) -> dict[str, Any]:
    """Fit a version again from the archive in a database of its own, and compare; nothing of the home changes.

    What cannot be reproduced is a usage error, what fails on the way a ClickException.
    """
    started = time.monotonic()
    settings = Settings.from_env()
    with connect_migrated(settings) as connection:
        try:
            then = registered_fit(connection, name, version)
        except NotReproducible as error:
            raise click.UsageError(str(error)) from error
    archive = open_archive(settings)
    inputs = Inputs.read(archive, then.inputs_sha256)
    if gone := missing_objects(archive, inputs):
        raise click.ClickException(f"the archive {archive.place} no longer has the files of {', '.join(gone)}")
    click.echo(
        f"fitting {then.name} version {then.version} again from {len(inputs.partitions)} archived files", err=True
    )
    now = _fit_again(settings, then)
    metrics = compare(then.metrics, now["metrics"])
    changed = changed_code(then.code, now["code"])
    if {partition.parser for partition in inputs.partitions} != {now["code"]["parser"]} and "parser" not in changed:
        changed.append("parser")
    return {
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


def print_reproduction(done: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(done))
        return
    out = console()
    table = Table("league", "seasons", "metric", "registered", "reproduced", "difference", box=None)
    for line in done["metrics"]:
        values = (_number(line["registered"]), _number(line["reproduced"]), _number(line["difference"], "+.1e"))
        style = None if line["same"] else "red"
        table.add_row(line["league"], line["seasons"], line["metric"], *values, style=style)
    out.print(table)
    bundle, changed = done["bundle"], done["code"]["changed"]
    same = "identical" if bundle["identical"] else f"[red]another one[/], {bundle['reproduced'][:SHOWN]}"
    out.print(f"bundle {bundle['registered'][:SHOWN]}: {same}", highlight=False)
    if changed:
        commit = done["code"]["git_commit"]
        out.print(
            f"[yellow]code differs from then[/] in {', '.join(changed)} (commit {commit[:SHOWN]} then)", highlight=False
        )
    else:
        out.print("code and libraries are those of then")
    verdict = "[green]every metric is reproduced[/]" if done["identical"] else "[red]metrics differ[/]"
    explained = ", which the other code may explain" if changed and not done["identical"] else ""
    out.print(f"{verdict}{explained}; {done['seconds']:.1f} s", highlight=False)


def _number(value: float | None, form: str = ".9g") -> str:
    return "-" if value is None else format(value, form) if value else "0"
