"""The heartbeat of a worker: the row of queue.procrastinate_workers by which other workers know that it runs.

The library (procrastinate 3.10.0) ends its own heartbeat for good at the first error: ``_monitor_side_tasks`` waits for
the first side task to end, which is the one for periodic jobs, at once, as there are none; none watches the others
from then on. So the heartbeat is written here, on a connection of its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

import psycopg
from prometheus_client import Gauge
from psycopg import AsyncConnection

from serving.connections import arguments
from serving.queue.cleanup import STALLED_SECONDS

BEAT_SECONDS = 2.0
LOST_SECONDS = 6.0
"""A worker drops its tasks when its heartbeat is so old, before another worker takes them over."""
WRITE_SECONDS, RETRY_SECONDS = 1.5, 0.5
CANCEL_SECONDS = 0.2

AGE = Gauge("queue_worker_heartbeat_age_seconds", "Since this worker last wrote its heartbeat.")
ALIVE = Gauge("queue_worker_alive", "1 while the heartbeat is written; the worker takes no tasks otherwise.")

T = TypeVar("T")


class Heartbeat:
    """``worker_id``: the row, None before it is made and after it was lost. ``former``: lost rows whose jobs
    are not put back yet.
    """

    def __init__(self) -> None:
        self.worker_id: int | None = None
        self.former: list[int] = []
        self._registered = asyncio.Event()
        self._written = self._since = time.monotonic()
        self._cause = "the worker is not registered"
        self._was_lost = False
        self._connection: AsyncConnection[Any] | None = None
        AGE.set_function(self.age)
        ALIVE.set_function(lambda: float(self.alive))

    @property
    def alive(self) -> bool:
        return self.worker_id is not None and self.age() < LOST_SECONDS

    @property
    def judges(self) -> bool:
        """Whether the worker may take others for dead. After an outage all heartbeats are old: it waits until those
        that run had the time to write theirs."""
        return self.alive and (not self._was_lost or time.monotonic() - self._since > STALLED_SECONDS)

    def age(self) -> float:
        """Seconds since it was last written."""
        return time.monotonic() - self._written

    def problem(self) -> str | None:
        """Why the worker takes no tasks, None while it does. Any thread may call this."""
        return None if self.alive else f"the heartbeat was last written {self.age():.0f} s ago: {self._cause}"

    def registered(self, worker_id: int, began: float) -> None:
        """The row was made after the moment ``began``."""
        self.worker_id, self._written, self._since = worker_id, began, time.monotonic()
        self._registered.set()

    def unregistered(self) -> None:
        """The row was deleted, as no job is running."""
        self.worker_id = None
        self._registered.clear()

    def give_up(self) -> None:
        """No heartbeat is written for the row any more; its jobs are to be put back."""
        if self.worker_id is not None:
            self.former.append(self.worker_id)
            self._was_lost = True
            self.unregistered()

    async def keep(self, url: str) -> str:
        """Write it from the registration on; returns why it was lost, once it was."""
        await self._registered.wait()
        try:
            while self.alive:
                began = time.monotonic()
                try:
                    written = await within(min(WRITE_SECONDS, LOST_SECONDS - self.age()), self._write(url))
                except (psycopg.Error, OSError, TimeoutError) as error:
                    self._cause = str(error).strip() or type(error).__name__
                    await self._disconnect()
                    pause = RETRY_SECONDS
                else:
                    if not written:
                        self._cause = "its row was deleted"
                        break
                    if self.alive:  # else it comes too late: others may have taken the tasks over
                        self._written = began
                    pause = BEAT_SECONDS
                await asyncio.sleep(min(pause, LOST_SECONDS - self.age()))
        finally:
            await self._disconnect()
        return f"last written {self.age():.1f} s ago: {self._cause}"

    async def _write(self, url: str) -> bool:
        if self._connection is None:
            options = arguments("footpred-heartbeat")
            self._connection = await AsyncConnection.connect(url, **options)
        cursor = await self._connection.execute(
            "update queue.procrastinate_workers set last_heartbeat = clock_timestamp() where id = %s", [self.worker_id]
        )
        return cursor.rowcount == 1

    async def _disconnect(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """The result of ``work``; raises TimeoutError after ``seconds``, also when the server does not answer at all."""
    task = asyncio.ensure_future(work)
    try:
        if not (await asyncio.wait({task}, timeout=seconds))[0]:
            raise TimeoutError(f"no answer within {seconds:.1f} s")
    finally:
        await end(task)
    return task.result()


async def end(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks until they are done.

    psycopg waits up to ten seconds until the server confirms that a query is cancelled; cancelled again, it closes the
    connection at once.
    """
    while open_ones := [task for task in tasks if not task.done()]:
        for task in open_ones:
            task.cancel()
        try:
            await asyncio.wait(open_ones, timeout=CANCEL_SECONDS)
        except asyncio.CancelledError:
            for task in open_ones:
                task.cancel()
            raise
    await asyncio.gather(*tasks, return_exceptions=True)  # an error on the way is of no interest
