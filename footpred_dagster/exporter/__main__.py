"""``python -m footpred_dagster.exporter``: metrics of the pipeline on one port."""

from __future__ import annotations

import logging
import signal
import threading

import click
from prometheus_client import REGISTRY

from footpred_dagster.core.metrics_server import MetricsServer
from footpred_dagster.core.settings import Settings
from footpred_dagster.exporter.collector import Pipeline


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=9108, show_default=True)
def main(host: str, port: int) -> None:
    """Show Prometheus how the pipeline stands."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    pipeline = Pipeline(Settings.from_env())
    REGISTRY.register(pipeline)
    server = MetricsServer(host, port)
    ended.wait()
    server.close()
    pipeline.close()


if __name__ == "__main__":
    main()
