"""Scores of matches in play: as they are now, and as they change."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.openapi import ResponseSpec
from litestar.params import QueryParameter
from litestar.response import ServerSentEvent, ServerSentEventMessage

from serving.authentication import needs
from serving.call import call_of
from serving.errors import Problem
from serving.negotiation import accepted
from serving.openapi import SECURITY, problems
from serving.schemas.live import LiveScores
from serving.service import Service

LOOK, HEARTBEAT = 0.5, 15.0
MOST_STREAMS = 200
"""Of one worker."""
EVENTS = "text/event-stream"
Seconds = Annotated[int, QueryParameter(ge=1, le=3600, description="The stream ends after so many seconds")]


@get(
    "/livescores/",
    middleware=needs("read"),
    responses={
        200: ResponseSpec(LiveScores, generate_examples=False, description="The newest scores."),
        **problems(406),
    },
    security=SECURITY,
    tags=["matches"],
    operation_id="get_livescores",
)
async def get_livescores(request: Request[Any, Any, Any]) -> LiveScores:
    """Scores as their sources last had them. Shown only: they are edited for days and no model learns from them."""
    accepted(request.headers.get("accept"))
    service: Service = call_of(request.scope).service
    return service.live.scores


@get(
    "/livescores/stream",
    middleware=needs("read"),
    responses={
        200: ResponseSpec(
            str,
            generate_examples=False,
            media_type=EVENTS,
            description="Events `scores` with a LiveScores as data: one at once and one after each change; a comment "
            "every 15 s in between; and `end` when `seconds` are over, an hour at most. Connect again to go on.",
        ),
        **problems(400, 406, 503),
    },
    security=SECURITY,
    tags=["matches"],
    operation_id="stream_livescores",
)
async def stream_livescores(request: Request[Any, Any, Any], seconds: Seconds = 300) -> ServerSentEvent:
    """The same as a stream of server-sent events, which ends after ``seconds``."""
    accepted(request.headers.get("accept"), (EVENTS,))
    service: Service = call_of(request.scope).service
    if service.streams >= MOST_STREAMS:
        raise Problem(
            "too-many-streams", "try again later, or ask /livescores/ now and then", headers={"Retry-After": "30"}
        )
    return ServerSentEvent(_events(service, time.monotonic() + seconds))


async def _events(service: Service, until: float) -> AsyncIterator[ServerSentEventMessage]:
    shown: LiveScores | None = None
    told = time.monotonic()
    service.streams += 1
    try:
        while time.monotonic() < until and not service.ending.is_set():
            if service.live.scores is not shown:
                shown, told = service.live.scores, time.monotonic()
                yield ServerSentEventMessage(data=msgspec.json.encode(shown).decode(), event="scores")
            elif time.monotonic() - told > HEARTBEAT:
                told = time.monotonic()
                yield ServerSentEventMessage(data=None, comment="still here")
            await asyncio.sleep(min(LOOK, max(0.0, until - time.monotonic())))
        yield ServerSentEventMessage(data="{}", event="end")
    finally:
        service.streams -= 1
