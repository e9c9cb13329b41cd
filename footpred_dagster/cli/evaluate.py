"""``footpred evaluate``: models scored on whole seasons."""

from __future__ import annotations

from datetime import UTC, datetime

import click
import psycopg

from footpred_dagster.cli.options import as_of_option, refuse_future, selection_of
from footpred_dagster.cli.output import print_evaluation
from footpred_dagster.cli.session import Session, with_session
from footpred_dagster.core.domain import MAIN_LEAGUES
from footpred_dagster.core.evaluation.holdout_log import record_look
from footpred_dagster.core.evaluation.report import (
    MODEL_NAMES,
    NothingToEvaluate,
    as_pair,
    as_slice,
    evaluate_models,
)
from footpred_dagster.core.evaluation.scores import as_row
from footpred_dagster.core.evaluation.windows import season_windows
from footpred_dagster.core.features.dataset import played_before
from footpred_dagster.core.registry import promotions
from footpred_dagster.runner.selection import parse_leagues


@click.command()
@click.option("--seasons", required=True, help="2324-2425, or one season: 2425.")
@click.option("--leagues", default="all,top5", show_default=True, help="all (main divisions), top5, or codes: E0,D1.")
@click.option(
    "--models", help="Comma-separated: champion, a candidate, elo, base_rate, market_opening, market_closing."
)
@click.option("--detail", is_flag=True, help="Also who beats whom, and scores by kind of match; always so in JSON.")
@as_of_option("Fit and judge as of this date (its start, UTC) or timestamp. Default: now.")
@with_session
def evaluate(
    session: Session, seasons: str, leagues: str, models: str | None, detail: bool, as_of: datetime | None
) -> None:
    """Score models on whole seasons; each season is predicted by a fit strictly before it."""
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
    selection, clock = selection_of((), seasons, as_of), as_of or datetime.now(UTC)
    try:
        with session.connect() as connection:
            refuse_future(connection, as_of)
            champion = promotions.champion(connection)
            frame = played_before(connection, clock)
        found = evaluate_models(frame, wanted, selection.seasons, groups, champion.name if champion else None)
        looked = set(season_windows(frame, clock).final).intersection(map(str, selection.seasons))
        if looked:
            with session.connect() as connection:
                record_look(connection, clock, sorted(looked), wanted, "footpred evaluate")
    except NothingToEvaluate as error:
        raise click.UsageError(str(error)) from error
    except psycopg.errors.UndefinedTable as error:
        raise click.ClickException("the warehouse holds nothing yet: fill it with footpred run") from error
    facts = {
        "rows": [as_row(row) for row in found.rows],
        "slices": [as_slice(*row) for row in found.by_slice],
        "paired": [as_pair(pair) for pair in found.paired],
    }
    session.tell(facts, lambda: print_evaluation(facts, detail=detail))
