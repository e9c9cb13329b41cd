"""Tasks that fail: tried again where that may help, given up visibly where it does not, and none is ever lost."""

from __future__ import annotations

import pytest

from tests.support.metrics import exposition
from tests.support.problems import problem
from tests.support.proxy import Proxy
from tests.support.workers import ask, held_up, reaches, status, until, worker

UNKNOWN = {"match_id": "none"}
HASTY = ("--attempts", "3", "--wait", "0.1")


@pytest.fixture(autouse=True)
def _nothing_is_left(world):
    yield
    with world.connect() as connection:
        for table in ("serving.tasks", "queue.procrastinate_jobs", "queue.procrastinate_workers"):
            connection.execute(f"delete from {table}".encode())


@pytest.fixture
def execute(world):
    with world.connect() as connection:
        yield connection.execute


@pytest.fixture
def unbuilt(execute):
    """A table that predictions are made from is not there; called, it is again."""
    execute("alter table marts.fct_matches rename to fct_matches_away")
    there = []

    def build() -> None:
        if not there:
            execute("alter table marts.fct_matches_away rename to fct_matches")
            there.append(True)

    yield build
    build()


def slug(task: dict) -> str:
    return task["problem"]["type"].rpartition(":")[2]


def dead(client, key: str | None = None) -> list[str]:
    headers = {"X-API-Key": key} if key else {}
    (queue,) = client.get("/monitoring/queues", headers=headers).json()["queues"]
    return [task["task_id"] for task in queue["dead"]]


def test_a_failure_that_may_pass_is_tried_again_and_given_up_in_the_open(client, world, tmp_path, unbuilt):
    task = ask(client, UNKNOWN)
    with worker(world, tmp_path, *HASTY):
        found = reaches(client, task, "failed", "done")
    assert (found["status"], found["attempts"], found["result"], slug(found)) == ("failed", 3, None, "not-built")
    assert dead(client) == [task]
    assert dead(client, world.new_key()[1]) == []
    assert dead(client, world.new_key(scopes=("admin",))[1]) == [task]
    until(lambda: 'queue_depth{queue="predictions",status="failed"} 1.0' in exposition())


def test_a_failure_that_passes_ends_in_a_result_and_is_told_until_then(client, world, tmp_path, unbuilt):
    task = ask(client, UNKNOWN)
    with worker(world, tmp_path, "--wait", "0.5"):
        until(lambda: status(client, task)["problem"])
        assert slug(status(client, task)) == "not-built"
        unbuilt()
        found = reaches(client, task, "done", "failed")
    assert (found["status"], found["problem"]) == ("done", None)
    assert found["attempts"] >= 2


def test_a_failure_that_stays_is_not_tried_again_and_its_inside_is_in_the_log_alone(client, world, tmp_path, execute):
    task = ask(client, UNKNOWN)
    execute("update serving.tasks set request = 'nothing that was ever packed'")
    with worker(world, tmp_path, *HASTY) as process:
        found = reaches(client, task, "failed", "done")
        assert (found["attempts"], slug(found)) == (1, "internal-error")
        assert task in found["problem"]["detail"]
        assert "gzip" not in str(found).lower()
        until(lambda: "BadGzipFile" in process.log.read_text(), process.log.read_text)


def test_a_task_that_ends_its_workers_ends_too(client, world, tmp_path, execute):
    task = ask(client, UNKNOWN)
    execute("update serving.tasks set status = 'running', attempts = 7, failures = 2")
    with worker(world, tmp_path, *HASTY):
        assert slug(reaches(client, task, "failed", "done")) == "worker-lost"


def test_a_task_whose_job_was_lost_gets_another(client, world, tmp_path, execute):
    task = ask(client, UNKNOWN)
    execute("delete from queue.procrastinate_jobs")
    with worker(world, tmp_path):
        assert reaches(client, task, "done")["attempts"] == 1


def test_what_ended_is_kept_for_a_while_and_then_forgotten_with_its_job_and_key(client, world, tmp_path, execute):
    again = {"Idempotency-Key": "again"}
    task = ask(client, {"match_id": "m1"}, **again)
    with worker(world, tmp_path) as process:
        reaches(client, task, "done")
        process.end()  # in order: a killed one may leave the job open, which is taken over after the first forgetting
    execute("update serving.tasks set expires_at = now()")
    with worker(world, tmp_path):
        until(lambda: client.get(f"/monitoring/task_status/{task}").status_code == 404)
        until(lambda: execute("select count(*) from queue.procrastinate_jobs").fetchone() == (0,))
    assert problem(client.get(f"/monitoring/task_status/{task}"), 404) == "unknown-task"
    assert ask(client, {"match_id": "m1"}, **again) != task


@pytest.fixture
def proxy(world):
    proxy = Proxy(world.url("worker"))
    yield proxy
    proxy.close()


def test_a_database_that_goes_away_in_the_middle_and_comes_back(client, world, tmp_path, proxy, execute):
    with worker(world, tmp_path, FOOTPRED_WORKER_DATABASE_URL=proxy.url) as process:
        with held_up(world):
            task = ask(client, UNKNOWN)
            reaches(client, task, "running")
            with proxy.cut():
                until(lambda: "the queue does not answer" in process.log.read_text(), process.log.read_text)
        found = reaches(client, task, "done", "failed")
        assert found["status"] == "done", process.log.read_text()
        assert found["attempts"] >= 2
        assert process.process.poll() is None
    (successes,) = execute("select count(*) from queue.procrastinate_events where type = 'succeeded'").fetchone()
    assert successes == 1


def test_a_worker_without_a_database_ends_when_it_is_told_to(world, tmp_path, proxy):
    with worker(world, tmp_path, FOOTPRED_WORKER_DATABASE_URL=proxy.url) as process, proxy.cut():
        until(lambda: "the queue does not answer" in process.log.read_text(), process.log.read_text)
        code, seconds = process.end()
        assert (code, seconds < 12) == (0, True), process.log.read_text()
        assert "Traceback" not in process.log.read_text()[-300:]
