"""Tasks as workers see them. Only the newest attempt of a task may end it: one taken for dead comes too late."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from serving.http.errors import Problem
from serving.queue.tasks import KEPT


@dataclass(frozen=True, slots=True)
class Attempt:
    """``failures``: how many of the attempts before failed or ended with their worker."""

    task_id: UUID
    number: int
    failures: int
    request: bytes

    def items(self) -> list[Any]:
        found: list[Any] = msgspec.json.decode(gzip.decompress(self.request))
        return found


async def begin(connection: AsyncConnection[Any], task_id: UUID, job_id: int) -> Attempt | None:
    """The next attempt of a task, None when it ended meanwhile or another job makes it.

    Of a task that is still running the attempt before counts as failed: its worker ended without a word. A worker that
    was only cut off takes that back by ``give_back_late``.
    """
    cursor = await connection.execute(
        """
        update serving.tasks
        set status = 'running', attempts = attempts + 1, failures = failures + (status = 'running')::int,
            started_at = coalesce(started_at, clock_timestamp())
        where task_id = %s and job_id = %s and status in ('queued', 'running')
        returning task_id, attempts, failures, request
        """,
        [task_id, job_id],
    )
    row = await cursor.fetchone()
    return Attempt(*row) if row else None


async def finish(connection: AsyncConnection[Any], attempt: Attempt, packed: bytes) -> bool:
    """Store the result; False when it was cancelled, or another attempt was begun."""
    return await _end(connection, attempt, "done", result=packed)


async def fail(connection: AsyncConnection[Any], attempt: Attempt, problem: Problem) -> bool:
    """No result will come."""
    return await _end(connection, attempt, "failed", problem=_stored(problem))


async def give_back(connection: AsyncConnection[Any], attempt: Attempt, problem: Problem | None) -> bool:
    """Another attempt is to come. This one failed if there is a ``problem``; otherwise its worker ends in order."""
    cursor = await connection.execute(
        """
        update serving.tasks set status = 'queued', problem = %s, failures = failures + %s
        where task_id = %s and attempts = %s and status = 'running'
        """,
        [_stored(problem) if problem else None, int(problem is not None), attempt.task_id, attempt.number],
    )
    return cursor.rowcount == 1


async def give_back_late(connection: AsyncConnection[Any], attempt: Attempt) -> None:
    """Give back an attempt whose end could not be stored; if another began meanwhile, it did not count as failed."""
    await connection.execute(
        """
        update serving.tasks
        set status = case when attempts = %(number)s then 'queued' else status end,
            failures = greatest(0, failures - (attempts > %(number)s)::int)
        where task_id = %(task)s and (attempts > %(number)s and status in ('queued', 'running')
            or attempts = %(number)s and status = 'running')
        """,
        {"task": attempt.task_id, "number": attempt.number},
    )


async def _end(
    connection: AsyncConnection[Any],
    attempt: Attempt,
    status: str,
    *,
    result: bytes | None = None,
    problem: Jsonb | None = None,
) -> bool:
    cursor = await connection.execute(
        """
        update serving.tasks
        set status = %s, result = %s, problem = %s, finished_at = clock_timestamp(),
            expires_at = clock_timestamp() + %s::interval
        where task_id = %s and attempts = %s and status = 'running'
        """,
        [status, result, problem, KEPT[status], attempt.task_id, attempt.number],
    )
    return cursor.rowcount == 1


def _stored(problem: Problem) -> Jsonb:
    return Jsonb(msgspec.to_builtins(problem.details()))
