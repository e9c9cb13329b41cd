"""Faults of an installation, and the order in which they are injected."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

import psutil
import psycopg

from footpred_dagster.core.database.embedded_server import EmbeddedPostgres
from footpred_dagster.core.registry import promotions
from tests.support.postgres import postmaster
from tests.support.stage import Stage
from tests.support.workers import until

Inject = Callable[[Stage, Random], AbstractContextManager[None]]


def at_once(action: Callable[[Stage, Random], None]) -> Inject:
    """A fault that is over at once; what follows from it is watched until the end of the block."""

    @contextmanager
    def inject(stage: Stage, random: Random) -> Iterator[None]:
        action(stage, random)
        yield

    return inject


def end_backend(stage: Stage, random: Random) -> None:
    _end_backends(stage, random.choice(("footpred-api", "footpred-worker", "footpred-heartbeat")), 1)


def end_backends(stage: Stage, _random: Random) -> None:
    _end_backends(stage, "footpred-api", None)


def _end_backends(stage: Stage, name: str, limit: int | None) -> None:
    with stage.world.connect() as connection:
        own = "select pid from pg_stat_activity where application_name = %s order by random() limit %s"
        connection.execute(f"select pg_terminate_backend(pid) from ({own}) as own".encode(), [name, limit])


def _perhaps_revoke(stage: Stage, random: Random) -> None:
    """Just before the database goes, so that services may not learn of it."""
    if random.random() < 0.5:
        stage.revoke_key(random)


@contextmanager
def stopped(stage: Stage, random: Random) -> Iterator[None]:
    _perhaps_revoke(stage, random)
    os.kill(postmaster(stage.home), signal.SIGQUIT)  # as pg_ctl stop -m immediate
    try:
        yield
    finally:
        EmbeddedPostgres(stage.home).start()


@contextmanager
def paused(stage: Stage, random: Random) -> Iterator[None]:
    _perhaps_revoke(stage, random)
    server = psutil.Process(postmaster(stage.home))
    server.suspend()
    processes = [server, *server.children()]
    for process in processes[1:]:
        process.suspend()
    try:
        yield
    finally:
        for process in reversed(processes):
            process.resume()


def locked(*tables: str) -> Inject:
    @contextmanager
    def inject(stage: Stage, _random: Random) -> Iterator[None]:
        with psycopg.connect(stage.world.database_url) as connection:
            until(lambda: _lock(connection, tables))
            yield

    return inject


def _lock(connection: psycopg.Connection, tables: tuple[str, ...]) -> bool:
    try:
        connection.execute(f"lock table {', '.join(tables)} in access exclusive mode".encode())
    except psycopg.errors.DeadlockDetected:
        connection.rollback()
        return False
    return True


@contextmanager
def worker_frozen(stage: Stage, random: Random) -> Iterator[None]:
    frozen = random.choice(stage.queue)
    frozen.pause()
    try:
        yield
    finally:
        frozen.go_on()


def worker_killed(stage: Stage, random: Random) -> None:
    stage.queue.pop(random.randrange(len(stage.queue))).kill()
    stage.start_worker()


@contextmanager
def service_process_killed(stage: Stage, random: Random) -> Iterator[None]:
    before = stage.service.workers()
    os.kill(random.choice(before), signal.SIGKILL)
    yield
    until(lambda: set(stage.service.workers()) - set(before))


@contextmanager
def storage_silent(stage: Stage, _random: Random) -> Iterator[None]:
    with stage.storage.frozen():
        with stage.world.connect() as connection:
            now = datetime.now(UTC)
            promotions.promote(connection, stage.versions[0], as_of=now, actor="tests", because="it is the other")
        stage.versions.reverse()
        yield


SHORT, LONG = (3.0, 6.0), (17.0, 30.0)


@dataclass(frozen=True)
class Fault:
    """``seconds``: ranges of which one is drawn. ``named``: what /readyz says of it. ``down``: the database does not
    answer. ``fails``: an attempt at a task may count as failed. ``cuts_off``: a worker may be taken for dead.
    ``resets``: connections to the service may end without an answer.
    """

    name: str
    inject: Inject
    seconds: tuple[tuple[float, float], ...] = (SHORT, LONG)
    named: str = ""
    down: bool = False
    fails: bool = False
    cuts_off: bool = False
    resets: bool = False


FAULTS = [
    Fault("a backend is ended", at_once(end_backend), (SHORT,), fails=True),
    Fault("all backends of the service are ended", at_once(end_backends), (SHORT,), fails=True),
    Fault("PostgreSQL is stopped", stopped, named="the database does not answer", down=True, fails=True, cuts_off=True),
    Fault("PostgreSQL is frozen", paused, named="the database does not answer", down=True, fails=True, cuts_off=True),
    Fault("predictions are locked", locked("predictions.served", "predictions.ledger"), named="Snapshot"),
    Fault("keys are locked", locked("serving.keys"), named="KeyRing"),
    Fault("tasks are locked", locked("serving.tasks"), named="QueueFacts", fails=True),
    Fault("jobs are locked", locked("queue.procrastinate_jobs"), named="QueueFacts", fails=True),
    Fault("workers are locked", locked("queue.procrastinate_workers"), named="QueueFacts", fails=True, cuts_off=True),
    Fault("a worker is frozen for a moment", worker_frozen, ((2.0, 4.0),)),
    Fault("a worker is frozen", worker_frozen, ((9.0, 25.0),), fails=True, cuts_off=True),
    Fault("a worker is killed", at_once(worker_killed), (SHORT,), fails=True, cuts_off=True),
    Fault("a process of the service is killed", service_process_killed, ((8.0, 15.0),), resets=True),
    Fault("S3 is silent", storage_silent, named="Champion"),
    Fault("a key is revoked", at_once(Stage.revoke_key), (SHORT,)),
]


@dataclass
class Injected:
    """Times of a fault: its injection ``began`` and was ``made``, its end began (``over``) and was ``ended``."""

    fault: Fault
    began: float
    made: float = float("inf")
    over: float = float("inf")
    ended: float = float("inf")


def plan(random: Random) -> Iterator[tuple[Fault, float, float, Random]]:
    """(fault, its seconds, seconds of pause afterwards, draws of its own) without end: all faults in turn, in an order
    that is drawn anew each time. Every second pause is long enough for all to be well again."""
    while True:
        for number, fault in enumerate(random.sample(FAULTS, len(FAULTS))):
            seconds = random.uniform(*random.choice(fault.seconds))
            pause = random.uniform(17, 22) if number % 2 else random.uniform(2, 8)
            yield fault, seconds, pause, Random(random.random())


def inject(stage: Stage, fault: Fault, seconds: float, draws: Random, history: list[Injected]) -> None:
    injected = Injected(fault, time.time())
    history.append(injected)
    try:
        with fault.inject(stage, draws):
            injected.made = time.time()
            time.sleep(seconds)
            injected.over = time.time()
    finally:
        injected.ended = time.time()
