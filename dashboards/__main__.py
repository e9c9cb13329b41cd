"""``python -m dashboards --port 5006``: the dashboard of this home, on loopback unless told otherwise."""

from __future__ import annotations

import argparse
import logging
import os
import signal
from functools import partial

from dashboards.app import serve
from dashboards.reader import TTL, Reader
from footpred_dagster.core.database.connection import component_url
from footpred_dagster.core.settings import Settings


def main() -> None:
    parser = argparse.ArgumentParser(prog="dashboards", description=__doc__)
    parser.add_argument("--port", type=int, default=5006)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[origin for origin in os.environ.get("FOOTPRED_DASHBOARD_ORIGINS", "").split(",") if origin],
        help="host:port under which browsers reach it, beside loopback; also FOOTPRED_DASHBOARD_ORIGINS",
    )
    parser.add_argument("--ttl", type=float, default=TTL, help="seconds for which what was read is shown again")
    arguments = parser.parse_args()
    # The first process of a container is ended by what it handles alone, and Panel handles Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    reader = Reader(partial(component_url, Settings.from_env(), "dashboard"), arguments.ttl)
    serve(reader, Settings.from_env(), arguments.port, arguments.address, arguments.allow_origin, start=True)


if __name__ == "__main__":
    main()
