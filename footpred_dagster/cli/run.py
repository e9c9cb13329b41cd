"""``footpred run`` and ``footpred demo``: everything stale materialized, from raw files to sealed predictions."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from typing import Any

import click

from footpred_dagster.cli.options import (
    as_of_option,
    leagues_option,
    not_empty,
    parsed,
    refuse_future,
    selection_of,
)
from footpred_dagster.cli.output import print_run
from footpred_dagster.cli.platform import open_platform
from footpred_dagster.cli.session import FAILED, REFUSED_FILES, Session, with_session
from footpred_dagster.core.database.connection import connect
from footpred_dagster.core.domain import Season
from footpred_dagster.runner.selection import Selection


@click.command()
@click.option(
    "--source",
    "where",
    callback=parsed(not_empty),
    help="football-data, simulator, a URL, a folder laid out like the site, or archive: what was fetched before. "
    "Default: where the data of this home came from, football-data at first.",
)
@leagues_option
@click.option("--seasons", help="1516-2425, or one season: 2425. Default: all there are.")
@as_of_option("Train, judge, count and predict as of this date (its start, UTC) or timestamp. Default: now.")
@with_session
def run(
    session: Session, where: str | None, leagues: tuple[str, ...], seasons: str | None, as_of: datetime | None
) -> None:
    """Fetch what changed and materialize everything stale, from raw files to sealed predictions.

    Exit code 0 when done, 1 when an asset or a blocking check failed, 3 when done but files of the source were refused.
    """
    run_and_tell(session, where, selection_of(leagues, seasons, as_of), as_of)


@click.command()
@click.option("--no-serve", is_flag=True, help="Stop after the job.")
@with_session
def demo(session: Session, no_serve: bool) -> None:
    """Everything on fictional leagues, without network: the job of ``run``, then the services of ``up``."""
    from footpred_dagster.sources.simulator import DEFAULT_FIRST_SEASON, DEFAULT_LEAGUES

    now = Season.containing(datetime.now(UTC).date())
    run_and_tell(session, "simulator", Selection(DEFAULT_LEAGUES, Season(DEFAULT_FIRST_SEASON), now), None)
    if not no_serve:
        sys.stdout.flush()
        # In place of this process, which holds what a run needs and a supervisor does not.
        os.execv(sys.executable, [sys.executable, "-m", "footpred_dagster.cli", "up"])  # noqa: S606


def run_and_tell(session: Session, where: str | None, selection: Selection, as_of: datetime | None) -> None:
    """Run and print; ends the program with code 1 if something failed, with 3 if a file was refused."""
    started = time.monotonic()
    summary, outcome = _run(session, where, selection, as_of)
    summary["seconds"] = round(time.monotonic() - started, 1)
    session.tell(summary, lambda: print_run(summary, outcome))
    if outcome.errors:
        sys.exit(FAILED)
    if summary["refused"]:
        sys.exit(REFUSED_FILES)


def _run(
    session: Session, where: str | None, selection: Selection, as_of: datetime | None
) -> tuple[dict[str, Any], Any]:
    """Run the pipeline; the summary that programs read, and the outcome."""
    from footpred_dagster.orchestration.asset_keys import switched_off
    from footpred_dagster.orchestration.asset_states import asset_states, record_states
    from footpred_dagster.orchestration.code_log import changed_modules, remember
    from footpred_dagster.runner import run_summary
    from footpred_dagster.runner.cross_check import second_source
    from footpred_dagster.runner.pipeline import Pipeline
    from footpred_dagster.runner.progress import LayerProgress
    from footpred_dagster.runner.run_request import Request
    from footpred_dagster.sources.catalog import UnknownSource, open_source, usual_source
    from footpred_dagster.sources.simulator.source import SIMULATOR_NAME

    settings = session.settings
    with ExitStack() as stack:
        connection = stack.enter_context(session.connect(autocommit=True))
        where = where or settings.source or usual_source(connection)
        try:
            source = stack.enter_context(closing(open_source(where)))
        except UnknownSource as error:
            raise click.UsageError(str(error)) from error
        if where != SIMULATOR_NAME:  # whose football is made up anyway
            refuse_future(connection, as_of)
        definitions, instance = open_platform(settings)
        progress = stack.enter_context(LayerProgress())
        request = Request(where, selection, as_of, second_source(settings, where))
        pipeline = Pipeline(definitions, instance, connection, session.archive, source, request, progress)
        outcome = pipeline.run()
    with connect(settings, autocommit=True) as connection:
        summary = run_summary.run_summary(connection, request, outcome)
        now, graph = datetime.now(UTC), definitions.resolve_asset_graph()
        remember(connection, (graph.get(key).code_version for key in graph.get_all_asset_keys()))
        assets, checks = asset_states(graph, instance, now, switched_off(settings), changed_modules(connection))
        record_states(connection, assets, checks.evaluated(), now)
    return summary, outcome
