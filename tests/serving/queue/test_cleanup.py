"""Which workers are taken for dead and by whom, and what one that runs puts back."""

from __future__ import annotations

import asyncio
import time
from uuid import UUID

import psycopg
import pytest

from serving.queue import heartbeat
from serving.queue.attempts import Attempt
from serving.queue.cleanup import put_back, take_over
from serving.queue.heartbeat import Heartbeat
from tests.support.workers import ask


@pytest.fixture
def execute(world):
    with world.connect() as connection:
        yield connection.execute
        for table in ("serving.tasks", "queue.procrastinate_jobs", "queue.procrastinate_workers"):
            connection.execute(f"delete from {table}".encode())


@pytest.fixture
def call(world):
    """The result of a function of the queue, called with a connection of its own."""

    async def called(function, *arguments):
        async with await psycopg.AsyncConnection.connect(world.database_url, autocommit=True) as connection:
            return await function(connection, *arguments)

    return lambda function, *arguments: asyncio.run(called(function, *arguments))


@pytest.fixture
def registered(execute):
    """A function: the row of a worker whose heartbeat is ``age`` s old."""
    insert = "insert into queue.procrastinate_workers (last_heartbeat) values (now() - make_interval(secs => %s))"
    return lambda age: execute(f"{insert} returning id", [age]).fetchone()[0]


@pytest.fixture
def job_of(client, execute):
    """A function: the job of the one task, fetched by a worker."""
    task = ask(client, {"match_id": "m1"})

    def job_of(worker: int) -> int:
        execute("update serving.tasks set status = 'running', attempts = 3, failures = 1 where task_id = %s", [task])
        update = "update queue.procrastinate_jobs set status = 'doing', worker_id = %s returning id"
        return execute(update, [worker]).fetchone()[0]

    return job_of


def job(execute) -> str:
    return execute("select status::text from queue.procrastinate_jobs").fetchone()[0]


@pytest.mark.fault(59, "a sweep that a frozen server executes late finds no worker dead")
def test_only_a_worker_with_a_fresh_heartbeat_takes_others_for_dead(call, registered, job_of):
    job_of(registered(60))
    assert call(take_over, registered(60)) == 0
    assert call(take_over, registered(0)) == 1


@pytest.mark.fault(59, "after an outage a worker waits for the heartbeats of others before it takes one for dead")
def test_a_worker_that_lost_its_heartbeat_judges_no_other_for_a_while(monkeypatch):
    own = Heartbeat()
    assert not own.judges
    own.registered(1, began=time.monotonic())
    assert own.judges
    own.give_up()
    assert (own.judges, own.former) == (False, [1])
    own.registered(2, began=time.monotonic())
    assert (own.judges, own.problem()) == (False, None)
    monkeypatch.setattr(heartbeat, "STALLED_SECONDS", 0)
    assert own.judges


def test_a_worker_that_ended_in_order_owes_nothing():
    own = Heartbeat()
    own.registered(1, began=time.monotonic())
    own.unregistered()
    own.give_up()
    assert (own.former, own.alive) == ([], False)


def test_a_worker_puts_back_its_own_jobs_alone(call, registered, job_of, execute):
    own, other = registered(0), registered(0)
    fetched = job_of(other)
    call(put_back, own, [], [fetched], [])
    assert job(execute) == "doing"
    call(put_back, other, [], [fetched], [])
    assert job(execute) == "todo"


def test_jobs_of_a_former_row_are_put_back_and_the_row_is_deleted(call, registered, job_of, execute):
    own, former = registered(0), registered(0)
    job_of(former)
    call(put_back, own, [former], [], [])
    assert job(execute) == "todo"
    assert execute("select id from queue.procrastinate_workers").fetchall() == [(own,)]


@pytest.mark.parametrize(
    ("number", "stored"),
    [(3, ("queued", 3, 1)), (2, ("running", 3, 0))],
    ids=["none began since", "another began since and counted it"],
)
def test_an_attempt_given_back_late_is_no_failure(call, registered, job_of, execute, number, stored):
    worker = registered(0)
    job_of(worker)
    (task,) = execute("select task_id::text from serving.tasks").fetchone()
    call(put_back, worker, [], [], [Attempt(UUID(task), number, 0, b"")])
    assert execute("select status, attempts, failures from serving.tasks").fetchone() == stored
