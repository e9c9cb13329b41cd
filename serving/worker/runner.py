"""One task from its items to its result; failures are told apart by whether another attempt may go better."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import psycopg
from procrastinate import App, BaseRetryStrategy, JobContext, RetryDecision
from procrastinate.exceptions import JobAborted
from procrastinate.job_context import AbortReason
from procrastinate.jobs import Job

from serving.http.errors import Problem
from serving.metrics import TASK_SECONDS, TASKS
from serving.predictions.batch import item_bytes, predicted
from serving.queue.attempts import Attempt, begin, fail, finish, give_back
from serving.queue.heartbeat import Heartbeat, within
from serving.queue.jobs import Connector, Jobs
from serving.queue.results import ResultWriter
from serving.queue.tasks import JOB, QUEUE
from serving.service import Service

CHUNK = 500
"""Items predicted at a time: between two of them a task can be cancelled."""
PASSING = {"database-unavailable", "not-built", "no-champion"}
"""Problems that may be gone at the next attempt; any other is an answer."""
LONGEST_WAIT = 60.0
STEP_SECONDS = 60.0
"""Limit of a query or a chunk: a server that vanished never answers. Storing a result has to fit into it."""

log = logging.getLogger("footpred.worker")
T = TypeVar("T")


class Again(Exception):
    """Another attempt is to be made in ``wait`` s."""

    def __init__(self, wait: float) -> None:
        super().__init__(f"again in {wait:g} s")
        self.wait = wait


class Dead(Exception):
    """No other attempt is made; the task says why."""


class Strategy(BaseRetryStrategy):
    """What was not decided here, as the database went away, is tried again later and later."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, (Dead, JobAborted, asyncio.CancelledError)):
            return None
        wait = exception.wait if isinstance(exception, Again) else min(2.0**job.attempts, LONGEST_WAIT)
        return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=wait))


class Runner:
    """Runs tasks with what ``service`` has in memory until ``failures`` attempts failed; ``wait`` s before the second.

    jobs: the library's tasks that run jobs, and the ids of these, until their ends are stored. unstored: attempts whose
    ends could not be.
    """

    def __init__(self, service: Service, failures: int, wait: float) -> None:
        self._service, self._failures, self._wait = service, failures, wait
        self.jobs: dict[asyncio.Task[Any], int] = {}
        self.unstored: list[Attempt] = []

    async def run(self, context: JobContext, task_id: str) -> None:
        """Raises Again or Dead when there is no result, psycopg.Error or Problem when not even that can be stored."""
        job = asyncio.current_task()
        assert job is not None
        assert context.job.id is not None
        self.jobs[job] = context.job.id
        job.add_done_callback(self.jobs.pop)
        attempt = await self._stored(begin, UUID(task_id), context.job.id)
        if attempt is None:
            return
        with counted():
            try:
                await self._carry_out(context, attempt)
            except (Again, Dead):
                raise
            except BaseException as error:
                self.unstored.append(attempt)
                if isinstance(error, asyncio.CancelledError) and context.abort_reason() is None:
                    raise Again(0) from None  # its worker lost the heartbeat
                raise

    async def _carry_out(self, context: JobContext, attempt: Attempt) -> None:
        try:
            if attempt.failures >= self._failures:
                raise Problem("worker-lost", f"{attempt.failures} attempts failed, the last as its worker ended")
            packed = await self._predict(attempt)
            if not await self._stored(finish, attempt, packed):
                log.info("task %s was cancelled or is made by another worker", attempt.task_id)
        except asyncio.CancelledError:
            if context.abort_reason() is not AbortReason.SHUTDOWN:
                raise
            await self._stored(give_back, attempt, None)
            raise Again(0) from None
        except Exception as error:
            problem, passing = _told(error, attempt)
            if not passing or attempt.failures + 1 >= self._failures:
                await self._stored(fail, attempt, problem)
                raise Dead(f"{problem.slug}: {problem.detail}") from error
            await self._stored(give_back, attempt, problem)
            raise Again(min(self._wait * 2**attempt.failures, LONGEST_WAIT)) from error

    async def _stored(self, step: Callable[..., Awaitable[T]], *arguments: Any) -> T:
        """What ``step`` returns, called with a connection; raises TimeoutError."""

        async def call() -> T:
            async with self._service.database.connection() as connection:
                return await step(connection, *arguments)

        return await within(STEP_SECONDS, call())

    async def _predict(self, attempt: Attempt) -> bytes:
        """The result as it is stored."""
        items = await asyncio.to_thread(attempt.items)
        writer = ResultWriter()
        for first in range(0, len(items), CHUNK):
            results = await within(
                STEP_SECONDS, predicted(self._service.predictor, items[first : first + CHUNK], first)
            )
            for result in results:
                if isinstance(result, Problem) and result.slug in PASSING:
                    raise result
            tail = self._service.age.tail()
            encoded = [item_bytes(first + place, result, tail) for place, result in enumerate(results)]
            await asyncio.to_thread(writer.add, encoded)
        return writer.stored()


@contextlib.contextmanager
def counted() -> Iterator[None]:
    """An attempt in the metrics. One whose end could not even be stored is made again."""
    outcome = "again"
    try:
        with TASK_SECONDS.time():
            yield
        outcome = "done"
    except Dead:
        outcome = "dead"
        raise
    except asyncio.CancelledError:
        outcome = "cancelled"
        raise
    finally:
        TASKS.labels(outcome).inc()


def queue_app(runner: Runner, heartbeat: Heartbeat) -> App:
    """The queue as its library sees it, with the one kind of job there is."""
    connector = Connector()
    app = App(connector=connector)
    app.job_manager = Jobs(connector, heartbeat)

    @app.task(name=JOB, queue=QUEUE, pass_context=True, retry=Strategy())
    async def predict(context: JobContext, task_id: str) -> None:
        await runner.run(context, task_id)

    return app


def _told(error: Exception, attempt: Attempt) -> tuple[Problem, bool]:
    """What the task says of an error, and whether another attempt may go better."""
    if isinstance(error, Problem):
        return error, error.slug in PASSING
    if isinstance(error, (psycopg.OperationalError, TimeoutError)):
        return Problem("database-unavailable", "the database went away while it was made"), True
    if isinstance(error, (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn)):
        return Problem("not-built", "footpred run builds it"), True
    log.error("task %s failed", attempt.task_id, exc_info=error)
    return Problem("internal-error", f"it is logged under task {attempt.task_id}"), False
