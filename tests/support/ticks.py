"""A sensor daemon that does one iteration at a time, and dies where it is told: ``python -m tests.support.ticks PORT``.

A line on stdin is the point to be killed at (Dagster's own names), or ``-`` for none; the answer is how the child that
did the iteration ended. Everything is imported once; each iteration is a fork, so that one may die.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import warnings

warnings.simplefilter("ignore")

from dagster._core.workspace.context import WorkspaceProcessContext  # noqa: E402
from dagster._core.workspace.load_target import GrpcServerTarget  # noqa: E402
from dagster._daemon.sensor import execute_sensor_iteration  # noqa: E402

from footpred_dagster.core.settings import Settings  # noqa: E402
from footpred_dagster.orchestration.instance import open_instance  # noqa: E402

SENSOR = "source_changed"
CRASHES = ("TICK_CREATED", "TICK_HELD", "RUN_CREATED", "RUN_LAUNCHED")


def iterate(port: int, crash: str) -> None:
    flags = {SENSOR: {crash: signal.SIGKILL}} if crash in CRASHES else None
    server = GrpcServerTarget(host="127.0.0.1", port=port, socket=None, location_name="footpred")
    with open_instance(Settings.from_env()) as instance, WorkspaceProcessContext(instance, server) as workspace:
        for error in execute_sensor_iteration(
            workspace, logging.getLogger("ticks"), None, None, debug_crash_flags=flags
        ):
            if error:
                sys.stderr.write(f"{error}\n")


def main() -> None:
    port = int(sys.argv[1])
    for line in sys.stdin:
        child = os.fork()
        if not child:
            iterate(port, line.strip())
            sys.stderr.flush()
            os._exit(0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
