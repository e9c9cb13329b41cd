"""``python -m serving.worker``: makes the predictions that were asked for by queue. Any number of them may run."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import time

import click
import psycopg
from procrastinate.exceptions import ProcrastinateException
from prometheus_client import start_http_server
from psycopg_pool import AsyncConnectionPool

from serving.connections import arguments
from serving.database import WAIT_SECONDS
from serving.errors import Problem
from serving.logs import configure
from serving.queue.running import Runner, queue_app
from serving.queue.sweeping import STALLED_SECONDS, forget, take_over
from serving.queue.tasks import QUEUE
from serving.service import Service
from serving.settings import ServiceSettings

HEARTBEAT_SECONDS = 2.0
GRACE_SECONDS = 5.0
"""What a running task has when the worker is told to end; then it is given back. With the last heartbeat this is less
than it takes to be taken for dead."""
POLL_SECONDS = 1.0
FORGET_SECONDS = 60.0
FIRST_WAIT, LONGEST_WAIT = 0.5, 5.0
CONNECTIONS = 4

log = logging.getLogger("footpred.worker")


class Worker:
    """One worker process; ``run`` ends at SIGTERM or SIGINT."""

    def __init__(self, settings: ServiceSettings, concurrency: int, attempts: int, wait: float) -> None:
        self._service = Service(settings)
        self._runner = Runner(self._service, attempts, wait)
        self._concurrency = concurrency
        self._ending = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._ending.set)
        async with self._service.connected() as url:
            sweeping = asyncio.create_task(self._sweep())
            try:
                await self._work_on(url)
            finally:
                sweeping.cancel()
                await asyncio.gather(sweeping, return_exceptions=True)

    async def _work_on(self, url: str) -> None:
        """Take jobs; begin anew whenever the database went away."""
        pause = FIRST_WAIT
        while not self._ending.is_set():
            began = time.monotonic()
            try:
                await self._work(url)
            except (ProcrastinateException, psycopg.Error) as error:
                log.warning("the queue does not answer: %s", error)
            pause = FIRST_WAIT if time.monotonic() - began > LONGEST_WAIT else min(pause * 2, LONGEST_WAIT)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), pause)

    async def _work(self, url: str) -> None:
        given = arguments("footpred-worker")
        given["options"] += " -c search_path=queue"
        del given["autocommit"]  # the library adds it where it wants it
        pool = AsyncConnectionPool(
            url, min_size=1, max_size=CONNECTIONS, timeout=WAIT_SECONDS, kwargs=given, open=False
        )
        app = queue_app(self._runner)
        async with pool, app.open_async(pool):
            await pool.wait(WAIT_SECONDS)
            working = asyncio.create_task(
                app.run_worker_async(
                    queues=[QUEUE],
                    concurrency=self._concurrency,
                    fetch_job_polling_interval=POLL_SECONDS,
                    abort_job_polling_interval=POLL_SECONDS,
                    shutdown_graceful_timeout=GRACE_SECONDS,
                    update_heartbeat_interval=HEARTBEAT_SECONDS,
                    stalled_worker_timeout=STALLED_SECONDS,
                    install_signal_handlers=False,
                )
            )
            ending = asyncio.create_task(self._ending.wait())
            try:
                await asyncio.wait({working, ending}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                ending.cancel()
                if not working.done():
                    working.cancel()  # it ends gracefully, and then says that it was cancelled
                with contextlib.suppress(asyncio.CancelledError):
                    await working

    async def _sweep(self) -> None:
        forgot = 0.0
        while True:
            try:
                async with self._service.database.connection() as connection:
                    await take_over(connection)
                    if time.monotonic() - forgot > FORGET_SECONDS:
                        forgot = time.monotonic()
                        await forget(connection)
            except (Problem, psycopg.Error) as error:
                log.debug("not swept: %s", error)
            await asyncio.sleep(POLL_SECONDS)


@click.command()
@click.option("--concurrency", type=click.IntRange(1, 16), default=2, show_default=True, help="Tasks at a time.")
@click.option("--attempts", type=click.IntRange(1, 20), default=5, show_default=True, help="The most one task gets.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where metrics are shown.")
@click.option("--metrics-port", type=click.IntRange(0, 65535), default=0, help="0: they are not.")
@click.option("--wait", type=float, default=1.0, show_default=True, help="Seconds before the second; then doubled.")
def main(concurrency: int, attempts: int, wait: float, host: str, metrics_port: int) -> None:
    """Make predictions that were asked for by queue."""
    configure()
    if metrics_port:
        start_http_server(metrics_port, host)
    settings = ServiceSettings.from_env()

    async def run() -> None:
        await Worker(settings, concurrency, attempts, wait).run()

    asyncio.run(run())


if __name__ == "__main__":
    main()
