"""How queue and workers stand, and what has drifted."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get
from psycopg import sql

from serving.controllers.operation import gives, operation
from serving.queue import statistics
from serving.queue.cleanup import STALLED_SECONDS
from serving.queue.tasks import QUEUE
from serving.schemas.drift import Drift, Finding
from serving.schemas.tasks import DeadTask, Queue, Queues, Worker, Workers
from serving.service_call import call_of


@operation(get, "/monitoring/queues", gives(Queues, "The queues."), "database-busy", scope="read", tag="service")
async def get_queues(request: Request[Any, Any, Any]) -> Queues:
    """How many tasks wait, run and failed, for how long the oldest waits, and what the failed ones died of."""
    call = call_of(request.scope)
    assert call.key is not None
    service = call.service
    (counts,) = await service.database.rows(statistics.COUNTS, {})
    whose = {"everybody": "admin" in call.key.scopes, "owner": call.key.owner, "most": statistics.NEWEST_DEAD}
    dead = msgspec.convert(await service.database.rows(statistics.DEAD, whose), list[DeadTask])
    return Queues([Queue(QUEUE, dead=dead, **counts)])


@operation(get, "/monitoring/workers", gives(Workers, "The workers."), "database-busy", scope="read", tag="service")
async def get_workers(request: Request[Any, Any, Any]) -> Workers:
    """Every worker that was heard of in the last minutes, and how many tasks it runs."""
    service = call_of(request.scope).service
    found = await service.database.rows(statistics.ALIVE, {"stalled": STALLED_SECONDS})
    return Workers([Worker(**row) for row in found])


FINDINGS = sql.SQL("""
    select {columns}, as_of, flagged and league = 'all' and current = (
        select current from monitoring.drift_runs order by run_id desc limit 1) as rings
    from monitoring.drift order by flagged desc, kind, league, subject
""").format(columns=sql.SQL(", ").join(sql.Identifier(name) for name in Finding.__struct_fields__))


@operation(get, "/monitoring/drift", gives(Drift, "The newest look."), "database-busy", scope="read", tag="models")
async def get_drift(request: Request[Any, Any, Any]) -> Drift:
    """Outcomes, features, predictions, calibration and skill of the season under way against earlier ones."""
    service = call_of(request.scope).service
    rows = await service.database.rows(FINDINGS, {})
    as_of = max((row.pop("as_of") for row in rows), default=None)
    alarms = [row["says"] for row in rows if row.pop("rings")]
    return Drift(as_of, alarms, [Finding(**row) for row in rows])
