"""Scores of matches in play: as they are now, and as they change."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.params import QueryParameter

from serving.controllers.operation import gives, operation
from serving.http.event_stream import MEDIA_TYPE, EventStream, comment, event
from serving.schemas.live import LiveScores
from serving.service import Service
from serving.service_call import call_of

LOOK, HEARTBEAT = 0.5, 15.0
Seconds = Annotated[int, QueryParameter(ge=1, le=3600, description="The stream ends after so many seconds")]


@operation(get, "/livescores/", gives(LiveScores, "The newest scores."), scope="read", tag="matches")
async def get_livescores(request: Request[Any, Any, Any]) -> LiveScores:
    """Scores as their sources last had them. Shown only: they are edited for days and no model learns from them."""
    service = call_of(request.scope).service
    return service.live.scores


@operation(
    get,
    "/livescores/stream",
    gives(
        str,
        "Events `scores` with a LiveScores as data: one at once and one after each change; a comment "
        "every 15 s in between; and `end` when `seconds` are over, an hour at most. Connect again to go on.",
        media_type=MEDIA_TYPE,
    ),
    "too-many-streams-of-yours",
    "too-many-streams",
    scope="read",
    tag="matches",
    formats=(MEDIA_TYPE,),
)
async def stream_livescores(request: Request[Any, Any, Any], seconds: Seconds = 300) -> EventStream:
    """The same as a stream of server-sent events, which ends after ``seconds``, or with its key."""
    call = call_of(request.scope)
    assert call.key is not None
    service = call.service
    events = _events(service, call.key.id, time.monotonic() + seconds)
    return EventStream(events, service.streams.opened(call.key.owner))


async def _events(service: Service, key_id: str, until: float) -> AsyncIterator[bytes]:
    shown: LiveScores | None = None
    sent_at = time.monotonic()
    while time.monotonic() < until and not service.ending.begun.is_set() and service.keys.opens(key_id):
        if service.live.scores is not shown:
            shown, sent_at = service.live.scores, time.monotonic()
            yield event("scores", msgspec.json.encode(shown))
        elif time.monotonic() - sent_at > HEARTBEAT:
            sent_at = time.monotonic()
            yield comment("still here")
        await asyncio.sleep(min(LOOK, max(0.0, until - time.monotonic())))
    yield event("end", b"{}")
