"""``footpred lineage``: where a prediction comes from."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

import click
from rich.markup import escape
from rich.tree import Tree

from footpred_dagster.cli.output import SHOWN_DIGITS, console
from footpred_dagster.cli.session import Reading, Session, with_session
from footpred_dagster.core.domain import LEAGUES
from footpred_dagster.core.lineage.input_manifest import FIXTURES_KEY
from footpred_dagster.core.lineage.trace import UnknownPrediction, trace

NOT_RECORDED = "[dim]not recorded[/]"


@click.command(cls=Reading)
@click.option("--prediction", required=True, metavar="ID", help="Number in the ledger, or a match_id: its newest row.")
@with_session
def lineage(session: Session, prediction: str) -> None:
    """Trace a sealed prediction to its model, its run and the raw files behind both, by sha256."""
    with session.connect() as connection:
        try:
            traced = trace(connection, session.archive, prediction)
        except UnknownPrediction as error:
            raise click.UsageError(str(error)) from error
    session.tell(traced, lambda: _print_lineage(traced))


def _print_lineage(traced: Mapping[str, Any]) -> None:
    row, model, batch = traced["prediction"], traced["model"], traced["batch"]
    chances = ", ".join(f"{side} {share:.1%}" for side, share in row["probabilities"].items())
    match = (
        f"{row['home_id']} v {row['away_id']}, {row['league']} {row['season']}" if row["league"] else "no longer listed"
    )
    tree = Tree(f"[bold]prediction {row['seq']}[/] of {row['match_id']}: {match}", highlight=False)
    tree.add(f"{chances}; kickoff {row['kickoff']}")
    tree.add(f"{row['kind']}, as of {row['as_of']}, sealed {row['sealed_at']}, hash {row['hash'][:SHOWN_DIGITS]}")
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
    branch.add(f"bundle {bundle['sha256'][:SHOWN_DIGITS]} {_archived(bundle)}")
    code = ", ".join(f"{part} {text}" for part, text in (model["code"] or {}).items())
    branch.add(f"code {escape(code) or NOT_RECORDED}; commit {(model['git_commit'] or 'unknown')[:SHOWN_DIGITS]}")
    runs = {"MLflow": model["mlflow_run_id"], "Dagster": model["dagster_run_id"]}
    branch.add(", ".join(f"{name} run {run or NOT_RECORDED}" for name, run in runs.items()))
    inputs = branch.add(f"[bold]fitted on[/] {_manifest(model['inputs'])}")
    _add_inputs(inputs, model["inputs"], country)


def _manifest(inputs: Mapping[str, Any] | None) -> str:
    if inputs is None:
        return NOT_RECORDED
    count = f", {inputs['partitions']} partitions" if inputs["partitions"] else ""
    return f"manifest {inputs['sha256'][:SHOWN_DIGITS]} {_archived(inputs)}{count}"


def _add_inputs(branch: Tree, inputs: Mapping[str, Any] | None, country: str | None) -> None:
    """A line a league; below it the files, for the fixtures and the leagues of ``country``."""
    if not inputs or inputs["files"] is None:
        return
    for seed in inputs["seeds"]:
        branch.add(f"{seed['path']} {seed['sha256'][:SHOWN_DIGITS]} {_archived(seed)}")
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
    return f"{file['sha256'][:SHOWN_DIGITS]} {_archived(file)}, {escape(fetched)}"


def _archived(thing: Mapping[str, Any]) -> str:
    return "present" if thing["archived"] == "present" else "[red]missing[/]"
