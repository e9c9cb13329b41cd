"""Which workers are taken for dead, and by whom."""

from __future__ import annotations

import asyncio

import psycopg
import pytest

from serving.queue import heartbeat
from serving.queue.heartbeat import Heartbeat
from serving.queue.sweeping import take_over
from tests.support.workers import ask


@pytest.fixture
def job_of_a_dead_worker(client, world):
    """A function: how many jobs a worker takes over whose own heartbeat is ``age`` s old."""
    ask(client, {"match_id": "m1"})
    with world.connect() as connection:

        def worker(age: float) -> int:
            made = connection.execute(
                "insert into queue.procrastinate_workers (last_heartbeat) values (now() - make_interval(secs => %s)) "
                "returning id",
                [age],
            ).fetchone()
            assert made
            return int(made[0])

        connection.execute("update queue.procrastinate_jobs set status = 'doing', worker_id = %s", [worker(60)])

        async def taken_over(age: float) -> int:
            async with await psycopg.AsyncConnection.connect(world.database_url, autocommit=True) as own:
                return await take_over(own, worker(age))

        yield lambda age: asyncio.run(taken_over(age))
        connection.execute(
            "delete from serving.tasks; delete from queue.procrastinate_jobs; delete from queue.procrastinate_workers"
        )


@pytest.mark.fault(59, "a sweep that a frozen server executes late finds no worker dead")
def test_only_a_worker_with_a_fresh_heartbeat_takes_others_for_dead(job_of_a_dead_worker):
    assert job_of_a_dead_worker(age=60) == 0
    assert job_of_a_dead_worker(age=0) == 1


@pytest.mark.fault(59, "after an outage a worker waits for the heartbeats of others before it takes one for dead")
def test_a_worker_that_lost_its_heartbeat_judges_no_other_for_a_while(monkeypatch):
    own = Heartbeat()
    assert not own.judges
    own.registered(1, began=heartbeat.time.monotonic())
    assert own.judges
    own.give_up()
    assert (own.judges, own.former) == (False, [1])
    own.registered(2, began=heartbeat.time.monotonic())
    assert (own.judges, own.problem()) == (False, None)
    monkeypatch.setattr(heartbeat, "STALLED_SECONDS", 0)
    assert own.judges


def test_a_worker_that_ended_in_order_owes_nothing():
    own = Heartbeat()
    own.registered(1, began=heartbeat.time.monotonic())
    own.unregistered()
    own.give_up()
    assert (own.former, own.alive) == ([], False)
