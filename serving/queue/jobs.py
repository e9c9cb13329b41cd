"""The database as the queue's library sees it: whether a worker runs is decided by its heartbeat alone."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

from procrastinate import PsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from procrastinate.manager import JobManager

from serving.queue.heartbeat import Heartbeat, within

QUERY_SECONDS = 5.0
LISTEN_AGAIN_SECONDS = 1.0

log = logging.getLogger("footpred.worker")
T = TypeVar("T")


class Connector(PsycopgConnector):
    """Each query has a time limit, which also covers a server that does not answer or has vanished."""

    async def execute_query_async(self, query: Any, **arguments: Any) -> None:
        await _limited(super().execute_query_async(query, **arguments))

    async def execute_query_one_async(self, query: Any, **arguments: Any) -> dict[str, Any]:
        return await _limited(super().execute_query_one_async(query, **arguments))

    async def execute_query_all_async(self, query: Any, **arguments: Any) -> list[dict[str, Any]]:
        return await _limited(super().execute_query_all_async(query, **arguments))


class Jobs(JobManager):
    """While the heartbeat is not written no job is fetched, and no job's end is stored: it may be another worker's.

    A connection that is lost in between ends neither the fetching nor the listening; a job whose fetch or end got lost
    with it is put back by the sweep.
    """

    def __init__(self, connector: Connector, heartbeat: Heartbeat) -> None:
        super().__init__(connector)
        self._heartbeat = heartbeat

    async def register_worker(self) -> int:
        began = time.monotonic()
        worker_id = await super().register_worker()
        self._heartbeat.registered(worker_id, began)
        return worker_id

    async def unregister_worker(self, worker_id: int) -> None:
        if self._heartbeat.alive:
            await super().unregister_worker(worker_id)
            self._heartbeat.unregistered()

    async def update_heartbeat(self, worker_id: int) -> None:
        """The heartbeat is written by Heartbeat."""

    async def prune_stalled_workers(self, seconds_since_heartbeat: float) -> list[int]:
        """The sweep does that."""
        return []

    async def fetch_job(self, *args: Any, **arguments: Any) -> Job | None:
        if not self._heartbeat.alive:
            return None
        try:
            return await super().fetch_job(*args, **arguments)
        except ConnectorException as error:
            log.info("no job fetched: %s", error.__cause__ or error)
            return None

    async def finish_job(self, *args: Any, **arguments: Any) -> None:
        if self._heartbeat.alive:
            await super().finish_job(*args, **arguments)

    async def retry_job(self, *args: Any, **arguments: Any) -> None:
        if self._heartbeat.alive:
            await super().retry_job(*args, **arguments)

    async def listen_for_jobs(self, **arguments: Any) -> None:
        while True:
            try:
                await super().listen_for_jobs(**arguments)
            except ConnectorException as error:
                log.info("not listening for jobs: %s", error.__cause__ or error)
            await asyncio.sleep(LISTEN_AGAIN_SECONDS)


async def _limited(query: Coroutine[Any, Any, T]) -> T:
    try:
        return await within(QUERY_SECONDS, query)
    except TimeoutError as error:
        raise ConnectorException from error
