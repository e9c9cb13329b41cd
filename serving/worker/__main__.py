"""``python -m serving.worker``: makes the predictions that were asked for by queue. Any number of them may run."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time
from typing import Any

import click
import psycopg
from procrastinate.exceptions import ProcrastinateException
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from footpred_dagster.core.metrics_server import MetricsServer
from serving.connections import STATEMENT_MS, arguments
from serving.database import WAIT_SECONDS
from serving.http.errors import Problem
from serving.logs import configure
from serving.queue.cleanup import forget, put_back, running_jobs, take_over
from serving.queue.heartbeat import Heartbeat, end, within
from serving.queue.tasks import QUEUE
from serving.service import Service
from serving.settings import ServiceSettings
from serving.worker.runner import Runner, queue_app

GRACE_SECONDS = 5.0
"""A running task has so long to end after SIGTERM; then it is given back."""
POLL_SECONDS = 1.0
SWEEP_SECONDS = STATEMENT_MS / 1000 + 5
FORGET_SECONDS = 60.0
FIRST_WAIT, LONGEST_WAIT = 0.5, 5.0
CONNECTIONS = 4

log = logging.getLogger("footpred.worker")


class Worker:
    """One worker process; ``run`` ends at SIGTERM or SIGINT.

    When its heartbeat is lost it drops what it runs, and begins anew with new connections and a new row; what it owes
    of before is put back by its sweep.
    """

    def __init__(self, settings: ServiceSettings, concurrency: int, attempts: int, wait: float) -> None:
        self._service = Service(settings)
        self._runner = Runner(self._service, attempts, wait)
        self._concurrency = concurrency
        self._ending = asyncio.Event()
        self._idle: set[int] = set()
        self._forgot = -FORGET_SECONDS
        self.heartbeat = Heartbeat()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ending.set)
        async with self._service.connected("worker") as url:
            sweeping = asyncio.create_task(self._sweep())
            try:
                await self._work_on(url)
            finally:
                sweeping.cancel()
                await asyncio.gather(sweeping, return_exceptions=True)

    async def _work_on(self, url: str) -> None:
        """Take jobs; begin anew whenever the heartbeat was lost or the database went away."""
        pause = FIRST_WAIT
        while not self._ending.is_set():
            began = time.monotonic()
            try:
                await self._work(url)
            except (ProcrastinateException, psycopg.Error) as error:
                log.warning("the queue does not answer: %s", error.__cause__ or error)
            pause = FIRST_WAIT if time.monotonic() - began > LONGEST_WAIT else min(pause * 2, LONGEST_WAIT)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), pause)

    async def _work(self, url: str) -> None:
        given = arguments("footpred-worker")
        given["options"] += " -c search_path=queue"
        del given["autocommit"]  # the library adds it where it wants it
        pool = AsyncConnectionPool(
            url,
            min_size=1,
            max_size=CONNECTIONS,
            timeout=WAIT_SECONDS,
            kwargs=given,
            open=False,
            check=AsyncConnectionPool.check_connection,
        )
        app = queue_app(self._runner, self.heartbeat)
        async with pool, app.open_async(pool):
            await pool.wait(WAIT_SECONDS)
            beating = asyncio.create_task(self.heartbeat.keep(url))
            ending = asyncio.create_task(self._ending.wait())
            working = asyncio.create_task(
                app.run_worker_async(
                    queues=[QUEUE],
                    concurrency=self._concurrency,
                    fetch_job_polling_interval=POLL_SECONDS,
                    abort_job_polling_interval=POLL_SECONDS,
                    shutdown_graceful_timeout=GRACE_SECONDS,
                    install_signal_handlers=False,
                )
            )
            try:
                await asyncio.wait({working, beating, ending}, return_when=asyncio.FIRST_COMPLETED)
                if not working.done() and not beating.done():
                    working.cancel()  # it ends gracefully, and then says that it was cancelled
                    await asyncio.wait({working, beating}, return_when=asyncio.FIRST_COMPLETED)
                if beating.done() and self.heartbeat.worker_id is not None:
                    log.warning("heartbeat lost, %d jobs dropped: %s", len(self._runner.jobs), beating.result())
            finally:
                self.heartbeat.give_up()
                await end(working, beating, ending, *self._runner.jobs)
            with contextlib.suppress(asyncio.CancelledError):
                await working

    async def _sweep(self) -> None:
        while True:
            try:
                if (worker_id := self.heartbeat.worker_id) is not None and self.heartbeat.alive:
                    await within(SWEEP_SECONDS, self._sweep_once(worker_id))
            except (Problem, psycopg.Error, TimeoutError) as error:
                log.debug("not swept: %s", error)
            await asyncio.sleep(POLL_SECONDS)

    async def _sweep_once(self, worker_id: int) -> None:
        async with self._service.database.connection() as connection:
            await self._put_back(connection, worker_id)
            if self.heartbeat.judges:
                await take_over(connection, worker_id)
            if time.monotonic() - self._forgot > FORGET_SECONDS:
                self._forgot = time.monotonic()
                await forget(connection)

    async def _put_back(self, connection: AsyncConnection[Any], worker_id: int) -> None:
        former, attempts = self.heartbeat.former.copy(), self._runner.unstored.copy()
        idle = await running_jobs(connection, worker_id) - set(self._runner.jobs.values())
        dropped = idle & self._idle  # twice in a row: one that was just fetched is not run yet
        if former or attempts or dropped:
            await put_back(connection, worker_id, former, dropped, attempts)
            log.info("put back: jobs of workers %s, jobs %s, %d attempts", former, sorted(dropped), len(attempts))
        self._idle = idle
        del self.heartbeat.former[: len(former)], self._runner.unstored[: len(attempts)]


@click.command()
@click.option("--concurrency", type=click.IntRange(1, 16), default=2, show_default=True, help="Tasks at a time.")
@click.option("--attempts", type=click.IntRange(1, 20), default=5, show_default=True, help="Failures that end a task.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where metrics are shown.")
@click.option("--metrics-port", type=click.IntRange(0, 65535), default=0, help="0: they are not.")
@click.option("--wait", type=float, default=1.0, show_default=True, help="Seconds before the second; then doubled.")
def main(concurrency: int, attempts: int, wait: float, host: str, metrics_port: int) -> None:
    """Make predictions that were asked for by queue."""
    configure()
    worker = Worker(ServiceSettings.from_env(), concurrency, attempts, wait)
    if metrics_port:
        MetricsServer(host, metrics_port, worker.heartbeat.problem)
    asyncio.run(worker.run())


if __name__ == "__main__":
    main()
