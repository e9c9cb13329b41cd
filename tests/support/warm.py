"""Commands without their imports: a process that has loaded the libraries forks for each call, and the fork is one.

Nothing of ours is loaded before the fork: every call reads its own environment. ``python -m tests.support.warm``.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO

LIBRARIES = (
    *("alembic.command", "dagster", "dagster._core.execution.api", "dagster_aws.s3", "dagster_dbt", "dagster_mlflow"),
    "dbt.cli.main",
    *("great_expectations", "matplotlib.figure", "mlflow", "optuna", "pandas", "psycopg", "scipy.stats"),
    *("sklearn.linear_model", "xgboost"),
)
PROGRAMS = {"footpred": ("footpred_dagster.cli", "main"), "dbt": ("dbt.cli.main", "cli")}


def call(command: Sequence[str], environment: Mapping[str, str], timeout: float) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of a program and its arguments."""
    with tempfile.TemporaryDirectory() as folder:
        streams = [str(Path(folder) / name) for name in ("out", "err")]
        asked = {"command": list(command), "environment": dict(environment), "streams": streams, "limit": timeout}
        server = _server()
        assert server.stdin
        assert server.stdout
        server.stdin.write(json.dumps(asked) + "\n")
        server.stdin.flush()
        code = int(server.stdout.readline())
        out, err = (Path(stream).read_text() for stream in streams)
    return code, out, err


@cache
def _server() -> subprocess.Popen[str]:
    """One for this process; it ends with it, when its input does."""
    command = [sys.executable, "-m", "tests.support.warm"]
    root = Path(__file__).resolve().parents[2]
    server = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    atexit.register(server.communicate)
    return server


def _serve(calls: IO[str]) -> None:
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.freeze()
    for line in calls:
        asked = json.loads(line)
        child = os.fork()
        if not child:
            return _become(asked)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201
    return None


def _become(asked: dict) -> None:
    """The command itself; it ends as any interpreter does."""
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir("/")
    for number, path in enumerate((os.devnull, *asked["streams"])):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), number)
    sys.argv = asked["command"]
    module, function = PROGRAMS[sys.argv[0]]
    importlib.import_module("faulthandler").dump_traceback_later(asked["limit"], exit=True)
    getattr(importlib.import_module(module), function)()


if __name__ == "__main__":
    _serve(sys.stdin)
