"""``footpred replay``: a season replayed matchday by matchday, each in a transaction of its own."""

from __future__ import annotations

import signal
import sys
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

from footpred_dagster.cli.options import parsed
from footpred_dagster.cli.session import FAILED, Session, with_session
from footpred_dagster.core.domain import MAIN_LEAGUES, Season
from footpred_dagster.core.features.dataset import played_before
from footpred_dagster.core.lineage.trace import RunIds, sealed_together
from footpred_dagster.core.models.recipes import ALL_RECIPES
from footpred_dagster.core.predictions import track_record
from footpred_dagster.core.predictions.ledger import anchor
from footpred_dagster.core.predictions.season_replay import (
    NothingToReplay,
    Replay,
    play,
    prepare,
    replay_scores,
    sealed_matches,
)
from footpred_dagster.core.predictions.settlement import settle
from footpred_dagster.core.registry.promotions import champion
from footpred_dagster.runner.progress import console
from footpred_dagster.runner.selection import parse_digest, parse_leagues
from footpred_dagster.sources.input_manifest import keep_inputs


def _main_leagues(text: str) -> tuple[str, ...]:
    leagues = tuple(parse_leagues(text))
    if extra := set(leagues) - set(MAIN_LEAGUES):
        raise ValueError(f"{', '.join(sorted(extra))}: models learn from and predict the main divisions alone")
    return leagues


@click.command()
@click.option("--season", callback=parsed(Season.parse), metavar="2425", help="One season, by its site code.")
@click.option(
    "--leagues",
    default="main",
    show_default=True,
    callback=parsed(_main_leagues),
    help="main (22 divisions), or codes: E0,D1.",
)
@click.option(
    "--every", type=click.Choice(["matchday"]), default="matchday", show_default=True, help="When to predict."
)
@click.option("--model", help="Its recipe. Default: the champion's.")
@click.option("--sha256", "digest", hidden=True, callback=parsed(parse_digest))
@click.option("--league", hidden=True)
@with_session
def replay(
    session: Session,
    season: Season | None,
    leagues: tuple[str, ...],
    every: str,
    model: str | None,
    digest: str | None,
    league: str | None,
) -> None:
    """Replay a season: predict each matchday as of its start, by a fit on the seasons before, seal and score it.

    Rows go to the ledger as replays, which no live record counts. Interrupted, the same command goes on.
    """
    if digest:  # its former meaning, for one release
        from footpred_dagster.cli.archive import reload_body

        click.echo("footpred replay --sha256 is footpred reload --sha256 now; this form is for one release", err=True)
        reload_body(session, digest, league, season)
    if season is None:
        raise click.MissingParameter(param_type="option", param_hint="--season")
    done = _replay(session, season, leagues, model)
    session.tell(done, lambda: _print_replay(done))
    sys.exit(FAILED if done["interrupted"] else 0)


@click.command(hidden=True, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def backtest(context: click.Context, arguments: tuple[str, ...]) -> None:
    """``replay`` by its former name, for one release."""
    click.echo("footpred backtest is footpred replay now; this name is for one release", err=True)
    with replay.make_context("backtest", list(arguments), parent=context.parent) as own:
        replay.invoke(own)


def _replay(session: Session, season: Season, leagues: Sequence[str], model: str | None) -> dict[str, Any]:
    """What was sealed; ``scores`` are of all matches that are sealed by now.

    What an earlier, interrupted call sealed is left out.
    """
    started, now = time.monotonic(), datetime.now(UTC)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with session.connect() as connection:
        replayed, inputs = _prepare(session, connection, season, leagues, model)
    with session.connect() as connection:
        before = sealed_matches(connection, replayed)
        due = [day for day in replayed.matchdays if not before.issuperset(day.matches["match_id"])]
        run, sealed, interrupted = RunIds("", uuid.uuid4().hex), 0, False
        try:
            with _progress(len(replayed.matchdays), len(replayed.matchdays) - len(due)) as advance:
                for day in due:
                    with connection.transaction(), sealed_together(connection, day.as_of, "replay", inputs, run):
                        sealed += play(connection, replayed, day)
                    connection.commit()
                    advance(f"{day.league} {day.day}")
        except KeyboardInterrupt:
            interrupted = True
        settle(connection, now)
        track_record.store(connection, track_record.settled_predictions(connection, now))
        connection.commit()
        head = anchor(connection, session.archive)
        scores = replay_scores(connection, replayed)
    return {
        "season": season.site_code,
        "leagues": list(leagues),
        "model": {"name": replayed.version.name, "version": replayed.version.version, "role": replayed.role},
        "matchdays": len(replayed.matchdays),
        "done_before": len(replayed.matchdays) - len(due),
        "sealed": sealed,
        "scores": asdict(scores) if scores else None,
        "ledger": {"rows": head.rows, "head": head.hash},
        "interrupted": interrupted,
        "seconds": round(time.monotonic() - started, 1),
    }


def _prepare(
    session: Session, connection: psycopg.Connection, season: Season, leagues: Sequence[str], model: str | None
) -> tuple[Replay, str | None]:
    """The replay of a season by a model, by default the champion's recipe, and the digest of its inputs."""
    reigning = champion(connection)
    recipe = model or (reigning.name if reigning else "stack")
    if recipe not in ALL_RECIPES:
        raise click.UsageError(f"there is no model {recipe}: {', '.join(ALL_RECIPES)}")
    role: Any = "champion" if not reigning or recipe == reigning.name else "challenger"
    try:
        with console.status(f"fitting {recipe} on every season before {season!s}"):
            frame = played_before(connection, datetime.now(UTC))
            replayed = prepare(connection, session.archive, frame, recipe, str(season), leagues, role)
    except NothingToReplay as error:
        raise click.UsageError(str(error)) from error
    except psycopg.errors.UndefinedTable as error:
        raise click.ClickException("the warehouse holds nothing yet: fill it with footpred run") from error
    return replayed, keep_inputs(connection, session.archive)


def _print_replay(done: dict[str, Any]) -> None:
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
