"""Workers of the queue as processes of their own, and a client that asks for tasks and follows them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from litestar.testing import TestClient

from tests.support.service import World

SECONDS = 30
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Worker:
    """``log``: everything it wrote."""

    process: subprocess.Popen[bytes]
    log: Path

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def end(self) -> tuple[int, float]:
        """(exit code, seconds) of an orderly end."""
        begun = time.monotonic()
        self.process.terminate()
        return self.process.wait(20), time.monotonic() - begun


@contextmanager
def worker(world: World, folder: Path, *arguments: str, **environment: str) -> Iterator[Worker]:
    """One that is heard of already; killed afterwards if it has not ended."""
    log = folder / f"worker-{time.monotonic_ns()}.log"
    before = heard_of(world)
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "serving.worker", *arguments],
            env=os.environ | world.environment(folder, **environment),
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    begun = Worker(process, log)
    try:
        until(lambda: heard_of(world) - before or process.poll() is not None, log.read_text)
        assert process.poll() is None, log.read_text()
        yield begun
    finally:
        begun.go_on()
        begun.kill()


def heard_of(world: World) -> set[int]:
    with world.connect() as connection:
        rows = connection.execute("select id from queue.procrastinate_workers").fetchall()
    return {identity for (identity,) in rows}


def until(met: Callable[[], Any], why: Callable[[], Any] = lambda: "", seconds: float = SECONDS) -> Any:
    """What ``met`` gives once that is true."""
    deadline = time.monotonic() + seconds
    while not (found := met()):
        assert time.monotonic() < deadline, why()
        time.sleep(0.05)
    return found


def ask(client: TestClient[Any], *items: Any, **headers: str) -> str:
    """Id of a new task."""
    answer = client.post("/predict/async/", json={"items": list(items)}, headers=headers)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["task_id"])


def status(client: TestClient[Any], task: str) -> dict[str, Any]:
    answer = client.get(f"/monitoring/task_status/{task}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def reaches(client: TestClient[Any], task: str, *wanted: str, seconds: float = SECONDS) -> dict[str, Any]:
    """The task once its status is one of ``wanted``."""
    return dict(
        until(
            lambda: told if (told := status(client, task))["status"] in wanted else None,
            lambda: status(client, task),
            seconds,
        )
    )


@contextmanager
def held_up(world: World) -> Iterator[None]:
    """Tasks that ask for unknown matches come to a halt in the middle, until the end of the block."""
    with psycopg.connect(world.database_url) as connection:
        connection.execute("lock table marts.fct_matches in access exclusive mode")
        yield
