"""What workers do for each other: jobs of dead ones go back into the queue, and what is kept no longer is deleted."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from typing import Any

from psycopg import AsyncConnection

from serving.queue.attempts import Attempt, give_back_late
from serving.queue.tasks import DEFER, QUEUE

STALLED_SECONDS = 8.0
"""A worker that was not heard of for so long is taken for dead."""
FORGOTTEN_SECONDS = 600.0

log = logging.getLogger("footpred.worker")


async def put_back(
    connection: AsyncConnection[Any],
    worker_id: int,
    former: Collection[int],
    dropped: Collection[int],
    attempts: Sequence[Attempt],
) -> None:
    """What the worker owes after connections were lost: the jobs of its ``former`` rows, its jobs that it does not run
    (``dropped``), and the ends of attempts. None of them counts as failed: their worker runs.
    """
    async with connection.transaction():
        await connection.execute(
            """
            select queue.procrastinate_retry_job_v2(id, now(), null, null, null) from (
                select id from queue.procrastinate_jobs
                where status = 'doing' and (worker_id = any(%s) or worker_id = %s and id = any(%s)) for update
            ) as owed
            """,
            [list(former), worker_id, list(dropped)],
        )
        for attempt in attempts:
            await give_back_late(connection, attempt)
        await connection.execute("delete from queue.procrastinate_workers where id = any(%s)", [list(former)])


async def running_jobs(connection: AsyncConnection[Any], worker_id: int) -> set[int]:
    """Jobs that a worker fetched and whose end is not stored."""
    cursor = await connection.execute(
        "select id from queue.procrastinate_jobs where worker_id = %s and status = 'doing'", [worker_id]
    )
    return {job for (job,) in await cursor.fetchall()}


async def take_over(connection: AsyncConnection[Any], worker_id: int) -> int:
    """Put jobs of dead workers back, and give open tasks that lost their job a new one; how many there were.

    One worker at a time: two would put back what the other's worker has just begun. None if the heartbeat of
    ``worker_id``, who calls, is old: a statement that a server executes late would find every worker dead.
    """
    async with connection.transaction():
        cursor = await connection.execute("select pg_try_advisory_xact_lock(hashtext('serving.tasks'))")
        if await cursor.fetchone() != (True,):
            return 0
        cursor = await connection.execute(
            """
            select queue.procrastinate_retry_job_v2(stalled.id, now(), null, null, null) from (
                select job.id from queue.procrastinate_jobs as job
                left join queue.procrastinate_workers as worker on worker.id = job.worker_id
                where job.status = 'doing' and job.queue_name = %s
                    and (worker.id is null or worker.last_heartbeat < now() - make_interval(secs => %s))
                    and exists (
                        select from queue.procrastinate_workers as own
                        where own.id = %s and own.last_heartbeat > now() - make_interval(secs => %s))
                for update of job skip locked
            ) as stalled
            """,
            [QUEUE, STALLED_SECONDS, worker_id, STALLED_SECONDS],
        )
        found = cursor.rowcount
        # A worker that was only slow may have ended a job that was already given to another.
        cursor = await connection.execute("""
            select task_id from serving.tasks
            where status in ('queued', 'running') and not exists (
                select from queue.procrastinate_jobs as job
                where job.id = tasks.job_id and job.status in ('todo', 'doing'))
        """)
        lost = await cursor.fetchall()
        for (task_id,) in lost:
            await connection.execute(DEFER, {"task_id": task_id})
    if found or lost:
        log.warning("%d jobs of dead workers taken over, %d tasks given a new job", found, len(lost))
    return found + len(lost)


async def forget(connection: AsyncConnection[Any]) -> int:
    """Delete tasks that are kept no longer, the jobs of such, and workers long dead; how many tasks."""
    async with connection.transaction():
        cursor = await connection.execute("delete from serving.tasks where expires_at < now()")
        await connection.execute(
            """
            delete from queue.procrastinate_jobs as job
            where queue_name = %s and status not in ('todo', 'doing') and not exists (
                select from serving.tasks where tasks.job_id = job.id)
            """,
            [QUEUE],
        )
        await connection.execute("select queue.procrastinate_prune_stalled_workers_v1(%s)", [FORGOTTEN_SECONDS])
    return cursor.rowcount
