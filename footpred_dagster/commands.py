"""What the commands do, and how they show it. Imported only by a command that needs the platform."""

from __future__ import annotations

import json
import warnings
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from typing import Any

import click
import psycopg
from rich.console import Console
from rich.table import Table

from footpred_dagster import health
from footpred_dagster.core.database import connect, database_url, migrate
from footpred_dagster.core.settings import Settings
from footpred_dagster.core.storage import open_archive
from footpred_dagster.selection import Selection

PIPE_WIDTH = 140


def run(where: str | None, selection: Selection, as_of: datetime | None) -> tuple[dict[str, Any], Any]:
    """Run the pipeline; returns the summary programs read, and the outcome."""
    from footpred_dagster import report
    from footpred_dagster.pipeline import Pipeline, Request
    from footpred_dagster.progress import LayerProgress
    from footpred_dagster.sources.catalog import UnknownSource, open_source

    settings = Settings.from_env()
    where = where or settings.source
    with ExitStack() as stack:
        try:
            source = stack.enter_context(closing(open_source(where)))
        except UnknownSource as error:
            raise click.UsageError(str(error)) from error
        definitions, instance = _platform(settings)
        connection = stack.enter_context(connect(settings, autocommit=True))
        progress = stack.enter_context(LayerProgress())
        request = Request(where, selection, as_of)
        pipeline = Pipeline(definitions, instance, connection, open_archive(settings), source, request, progress)
        outcome = pipeline.run()
    with connect(settings, autocommit=True) as connection:
        summary = report.run_summary(connection, request, outcome)
    return summary, outcome


def evaluate(selection: Selection, leagues: str, models: str | None, as_of: datetime | None) -> list[dict[str, Any]]:
    """Rows of ``footpred evaluate``; names nobody knows and seasons nobody has are usage errors."""
    from footpred_dagster.core import registry
    from footpred_dagster.core.dataset import played_before
    from footpred_dagster.core.evaluating import MODEL_NAMES, NothingToEvaluate, as_row, evaluate_models
    from footpred_dagster.selection import parse_leagues

    wanted = models.split(",") if models else list(MODEL_NAMES)
    if unknown := set(wanted) - set(MODEL_NAMES):
        raise click.UsageError(f"unknown model {', '.join(sorted(unknown))}; known are {', '.join(MODEL_NAMES)}")
    groups = leagues.split(",")
    try:
        parse_leagues(",".join(group for group in groups if group not in ("all", "top5")) or "main")
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    settings = Settings.from_env()
    migrate(database_url(settings))
    try:
        with connect(settings) as connection:
            champion = registry.champion(connection)
            frame = played_before(connection, as_of or datetime.now(UTC))
        rows = evaluate_models(frame, wanted, selection.seasons, groups, champion.name if champion else None)
    except NothingToEvaluate as error:
        raise click.UsageError(str(error)) from error
    except psycopg.errors.UndefinedTable as error:
        raise click.ClickException("the warehouse holds nothing yet: fill it with footpred run") from error
    return [as_row(row) for row in rows]


def status() -> dict[str, Any]:
    """State of every asset, from what Dagster recorded; nothing is run."""
    from footpred_dagster import report

    settings = Settings.from_env()
    definitions, instance = _platform(settings)
    with connect(settings, autocommit=True) as connection:
        return report.status(connection, definitions, instance)


def doctor() -> dict[str, Any]:
    """Where things are, and what is wrong; starts the embedded database if it is down."""
    settings = Settings.from_env()
    url = database_url(settings)
    migrate(url)
    return {
        "home": str(settings.home),
        "database_url": url,
        "source": settings.source,
        "archive": open_archive(settings).place,
        "versions": health.versions(),
        "problems": health.home_problems(settings),
    }


def _platform(settings: Settings) -> tuple[Any, Any]:
    """Definitions and instance; importing them is what makes commands take seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from footpred_dagster.definitions import defs
        from footpred_dagster.instance import open_instance

        migrate(database_url(settings))
        return defs(), open_instance(settings)


def _console() -> Console:
    """Tables keep their width when the output is a file or a pipe."""
    console = Console()
    return console if console.is_terminal else Console(width=PIPE_WIDTH)


def print_run(summary: dict[str, Any], outcome: Any, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(summary))
        return
    out = _console()
    out.print(
        f"[bold]{summary['matches']:,}[/] matches from {summary['files']} files, "
        f"[bold]{summary['fixtures']}[/] fixtures ahead"
    )
    if predictions := summary["predictions"]:
        out.print(
            f"fixtures listed {predictions['listed']}: {predictions['past']} refused as past, "
            f"{predictions['predicted']} predicted, {predictions['unready']} not ready; "
            f"{predictions['sealed']} newly sealed"
        )
    if summary["quarantined"]:
        reasons = ", ".join(f"{reason} {count}" for reason, count in summary["quarantined"].items())
        out.print(f"quarantined: {reasons}")
    checks = summary["checks"]
    out.print(f"checks: {checks['passed']} passed, {checks['failed']} failed")
    champion = summary["champion"]
    out.print(f"champion: {champion['name']} version {champion['version']}" if champion else "champion: none")
    if summary["evaluation"]:
        out.print(_evaluation_table(summary["evaluation"]))
    layers = ", ".join(f"{layer['name']} {layer['seconds']:.1f} s" for layer in summary["layers"])
    idle = "stopped before anything was built" if outcome.errors else "nothing was stale"
    out.print(f"{layers or idle}; {summary['seconds']:.1f} s in all")
    for warning in outcome.warnings:
        out.print(f"[yellow]warning[/] {warning}", markup=True, highlight=False)
    for error in outcome.errors:
        out.print(f"[red]error[/] {error}", markup=True, highlight=False)


def print_evaluation(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"rows": rows}))
    else:
        _console().print(_evaluation_table(rows))


def _evaluation_table(rows: list[dict[str, Any]]) -> Table:
    table = Table("league", "seasons", "model", "n", "log-loss", "± s.e.", "RPS", "Brier", "ECE", "accuracy", box=None)
    for row in rows:
        table.add_row(
            *(row["league"], row["seasons"], row["model"], f"{row['n']:,}"),
            *(f"{row['log_loss']:.4f}", f"{row['se']:.4f}", f"{row['rps']:.4f}", f"{row['brier']:.4f}"),
            *(f"{row['ece']:.4f}", f"{row['accuracy']:.1%}"),
        )
    return table


def print_status(state: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(state))
        return
    out = _console()
    table = Table("asset", "state", "last materialized", box=None)
    for asset in state["assets"]:
        table.add_row(
            asset["key"], asset["state"] + (f": {asset['reason']}" if asset["reason"] else ""), asset["at"] or ""
        )
    out.print(table)
    champion = state["champion"]
    out.print(f"champion: {champion['name']} version {champion['version']}" if champion else "champion: none")
    age = state["data_age"]
    out.print(f"newest match {age['newest_match'] or 'none'}, source last asked {age['newest_fetch'] or 'never'}")
    for check in state["failing_checks"]:
        out.print(f"[red]failing[/] {check}", highlight=False)
    services = ", ".join(f"{name} {service['state']}" for name, service in state["services"].items())
    out.print(f"services: {services}")


def print_doctor(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found))
        return
    out = _console()
    out.print(f"home      {found['home']}", highlight=False)
    out.print("database  answers; footpred doctor --json prints its URL, password included", highlight=False)
    out.print(f"source    {found['source']}", highlight=False)
    out.print(f"archive   {found['archive']}", highlight=False)
    out.print(
        "versions  " + ", ".join(f"{name} {version}" for name, version in found["versions"].items()), highlight=False
    )
    for problem in found["problems"]:
        out.print(f"[red]problem[/]   {problem}", highlight=False)
    if not found["problems"]:
        out.print("no problems found")
