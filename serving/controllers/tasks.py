"""Predictions by queue: ask, look, cancel."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, HeaderParameter, JSONBody
from litestar.response.base import ASGIResponse

from footpred_dagster.core.api_keys import Key
from serving.controllers.operation import gives, operation
from serving.http.encoded_response import Encoded, header
from serving.http.errors import Problem
from serving.http.negotiation import JSON, accepts_gzip
from serving.queue import tasks
from serving.queue.results import StoredResult
from serving.schemas.problem import ProblemDetails
from serving.schemas.tasks import Task, TaskRequest, TaskWithResult
from serving.service import Service
from serving.service_call import call_of

MAX_BODY = 8 * 2**20
"""50 000 pairings in full."""
ASK_AGAIN = {"Retry-After": "1"}
NO_STORE = (b"cache-control", b"no-store")
"""A result is its owner's alone."""
OPEN = ("queued", "running")
STATUS = ResponseSpec(TaskWithResult, generate_examples=False, description="The task, with its result once it is done.")
IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        max_length=255,
        description="Made up by the caller: asked again with the same one, the same task is told and none is made",
    ),
]


@operation(
    post,
    "/predict/async/",
    gives(Task, "The task; its address is in Location."),
    "idempotency-conflict",
    "too-many-tasks",
    "database-busy",
    scope="batch",
    tag="tasks",
    body=True,
    status=202,
    request_max_body_size=MAX_BODY,
)
async def predict_async(
    request: Request[Any, Any, Any], data: JSONBody[TaskRequest], idempotency_key: IdempotencyKey = None
) -> Response[Task]:
    """Have one match or pairing, or up to 50 000, predicted by a worker; the result is where Location says."""
    service, key = _called(request)
    asked = await asyncio.to_thread(tasks.asked, data.all_items)
    async with service.database.connection() as connection:
        made = await tasks.enqueue(connection, key.owner, asked, idempotency_key or None)
    where = {"Location": f"/monitoring/task_status/{made.task_id}"}
    return Response(_shown(made), status_code=202, headers=where | _hint(made), media_type=JSON)


@operation(
    get, "/monitoring/task_status/{task_id:str}", STATUS, "unknown-task", "database-busy", scope="batch", tag="tasks"
)
async def get_task(request: Request[Any, Any, Any], task_id: FromPath[str]) -> ASGIResponse:
    """How a task of yours stands, and its result."""
    service, key = _called(request)
    async with service.database.connection() as connection:
        found = await tasks.find(connection, key.owner, _id(task_id))
    fields = msgspec.json.encode(_shown(found))
    if found.stored_bytes is None:
        body = b'{"result":null,' + fields.removeprefix(b"{")
        hint = [(b"retry-after", b"1")] if found.status in OPEN else []
        return Encoded(body, NO_STORE, *hint)

    async def read(offset: int, size: int) -> bytes | None:
        async with service.database.connection() as connection:
            return await tasks.read_result(connection, found.task_id, offset, size)

    encoding = header(request.scope, b"accept-encoding")
    return StoredResult(read, found.stored_bytes, fields, gzip=accepts_gzip(encoding), headers=[NO_STORE])


@operation(
    delete,
    "/monitoring/task_status/{task_id:str}",
    gives(Task, "The task, cancelled; or as it was."),
    "unknown-task",
    "database-busy",
    scope="batch",
    tag="tasks",
)
async def cancel_task(request: Request[Any, Any, Any], task_id: FromPath[str]) -> Response[Task]:
    """Cancel a task of yours: it gets no result, even if a worker is at it. One that is done or failed is deleted."""
    service, key = _called(request)
    async with service.database.connection() as connection:
        return Response(_shown(await tasks.cancel(connection, key.owner, _id(task_id))), media_type=JSON)


def _called(request: Request[Any, Any, Any]) -> tuple[Service, Key]:
    call = call_of(request.scope)
    assert call.key is not None
    return call.service, call.key


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Problem("unknown-task", "this is not the id of a task") from None


def _hint(task: tasks.Task) -> dict[str, str]:
    return ASK_AGAIN if task.status in OPEN else {}


def _shown(task: tasks.Task) -> Task:
    return Task(
        task.task_id,
        task.status,
        task.items,
        task.attempts,
        task.created_at,
        task.started_at,
        task.finished_at,
        task.expires_at,
        msgspec.convert(task.problem, ProblemDetails | None),
    )
