"""``python -m dashboards --port 5006``: the dashboard of this home, on loopback unless told otherwise."""

from __future__ import annotations

import argparse
import logging
import os

from dashboards.app import serve
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
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    serve(Settings.from_env(), arguments.port, arguments.address, arguments.allow_origin, start=True)


if __name__ == "__main__":
    main()
