"""``footpred up`` and ``footpred down``: the services of a home."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace

import click

from footpred_dagster.cli.keys import demo_key
from footpred_dagster.cli.options import service_ports
from footpred_dagster.cli.session import FAILED, Session, with_session
from footpred_dagster.core import services
from footpred_dagster.core.database.connection import connect_as_owner, prepare_database
from footpred_dagster.core.database.embedded_server import EmbeddedPostgres
from footpred_dagster.core.settings import Settings
from footpred_dagster.core.tracking import mlflow_log
from footpred_dagster.orchestration.instance import prepare_home
from footpred_dagster.supervisor.processes import FRONT, PROCESSES
from footpred_dagster.supervisor.supervisor import AlreadyUp, Supervisor, stop_supervisor

SERVICE_ENVIRONMENT = {
    # No variable of the shell opens MLflow to pages of other sites.
    "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": "",
    "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE": "false",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # it would start workers for features that are not used here
    "PYTHONUNBUFFERED": "1",
}


@click.command()
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
    try:
        if detach:
            arguments = [f"--port={service}={port}" for service, port in ports.items()]
            whole = _up_detached(click.echo, arguments)
        else:
            whole = _up(click.echo, ports)
    except AlreadyUp:
        click.echo("already up:")
        for name, service in services.states(Settings.from_env()).items():
            if service.url:
                click.echo(f"{name:<9} {service.url}  {service.state}")
        return
    sys.exit(0 if whole else FAILED)


def _up(say: Callable[[str], None], ports: Mapping[str, int]) -> bool:
    """Run every service of this home until a signal ends it; False if one had to be given up. Raises AlreadyUp.

    ports: what services prefer instead of their usual ones, by service. An embedded database that was down before is
    stopped again at the end.
    """
    settings = Settings.from_env()
    if services.supervised(settings):
        raise AlreadyUp
    embedded = None if settings.external else EmbeddedPostgres(settings.home)
    ours_to_stop = embedded is not None and not embedded.running()
    preferring = {FRONT[service]: port for service, port in ports.items()}
    processes = [replace(each, prefers=preferring.get(each.name, each.prefers)) for each in PROCESSES]
    keep_alive = embedded.start if embedded else _nothing
    supervisor = Supervisor(settings, processes, FRONT, say=say, keep_alive=keep_alive)
    with supervisor.signals():  # from here on: a signal must not leave the database behind
        try:
            prepare_database(settings)
            prepare_home(settings)
            os.environ.update(SERVICE_ENVIRONMENT)
            mlflow_log.tracking_uri(settings)  # its database exists before the server looks for it
            if settings.owned:
                with connect_as_owner(settings) as connection:
                    key = demo_key(connection)
                if key:
                    say(f"a key for the service, shown this once: {key}")
            say(f"starting; the log of each is in {settings.home / 'logs'}")
            return supervisor.run()
        finally:
            if ours_to_stop and embedded:
                embedded.stop()
                supervisor.report("stopped: database")


def _nothing() -> None:
    """An external server keeps itself alive."""


def _up_detached(say: Callable[[str], None], arguments: list[str]) -> bool:
    """``footpred up`` with ``arguments`` in a session of its own, once each service runs or failed; False if one did.

    What it prints until then is passed on, a new key among it, and written nowhere. Raises AlreadyUp.
    """
    settings = Settings.from_env()
    if services.supervised(settings):
        raise AlreadyUp
    with subprocess.Popen(
        [sys.executable, "-m", "footpred_dagster.cli", "up", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd="/",
        start_new_session=True,
    ) as process:
        assert process.stdout
        for line in process.stdout:
            say(line.rstrip())
            found = {services.states(settings)[service].state for service in FRONT}
            if found <= {"running", "failed"}:
                process.returncode = 0  # it outlives this process, which does not wait for it
                return "failed" not in found
    return False


@click.command()
@with_session
def down(session: Session) -> None:
    """Stop everything of this home; nothing is lost, the next command starts what it needs."""
    stopped = ["services"] if stop_supervisor(session.settings) else []
    stopped += ["database"] if EmbeddedPostgres(session.settings.home).stop() else []
    session.tell({"stopped": stopped}, f"{' and '.join(stopped)} stopped" if stopped else "nothing was running")
