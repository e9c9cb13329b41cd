"""How queue and workers stand."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get
from litestar.openapi import ResponseSpec

from serving.call import call_of
from serving.negotiation import accepted
from serving.openapi import SECURITY, problems
from serving.queue import state
from serving.queue.sweeping import STALLED_SECONDS
from serving.queue.tasks import QUEUE
from serving.schemas.tasks import DeadTask, Queue, Queues, Worker, Workers
from serving.security import needs
from serving.service import Service


@get(
    "/monitoring/queues",
    guards=[needs("read")],
    responses={200: ResponseSpec(Queues, generate_examples=False, description="The queues."), **problems(406, 503)},
    security=SECURITY,
    tags=["service"],
    operation_id="get_queues",
)
async def get_queues(request: Request[Any, Any, Any]) -> Queues:
    """How many tasks wait, run and failed, for how long the oldest waits, and what the failed ones died of."""
    accepted(request.headers.get("accept"))
    call = call_of(request.scope)
    assert call.key is not None
    service: Service = call.service
    (counts,) = await service.database.rows(state.COUNTS, {})
    whose = {"everybody": "admin" in call.key.scopes, "owner": call.key.owner, "most": state.NEWEST_DEAD}
    dead = msgspec.convert(await service.database.rows(state.DEAD, whose), list[DeadTask])
    return Queues([Queue(QUEUE, dead=dead, **counts)])


@get(
    "/monitoring/workers",
    guards=[needs("read")],
    responses={200: ResponseSpec(Workers, generate_examples=False, description="The workers."), **problems(406, 503)},
    security=SECURITY,
    tags=["service"],
    operation_id="get_workers",
)
async def get_workers(request: Request[Any, Any, Any]) -> Workers:
    """Every worker that was heard of in the last minutes, and how many tasks it runs."""
    accepted(request.headers.get("accept"))
    service: Service = call_of(request.scope).service
    found = await service.database.rows(state.ALIVE, {"stalled": STALLED_SECONDS})
    return Workers([Worker(**row) for row in found])
