"""What the commands do. Imported only by a command that needs the platform."""

from __future__ import annotations

import time
import warnings
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from typing import Any

import click
import psycopg

from footpred_dagster.cli import doctor as health
from footpred_dagster.core import services
from footpred_dagster.core.archive.locations import open_archive
from footpred_dagster.core.database.connection import (
    component_url,
    connect,
    connect_migrated,
    database_state,
    database_url,
    establish_roles,
    left_as_found,
    migrate,
    prepare_database,
    schema_version,
)
from footpred_dagster.core.database.sibling_databases import sibling_database
from footpred_dagster.core.settings import Settings
from footpred_dagster.runner.selection import Selection

NOTHING_YET: dict[str, Any] = {
    "assets": [],
    "failing_checks": [],
    "champion": None,
    "by_hand": None,
    "data_age": {"newest_fetch": None, "newest_match": None},
    "simulated": False,
}
"""What ``status`` shows of a home that holds nothing."""


def run(where: str | None, selection: Selection, as_of: datetime | None) -> tuple[dict[str, Any], Any]:
    """Run the pipeline; returns the summary programs read, and the outcome."""
    from footpred_dagster.orchestration.asset_keys import switched_off
    from footpred_dagster.orchestration.asset_states import asset_states, record_states
    from footpred_dagster.orchestration.code_log import changed_modules, remember
    from footpred_dagster.runner import run_summary
    from footpred_dagster.runner.cross_check import second_source
    from footpred_dagster.runner.pipeline import Pipeline
    from footpred_dagster.runner.progress import LayerProgress
    from footpred_dagster.runner.run_request import Request
    from footpred_dagster.sources.catalog import UnknownSource, open_source, usual_source

    settings = Settings.from_env()
    with ExitStack() as stack:
        connection = stack.enter_context(connect_migrated(settings, autocommit=True))
        where = where or settings.source or usual_source(connection)
        try:
            source = stack.enter_context(closing(open_source(where)))
        except UnknownSource as error:
            raise click.UsageError(str(error)) from error
        check_as_of(connection, as_of, where)
        definitions, instance = _platform(settings)
        progress = stack.enter_context(LayerProgress())
        request = Request(where, selection, as_of, second_source(settings, where))
        pipeline = Pipeline(definitions, instance, connection, open_archive(settings), source, request, progress)
        outcome = pipeline.run()
    with connect(settings, autocommit=True) as connection:
        summary = run_summary.run_summary(connection, request, outcome)
        now, graph = datetime.now(UTC), definitions.resolve_asset_graph()
        remember(connection, (graph.get(key).code_version for key in graph.get_all_asset_keys()))
        assets, checks = asset_states(graph, instance, now, switched_off(settings), changed_modules(connection))
        record_states(connection, assets, checks.evaluated(), now)
    return summary, outcome


def check_as_of(connection: psycopg.Connection, as_of: datetime | None, where: str = "") -> None:
    """Raise click.UsageError for an ``as_of`` that is still to come, unless its football is made up anyway."""
    from footpred_dagster.core.registry.last_decision import StillToCome, refuse_future
    from footpred_dagster.sources.catalog import SIMULATOR_NAME

    try:
        if as_of is not None and where != SIMULATOR_NAME:
            refuse_future(connection, as_of)
    except StillToCome as error:
        raise click.UsageError(f"--as-of {error}; leave it out for now") from error


def evaluate(
    selection: Selection, leagues: str, models: str | None, as_of: datetime | None
) -> dict[str, list[dict[str, Any]]]:
    """Rows, slices and pairs of ``footpred evaluate``; names nobody knows and seasons nobody has are usage errors."""
    from footpred_dagster.core.domain import MAIN_LEAGUES
    from footpred_dagster.core.evaluation.holdout_log import record_look
    from footpred_dagster.core.evaluation.report import (
        MODEL_NAMES,
        NothingToEvaluate,
        as_pair,
        as_row,
        as_slice,
        evaluate_models,
    )
    from footpred_dagster.core.evaluation.windows import season_windows
    from footpred_dagster.core.features.dataset import played_before
    from footpred_dagster.core.registry import promotions
    from footpred_dagster.runner.selection import parse_leagues

    wanted = models.split(",") if models else list(MODEL_NAMES)
    if unknown := set(wanted) - set(MODEL_NAMES):
        raise click.UsageError(f"unknown model {', '.join(sorted(unknown))}; known are {', '.join(MODEL_NAMES)}")
    groups = leagues.split(",")
    try:
        chosen = parse_leagues(",".join(group for group in groups if group not in ("all", "top5")) or "main")
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    if extra := [league for league in chosen if league not in MAIN_LEAGUES]:
        raise click.UsageError(f"{', '.join(extra)}: extra leagues are loaded and rated, models judge main divisions")
    settings, clock = Settings.from_env(), as_of or datetime.now(UTC)
    try:
        with connect_migrated(settings) as connection:
            check_as_of(connection, as_of)
            champion = promotions.champion(connection)
            frame = played_before(connection, clock)
        found = evaluate_models(frame, wanted, selection.seasons, groups, champion.name if champion else None)
        looked = set(season_windows(frame, clock).final).intersection(map(str, selection.seasons))
        if looked:
            with connect(settings) as connection:
                record_look(connection, clock, sorted(looked), wanted, "footpred evaluate")
    except NothingToEvaluate as error:
        raise click.UsageError(str(error)) from error
    except psycopg.errors.UndefinedTable as error:
        raise click.ClickException("the warehouse holds nothing yet: fill it with footpred run") from error
    return {
        "rows": [as_row(row) for row in found.rows],
        "slices": [as_slice(*row) for row in found.by_slice],
        "paired": [as_pair(pair) for pair in found.paired],
    }


def status() -> dict[str, Any]:
    """State of every asset, from what Dagster recorded; nothing is run, and no home is made.

    ``database`` is the state it was in before: ``running``, ``stopped`` or ``absent``.
    """
    settings = Settings.from_env()
    database = database_state(settings)
    if database == "absent":
        return {"database": database, **NOTHING_YET, "services": services.as_json(settings)}
    from footpred_dagster.orchestration.asset_keys import switched_off
    from footpred_dagster.runner import run_summary

    with left_as_found(settings):
        definitions, instance = _platform(settings)
        with instance, connect(settings, autocommit=True) as connection:
            found = run_summary.status(connection, definitions, instance, off=switched_off(settings))
    return {"database": database, **found, "services": services.as_json(settings)}


def doctor() -> dict[str, Any]:
    """Where things are, and what is wrong; ``database`` as in ``status``. Makes no home."""
    from footpred_dagster.sources.catalog import usual_source

    settings = Settings.from_env()
    database, url, source = database_state(settings), None, settings.source
    if database != "absent":
        with left_as_found(settings):
            url = database_url(settings) if settings.owned else component_url(settings, "pipeline")
            with connect_migrated(settings) as connection:
                source = settings.source or usual_source(connection)
    return {
        "home": str(settings.home),
        "database": database,
        "database_url": url,
        "source": source,
        "archive": open_archive(settings).place,
        "versions": health.versions(),
        "problems": health.home_problems(settings),
        "warnings": health.warnings(settings),
    }


def migrate_all(wait: float) -> dict[str, str | None]:
    """``schema`` as it is now and ``before``; ``roles_sql``: for an administrator, None if no role is missing.

    Raises psycopg.OperationalError when no server answers for ``wait`` s.
    """
    settings = Settings.from_env()
    deadline = time.monotonic() + wait
    while True:
        try:
            url = database_url(settings)
            before = schema_version(url)
            break
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
    migrate(url)
    done = {"schema": schema_version(url), "before": before, "roles_sql": establish_roles(settings)}
    if settings.component_urls and done["roles_sql"]:
        return done  # the databases beside it belong to a role that does not exist yet
    from footpred_dagster.orchestration.instance import open_instance

    with warnings.catch_warnings(), open_instance(settings) as instance:
        warnings.simplefilter("ignore")  # alembic's, as Dagster calls it
        instance.upgrade()
    if settings.component_urls:
        for suffix in ("mlflow", "optuna"):  # like Dagster's: the pipeline's role cannot create them
            sibling_database(settings, suffix)
    return done


def _platform(settings: Settings) -> tuple[Any, Any]:
    """Definitions and instance; importing them is what makes commands take seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Dagster and dbt about themselves, while they are imported
        prepare_database(settings)  # first: dbt's parse is kept with the connection it was made for
        from footpred_dagster.definitions import defs
        from footpred_dagster.orchestration.instance import keep_connections, open_instance

        instance = open_instance(settings)
        keep_connections(instance)
        return defs(), instance
