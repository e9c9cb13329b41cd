"""The ``footpred`` command: parses, calls, prints. Heavy imports happen inside the command that needs them."""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import UTC, datetime
from typing import Any

import click

from footpred_dagster.cli import backup, champion, clubs, files, keys, ledger, lineage, matches, tables
from footpred_dagster.cli import models as cli_models
from footpred_dagster.cli.failures import FAILED, REFUSED_FILES, Explained
from footpred_dagster.cli.options import json_option, not_empty, parsed, service_ports
from footpred_dagster.core import environment, services
from footpred_dagster.core.domain import Season
from footpred_dagster.core.settings import Settings
from footpred_dagster.runner.selection import Selection, parse_instant, parse_leagues, parse_seasons

leagues_option = click.option(
    "--leagues",
    default="main",
    show_default=True,
    callback=parsed(parse_leagues),
    help="main (22 divisions), extra (the 16 files of new/), all, or codes: E0,ARG-COPA.",
)
as_of_option = click.option(
    "--as-of",
    callback=parsed(parse_instant),
    help="Train, judge, count and predict as of this date (its start, UTC) or timestamp. Default: now.",
)


@click.group(cls=Explained, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="footpred")
def main() -> None:
    """Football predictions, and proof of how good they are."""
    environment.isolate()
    environment.protect_files()
    _fix_home()


@main.command()
@click.option(
    "--source",
    "where",
    callback=parsed(not_empty),
    help="football-data, simulator, a URL, a folder laid out like the site, or archive: what was fetched before. "
    "Default: where the data of this home came from, football-data at first.",
)
@leagues_option
@click.option("--seasons", help="1516-2425, or one season: 2425. Default: all there are.")
@as_of_option
@json_option
def run(where: str | None, leagues: tuple[str, ...], seasons: str | None, as_of: Any, as_json: bool) -> None:
    """Fetch what changed and materialize everything stale, from raw files to sealed predictions.

    Exit code 0 when done, 1 when an asset or a blocking check failed, 3 when done but files of the source were refused.
    """
    _run(where, _selection(leagues, seasons, as_of), as_of, as_json=as_json)


def _run(where: str | None, selection: Selection, as_of: Any, *, as_json: bool) -> None:
    """Run and print; leaves the program with code 1 if something failed, with 3 if a file was refused."""
    from footpred_dagster.cli import output, platform_commands

    started = time.monotonic()
    summary, outcome = platform_commands.run(where, selection, as_of)
    summary["seconds"] = round(time.monotonic() - started, 1)
    output.print_run(summary, outcome, as_json=as_json)
    if outcome.errors:
        sys.exit(FAILED)
    if summary["refused"]:
        sys.exit(REFUSED_FILES)


@main.command()
@click.option("--no-serve", is_flag=True, help="Stop after the job.")
@json_option
def demo(no_serve: bool, as_json: bool) -> None:
    """Everything on fictional leagues, without network: the job of ``run``, then the services of ``up``."""
    from footpred_dagster.sources.simulator import DEFAULT_FIRST_SEASON, DEFAULT_LEAGUES

    now = Season.containing(datetime.now(UTC).date())
    _run("simulator", Selection(DEFAULT_LEAGUES, Season(DEFAULT_FIRST_SEASON), now), None, as_json=as_json)
    if not no_serve:
        sys.stdout.flush()
        # In place of this process, which holds what a run needs and a supervisor does not.
        os.execv(sys.executable, [sys.executable, "-m", "footpred_dagster.cli", "up"])  # noqa: S606


@main.command()
@click.option("--detach", is_flag=True, help="Return once the services run; footpred down stops them.")
@click.option(
    "--port",
    "ports",
    metavar="SERVICE=PORT",
    multiple=True,
    callback=service_ports,
    help="Port to prefer for dagster, mlflow, api, worker, metrics or dashboard; may be given again. The next free one "
    "is used where it is taken.",
)
def up(detach: bool, ports: dict[str, int]) -> None:
    """Dagster, MLflow and the rest of this home's services, until Ctrl-C or ``footpred down``."""
    from footpred_dagster.cli import service_commands
    from footpred_dagster.supervisor.supervisor import AlreadyUp

    try:
        if detach:
            arguments = [f"--port={service}={port}" for service, port in ports.items()]
            whole = service_commands.up_detached(click.echo, arguments)
        else:
            whole = service_commands.up(click.echo, ports)
    except AlreadyUp:
        click.echo("already up:")
        for name, service in services.states(Settings.from_env()).items():
            if service.url:
                click.echo(f"{name:<9} {service.url}  {service.state}")
        return
    sys.exit(0 if whole else FAILED)


@main.command()
@click.option("--seasons", required=True, help="2324-2425, or one season: 2425.")
@click.option("--leagues", default="all,top5", show_default=True, help="all (main divisions), top5, or codes: E0,D1.")
@click.option(
    "--models", help="Comma-separated: champion, a candidate, elo, base_rate, market_opening, market_closing."
)
@click.option("--detail", is_flag=True, help="Also who beats whom, and scores by kind of match; always so in JSON.")
@as_of_option
@json_option
def evaluate(seasons: str, leagues: str, models: str | None, detail: bool, as_of: Any, as_json: bool) -> None:
    """Score models on whole seasons; each season is predicted by a fit strictly before it."""
    from footpred_dagster.cli import output, platform_commands

    found = platform_commands.evaluate(_selection((), seasons, as_of), leagues, models, as_of)
    output.print_evaluation(found, detail=detail, as_json=as_json)


@main.command()
@click.option("--wait", type=click.FloatRange(min=0), default=0.0, help="Seconds to wait for a database that starts.")
@json_option
def migrate(wait: float, as_json: bool) -> None:
    """Bring this database, and Dagster's beside it, to this version; for before an upgrade's new processes start.

    Every other command does so as well: on one machine nobody needs this one.
    """
    from footpred_dagster.cli import platform_commands

    done = platform_commands.migrate_all(wait)
    if as_json:
        click.echo(json.dumps(done))
        return
    click.echo(f"schema {done['schema']}, before {done['before'] or 'none'}")
    if done["roles_sql"]:
        click.echo("the owner lacks CREATEROLE: execute this as administrator, set the passwords, then migrate again")
        click.echo(done["roles_sql"])


@main.command()
@json_option
def status(as_json: bool) -> None:
    """What is materialized, stale or failing; the champion; how old the data is."""
    from footpred_dagster.cli import output, platform_commands

    output.print_status(platform_commands.status(), as_json=as_json)


@main.command()
@json_option
def doctor(as_json: bool) -> None:
    """Where this home is, what it runs on, how to reach its database, and what is wrong with it."""
    from footpred_dagster.cli import output, platform_commands

    report = platform_commands.doctor()
    output.print_doctor(report, as_json=as_json)
    sys.exit(FAILED if report["problems"] else 0)


@main.command()
@json_option
def down(as_json: bool) -> None:
    """Stop everything of this home; nothing is lost, the next command starts what it needs."""
    from footpred_dagster.cli import service_commands

    stopped = service_commands.down()
    if as_json:
        click.echo(json.dumps({"stopped": stopped}))
    else:
        click.echo(f"{' and '.join(stopped)} stopped" if stopped else "nothing was running")


for command in (
    *champion.COMMANDS,
    *(
        cli_models.tune,
        cli_models.backtest,
        ledger.ledger,
        lineage.lineage,
        lineage.reproduce,
        keys.keys,
        clubs.clubs,
        matches.matches,
        files.inspect,
        files.replay,
        files.pull,
        files.accept,
        files.quarantine,
        backup.backup,
        backup.restore,
        tables.table,
    ),
):
    main.add_command(command)


def _fix_home() -> None:
    """Name a relative FOOTPRED_HOME as the folder it is from here: child processes run in other folders."""
    chosen = os.environ.get("FOOTPRED_HOME")
    if chosen is None or chosen.startswith(("/", "~")):
        return
    home = str(Settings.from_env().home)
    click.echo(f"FOOTPRED_HOME {chosen!r} is relative: it is {home} here, another folder from elsewhere", err=True)
    os.environ["FOOTPRED_HOME"] = home


def _selection(leagues: tuple[str, ...], seasons: str | None, as_of: Any) -> Selection:
    until = Season.containing((as_of or datetime.now(UTC)).date())
    try:
        return Selection(leagues, *parse_seasons(seasons, until), bounded=seasons is not None)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--seasons") from error
