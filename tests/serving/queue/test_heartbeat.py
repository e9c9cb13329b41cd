"""A worker whose heartbeat cannot be written drops its tasks and begins anew; none of them counts as failed."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
import pytest

from tests.support.half_open import half_open
from tests.support.processes import free_port
from tests.support.proxy import Proxy
from tests.support.service import World
from tests.support.workers import Worker, ask, held_up, reaches, until, worker

UNKNOWN = {"match_id": "none"}
ALIVE = (200, {"status": "alive"})


class Watched(NamedTuple):
    """A worker that runs one task at a time and reaches its database through ``proxy``."""

    process: Worker
    proxy: Proxy
    url: str

    def page(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def health(self) -> tuple[int, Any]:
        status, body = self.page("/healthcheck/")
        return status, json.loads(body)

    def metric(self, name: str) -> float:
        return next(float(line.split()[1]) for line in self.page("/metrics")[1].splitlines() if line.startswith(name))


@pytest.fixture(scope="module")
def watched(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    port, proxy = free_port(), Proxy(world.url("worker"))
    arguments = ("--concurrency", "1", "--metrics-port", str(port))
    with worker(
        world, tmp_path_factory.mktemp("watched"), *arguments, FOOTPRED_WORKER_DATABASE_URL=proxy.url
    ) as process:
        yield Watched(process, proxy, f"http://127.0.0.1:{port}")
    proxy.close()


@pytest.fixture
def execute(world: World) -> Iterator[Callable[..., psycopg.Cursor[Any]]]:
    with world.connect() as connection:
        yield connection.execute
        connection.execute("delete from serving.tasks; delete from queue.procrastinate_jobs")


def rows(execute) -> list[int]:
    """Ids of workers, the newest last."""
    return [row[0] for row in execute("select id from queue.procrastinate_workers order by id")]


def attempts(execute) -> tuple[int, int]:
    """Attempts at the one task, and those that failed."""
    return execute("select attempts, failures from serving.tasks").fetchone()


@pytest.mark.fault(59, "each connection of a worker is ended, repeatedly: its heartbeat and its task go on")
def test_connections_that_are_ended_disturb_neither_heartbeat_nor_task(client, world, watched, execute):
    def end_connections() -> None:
        own = "from pg_stat_activity where application_name in ('footpred-worker', 'footpred-heartbeat')"
        until(lambda: execute(f"select pid {own}").rowcount >= 2)
        (moment,) = execute("select clock_timestamp()").fetchone()
        execute(f"select pg_terminate_backend(pid) {own}")
        beats = "select count(*) from queue.procrastinate_workers where last_heartbeat > %s"
        until(lambda: execute(beats, [moment]).fetchone() == (1,), seconds=8)

    before = rows(execute)
    end_connections()
    with held_up(world):  # for less than the limit of a statement
        task = ask(client, UNKNOWN)
        reaches(client, task, "running")
        end_connections()
        end_connections()
    assert reaches(client, task, "done", "failed")["status"] == "done"
    assert attempts(execute) == (1, 0)
    assert (rows(execute), watched.health()) == (before, ALIVE)


@pytest.mark.fault(59, "the table of workers is locked: the task is dropped, then made, and not counted as failed")
def test_a_locked_table_of_workers_costs_no_task(client, world, watched, execute):
    (before,) = rows(execute)
    with held_up(world):
        task = ask(client, UNKNOWN)
        reaches(client, task, "running")
        with psycopg.connect(world.database_url) as locking:
            locking.execute("lock table queue.procrastinate_workers in access exclusive mode")
            until(lambda: watched.health()[0] == 503)
            assert "heartbeat was last written" in watched.health()[1]["problem"]
            assert watched.metric("queue_worker_alive ") == 0
            until(lambda: watched.metric("queue_worker_heartbeat_age_seconds ") > 13)
        until(lambda: watched.health() == ALIVE)
        until(lambda: attempts(execute) == (2, 0), lambda: attempts(execute))
    assert reaches(client, task, "done", "failed")["status"] == "done"
    (after,) = rows(execute)
    assert after > before
    assert watched.metric("queue_worker_alive ") == 1


@pytest.mark.fault(59, "one worker's server is frozen: another makes the task, and the attempt before did not fail")
def test_a_task_of_a_worker_that_was_cut_off_is_taken_over_and_not_counted(client, world, watched, execute, tmp_path):
    with ExitStack() as hold:
        hold.enter_context(held_up(world))
        task = ask(client, UNKNOWN)
        reaches(client, task, "running")
        with worker(world, tmp_path):
            with watched.proxy.frozen():
                until(lambda: watched.health()[0] == 503)
                until(lambda: attempts(execute) == (2, 1), lambda: attempts(execute))
            until(lambda: watched.health() == ALIVE)
            until(lambda: attempts(execute) == (2, 0), lambda: attempts(execute))
            hold.close()
            assert reaches(client, task, "done", "failed")["status"] == "done"
    assert watched.process.process.poll() is None


@pytest.mark.fault(60, "half-open connections to a worker's metrics: few threads, and others are answered")
def test_half_open_connections_to_the_metrics_of_a_worker(watched):
    with half_open(watched.url, 800):
        threads = len(list(Path(f"/proc/{watched.process.process.pid}/task").iterdir()))
        assert threads < 20
        assert watched.health() == ALIVE
