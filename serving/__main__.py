"""``python -m serving``: the service on one port, with any number of workers; its metrics on another."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from contextlib import ExitStack, suppress

import click
import uvicorn
from uvicorn.config import STARTUP_FAILURE

from footpred_dagster.core.metrics_server import MetricsServer
from footpred_dagster.core.settings import SettingsError
from serving.http.protocol import KEEP_ALIVE_SECONDS
from serving.logs import configure
from serving.metrics import MULTIPROCESS, registry
from serving.processes import Parent
from serving.settings import ServiceSettings

GRACE_SECONDS = 8
"""What requests in flight have when the service ends, after it drained for three; who started it waits twelve."""
HEALTH_SECONDS = 60
"""After which a worker that does not answer its parent is replaced; on a busy machine it starts in ten."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
@click.option("--metrics-port", type=click.IntRange(0, 65535), default=0, help="0: metrics are not shown.")
def main(host: str, port: int, workers: int, metrics_port: int) -> None:
    """Serve predictions."""
    try:
        ServiceSettings.from_env()
    except SettingsError as error:  # else every worker would fail by it, and be replaced
        raise click.ClickException(str(error)) from error
    with ExitStack() as stack:
        if workers > 1:
            folder = tempfile.TemporaryDirectory(prefix="footpred-metrics-", ignore_cleanup_errors=True)
            os.environ[MULTIPROCESS] = stack.enter_context(folder)
        configure()
        raise_open_files()
        if metrics_port:
            stack.callback(_metrics(host, metrics_port).close)
        config = uvicorn.Config(
            "serving.app:create_app",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            http="serving.http.protocol:BoundedProtocol",
            ws="none",
            loop="uvloop",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
            timeout_worker_healthcheck=HEALTH_SECONDS,
        )
        if workers > 1:
            parent = Parent(config, sockets=[config.bind_socket()])
            parent.run()
            failed = parent.failed
        else:
            server = uvicorn.Server(config)
            with suppress(KeyboardInterrupt):
                server.run()
            failed = not server.started
        if failed:
            sys.exit(STARTUP_FAILURE)


def _metrics(host: str, port: int) -> MetricsServer:
    """With several workers the process above them shows the metrics of all."""
    try:
        return MetricsServer(host, port, registry=registry())
    except OSError as error:
        raise click.ClickException(f"metrics cannot be shown at port {port}: {error.strerror}") from error


def raise_open_files() -> None:
    """To what the system allows: shells usually give fewer than there may be connections."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    main()
