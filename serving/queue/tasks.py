"""Tasks as their owners see them: a row and its job are made together, and nobody else finds them."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from psycopg import AsyncConnection, sql
from psycopg.rows import class_row

from serving.http.errors import Problem

QUEUE, JOB = "predictions", "predict"
MOST_OPEN = 1000
"""Tasks one owner may have waiting or running."""
MOST_BYTES = 256 * 2**20
"""Requests and results of one owner that are stored, compressed."""
RESULT_BYTES_PER_ITEM = 200
"""By which the result of an open task counts before it is there."""
SHORT = 1000
"""Tasks of up to so many items go before longer ones."""
KEPT = {"done": "1 day", "cancelled": "1 day", "failed": "7 days"}
"""How long a task can be asked for once it ended."""
COLUMNS = sql.SQL(
    "task_id, status, items, attempts, created_at, started_at, finished_at, expires_at, problem, body_sha256, "
    "octet_length(result) as stored_bytes"
)
USAGE = sql.SQL("""
    select count(*) filter (where status in ('queued', 'running')) as open,
        coalesce(sum(octet_length(request) + coalesce(octet_length(result),
            case when status in ('queued', 'running') then {} * items end, 0)), 0) as bytes
    from serving.tasks where owner = %(owner)s
""").format(RESULT_BYTES_PER_ITEM)
"""(open tasks, bytes that are stored or to be expected) of an owner."""
DEFER = sql.SQL("""
    update serving.tasks set job_id = (queue.procrastinate_defer_jobs_v1(array[row(
        {queue}, {job}, case when items > {short} then -1 else 0 end, null, null,
        jsonb_build_object('task_id', task_id), null)::queue.procrastinate_job_to_defer_v1]))[1]
    where task_id = %(task_id)s
""").format(queue=QUEUE, job=JOB, short=SHORT)

Status = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class Task:
    """A task without what was asked and answered. ``problem``: fields of ProblemDetails. ``stored_bytes``: of its
    result, None before it has one."""

    task_id: UUID
    status: Status
    items: int
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    problem: dict[str, Any] | None
    body_sha256: bytes
    stored_bytes: int | None


@dataclass(frozen=True, slots=True)
class Asked:
    """Items as they are stored. Equal ones give an equal ``sha256``, however they were spaced and ordered."""

    count: int
    packed: bytes
    sha256: bytes


def asked(items: Sequence[Any]) -> Asked:
    """50 000 items take a fifth of a second: beside the loop, then."""
    body = msgspec.json.encode(items, order="deterministic")
    return Asked(len(items), gzip.compress(body, 1), hashlib.sha256(body).digest())


async def enqueue(connection: AsyncConnection[Any], owner: str, asked: Asked, key: str | None) -> Task:
    """A new task and its job, or neither; or the task that ``key`` made before.

    Raises Problem when ``key`` came with other items, or when the owner has too many tasks open or stored.
    """
    values = {"owner": owner, "key": key, "sha256": asked.sha256, "items": asked.count}
    async with connection.transaction(), connection.cursor(row_factory=class_row(Task)) as cursor:
        await cursor.execute(
            sql.SQL("""
                insert into serving.tasks (owner, idempotency_key, body_sha256, items, request)
                select %(owner)s, %(key)s, %(sha256)s, %(items)s, %(request)s
                from ({}) as usage where usage.open < %(most_open)s and usage.bytes < %(most_bytes)s
                on conflict (owner, idempotency_key) do nothing returning {}
            """).format(USAGE, COLUMNS),
            values | {"request": asked.packed, "most_open": MOST_OPEN, "most_bytes": MOST_BYTES},
        )
        made = await cursor.fetchone()
        if made is not None:
            await connection.execute(DEFER, {"task_id": made.task_id})
            return made
        await cursor.execute(
            sql.SQL("select {} from serving.tasks where owner = %(owner)s and idempotency_key = %(key)s").format(
                COLUMNS
            ),
            values,
        )
        before = await cursor.fetchone()
        if before is None:
            usage = await connection.execute(USAGE, values)
            raise _too_many(await usage.fetchone() or (0, 0))
    if before.body_sha256 != asked.sha256:
        raise Problem("idempotency-conflict", "this Idempotency-Key came with other items: take a new one")
    return before


def _too_many(usage: tuple[int, int]) -> Problem:
    number, size = usage
    if number >= MOST_OPEN:
        detail = f"{number} of your tasks wait: try again when some ended"
    else:
        detail = f"{size // 2**20} MB of your tasks are stored: DELETE those whose results you have, or try again later"
    return Problem("too-many-tasks", detail, headers={"Retry-After": "5"})


async def find(connection: AsyncConnection[Any], owner: str, task_id: UUID) -> Task:
    """Raises Problem where there is none of this owner."""
    async with connection.cursor(row_factory=class_row(Task)) as cursor:
        await cursor.execute(
            sql.SQL("select {} from serving.tasks where task_id = %s and owner = %s").format(COLUMNS), [task_id, owner]
        )
        found = await cursor.fetchone()
    if found is None:
        raise Problem("unknown-task", "it never was, or it ended and is kept no longer")
    return found


async def read_result(connection: AsyncConnection[Any], task_id: UUID, offset: int, size: int) -> bytes | None:
    """Bytes of the stored result of a task that is done; None when it is kept no longer."""
    cursor = await connection.execute(
        "select substring(result from %s for %s) from serving.tasks where task_id = %s", [offset + 1, size, task_id]
    )
    row = await cursor.fetchone()
    return row[0] if row else None


async def cancel(connection: AsyncConnection[Any], owner: str, task_id: UUID) -> Task:
    """End a task that waits or runs: from here on it gets no result. One that is cancelled already stays so, one that
    ended otherwise is deleted with its result.

    Raises Problem where there is none of this owner.
    """
    async with connection.transaction():
        cursor = await connection.execute(
            """
            update serving.tasks
            set status = 'cancelled', problem = null, finished_at = clock_timestamp(),
                expires_at = clock_timestamp() + %s::interval
            where task_id = %s and owner = %s and status in ('queued', 'running') returning job_id
            """,
            [KEPT["cancelled"], task_id, owner],
        )
        if row := await cursor.fetchone():
            await connection.execute("select queue.procrastinate_cancel_job_v1(%s, true, false)", row)
        found = await find(connection, owner, task_id)
        if found.status != "cancelled":
            await connection.execute("delete from serving.tasks where task_id = %s", [task_id])
    return found
