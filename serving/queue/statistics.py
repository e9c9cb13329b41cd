"""How the queue stands, for people, programs and Prometheus."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from prometheus_client import Gauge
from psycopg import sql

from serving.queue.cleanup import STALLED_SECONDS
from serving.queue.tasks import QUEUE

NEWEST_DEAD = 20
DEPTH = Gauge(
    "queue_depth",
    "Tasks by state; failed ones while they are kept.",
    ["queue", "status"],
    multiprocess_mode="mostrecent",
)
OLDEST = Gauge(
    "queue_oldest_seconds", "Since the oldest task that waits was asked for.", ["queue"], multiprocess_mode="mostrecent"
)
WORKERS = Gauge("queue_workers", "Workers heard of lately.", multiprocess_mode="mostrecent")

COUNTS = sql.SQL("""
    select count(*) filter (where status = 'queued') as queued, count(*) filter (where status = 'running') as running,
        (select count(*) from serving.tasks where status = 'failed') as failed,
        extract(epoch from now() - min(created_at) filter (where status = 'queued'))::float as oldest_seconds
    from serving.tasks where status in ('queued', 'running')
""")
DEAD = sql.SQL("""
    select task_id::text, items, attempts, finished_at, problem from serving.tasks
    where status = 'failed' and (%(everybody)s or owner = %(owner)s) order by finished_at desc limit %(most)s
""")
ALIVE = sql.SQL("""
    select id, last_heartbeat as heard_at, last_heartbeat > now() - make_interval(secs => %(stalled)s) as alive,
        (select count(*) from queue.procrastinate_jobs where worker_id = worker.id and status = 'doing') as running
    from queue.procrastinate_workers as worker order by id
""")


class QueueFacts:
    """Keeps the gauges like the tables."""

    channels: Sequence[str] = ()

    def refresh(self, connection: psycopg.Connection[Any]) -> None:
        queued, running, failed, oldest = connection.execute(COUNTS).fetchone() or (0, 0, 0, None)
        for status, count in (("queued", queued), ("running", running), ("failed", failed)):
            DEPTH.labels(QUEUE, status).set(count)
        OLDEST.labels(QUEUE).set(oldest or 0)
        workers = connection.execute(ALIVE, {"stalled": STALLED_SECONDS}).fetchall()
        WORKERS.set(sum(alive for _, _, alive, _ in workers))
