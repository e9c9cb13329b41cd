"""Workers end in the middle, freeze, share, and are told to go: each task has one result all the same."""

from __future__ import annotations

import time

import psycopg
import pytest

from tests.support.metrics import exposition
from tests.support.workers import ask, held_up, reaches, status, until, worker

UNKNOWN = {"match_id": "none"}
ONE_AT_A_TIME = ("--concurrency", "1")
TAKEN_OVER_SECONDS = 12.0
"""Eight until a worker is taken for dead, one until somebody looks, one until the job is fetched, and this machine."""


@pytest.fixture(autouse=True)
def _nothing_is_left(world):
    yield
    with world.connect() as connection:
        for table in ("serving.tasks", "queue.procrastinate_jobs", "queue.procrastinate_workers"):
            connection.execute(f"delete from {table}".encode())


def ended(world) -> list[tuple]:
    """What was stored of each task that ended, and how each job did."""
    with world.connect() as connection:
        return connection.execute("""
            select tasks.status, attempts, md5(result), finished_at, (
                select count(*) from queue.procrastinate_events where job_id = tasks.job_id and type = 'succeeded')
            from serving.tasks order by created_at
        """).fetchall()


def running(client) -> list[int]:
    """How many tasks each living worker runs."""
    return sorted(w["running"] for w in client.get("/monitoring/workers").json()["workers"] if w["alive"])


def test_a_worker_killed_in_the_middle_of_a_task_and_another_makes_its_one_result(client, world, tmp_path):
    with worker(world, tmp_path) as first:
        with held_up(world):
            task = ask(client, {"match_id": "m1"}, UNKNOWN)
            reaches(client, task, "running")
            first.kill()
        with worker(world, tmp_path) as second:
            begun = time.monotonic()
            found = reaches(client, task, "done", "failed")
            assert time.monotonic() - begun < TAKEN_OVER_SECONDS
            second.end()  # in order: the end of its job is stored after that of the task
    assert found["status"] == "done"
    assert [item["status"] for item in found["result"]["items"]] == [200, 404]
    ((kind, attempts, _, _, successes),) = ended(world)
    assert (kind, attempts, successes) == ("done", 2, 1)


def test_a_worker_that_was_only_frozen_comes_too_late_and_changes_nothing(client, world, tmp_path):
    with worker(world, tmp_path, *ONE_AT_A_TIME) as frozen:
        with held_up(world):
            task = ask(client, UNKNOWN)
            reaches(client, task, "running")
            frozen.pause()
        with worker(world, tmp_path, *ONE_AT_A_TIME):
            assert reaches(client, task, "done")["attempts"] == 2
            before = ended(world)
            frozen.go_on()
            until(lambda: "heartbeat lost, 1 jobs dropped" in frozen.log.read_text(), frozen.log.read_text)
            assert ended(world) == before
            more = [ask(client, UNKNOWN) for _ in range(4)]
            for other in more:
                assert reaches(client, other, "done")["attempts"] == 1


def test_a_worker_that_is_frozen_in_a_transaction_keeps_no_lock(world, tmp_path):
    """It takes over jobs of dead workers under a lock, without which none of the others does."""
    with worker(world, tmp_path) as frozen, world.connect() as connection:
        waits = "select from pg_stat_activity where wait_event_type = 'Lock' and query like '%select task_id%'"
        with psycopg.connect(world.database_url) as locking:
            locking.execute("lock table serving.tasks in access exclusive mode")
            until(lambda: connection.execute(waits).rowcount == 1)
            frozen.pause()
        until(lambda: not connection.execute("select from pg_locks where locktype = 'advisory'").rowcount, seconds=10)


def test_two_workers_share_what_waits(client, world, tmp_path):
    with worker(world, tmp_path, *ONE_AT_A_TIME) as one, worker(world, tmp_path, *ONE_AT_A_TIME) as other:
        with held_up(world):
            tasks = [ask(client, UNKNOWN) for _ in range(6)]
            until(lambda: running(client) == [1, 1], lambda: running(client))
            told = client.get("/monitoring/queues").json()["queues"][0]
            assert (told["name"], told["queued"], told["running"], told["failed"]) == ("predictions", 4, 2, 0)
            assert told["oldest_seconds"] > 0
            until(lambda: 'queue_depth{queue="predictions",status="queued"} 4.0' in exposition())
            assert "queue_workers 2.0" in exposition()
        for task in tasks:
            assert reaches(client, task, "done")["attempts"] == 1
        one.end(), other.end()
    assert [(kind, attempts, successes) for kind, attempts, _, _, successes in ended(world)] == [("done", 1, 1)] * 6


def test_a_running_task_that_is_cancelled_gets_no_result_and_its_worker_goes_on(client, world, tmp_path):
    with worker(world, tmp_path, *ONE_AT_A_TIME):
        with held_up(world):
            task = ask(client, UNKNOWN)
            reaches(client, task, "running")
            assert client.delete(f"/monitoring/task_status/{task}").json()["status"] == "cancelled"
            later = ask(client, {"match_id": "m1"})
            reaches(client, later, "done")  # though what it waited for is still held up
        time.sleep(0.5)
        found = status(client, task)
    assert (found["status"], found["result"]) == ("cancelled", None)


def test_a_worker_told_to_go_finishes_what_it_can(client, world, tmp_path):
    with worker(world, tmp_path) as leaving:
        with held_up(world):
            task = ask(client, UNKNOWN)
            reaches(client, task, "running")
            leaving.process.terminate()
            until(lambda: "Stop requested" in leaving.log.read_text())
            waiting = ask(client, UNKNOWN)
        assert leaving.process.wait(20) == 0
    assert status(client, task)["status"] == "done"
    assert status(client, waiting)["status"] == "queued"
    assert running(client) == []


def test_a_worker_told_to_go_gives_back_what_it_cannot_finish(client, world, tmp_path):
    with worker(world, tmp_path) as leaving:
        with held_up(world):
            task = ask(client, UNKNOWN)
            reaches(client, task, "running")
            code, seconds = leaving.end()
            assert (code, seconds < 12) == (0, True), leaving.log.read_text()
            assert status(client, task)["status"] == "queued"
        with worker(world, tmp_path):
            begun = time.monotonic()
            assert reaches(client, task, "done")["attempts"] == 2
            assert time.monotonic() - begun < 5
    with world.connect() as connection:
        assert connection.execute("select failures from serving.tasks").fetchone() == (0,)
