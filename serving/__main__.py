"""``python -m serving``: the service on one port, with any number of workers."""

from __future__ import annotations

import os
import resource
import shutil
import tempfile

import click
import uvicorn

from serving.logs import configure
from serving.metrics import MULTIPROCESS
from serving.protocol import KEEP_ALIVE_SECONDS

GRACE_SECONDS = 8
"""What requests in flight have when the service ends; who started it waits twelve."""
HEALTH_SECONDS = 60
"""After which a worker that does not answer its parent is replaced; on a busy machine it starts in ten."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True)
def main(host: str, port: int, workers: int) -> None:
    """Serve predictions."""
    folder = tempfile.mkdtemp(prefix="footpred-metrics-") if workers > 1 else None
    if folder:
        os.environ[MULTIPROCESS] = folder
    configure()
    raise_open_files()
    try:
        uvicorn.run(
            "serving.app:create_app",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            http="serving.protocol:BoundedProtocol",
            ws="none",
            loop="uvloop",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
            timeout_worker_healthcheck=HEALTH_SECONDS,
        )
    finally:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)


def raise_open_files() -> None:
    """To what the system allows: shells usually give fewer than there may be connections."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    main()
