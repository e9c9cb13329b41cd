"""Server-sent events: a limited number for each owner of keys, each ending with its time or its key."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Any

from litestar.response.base import ASGIResponse

from serving.http.errors import Problem

MAX_STREAMS, MAX_STREAMS_OF_OWNER = 200, 20
"""Of one worker, and of one owner of keys in it."""
MEDIA_TYPE = "text/event-stream"
HEADERS = [
    (b"content-type", f"{MEDIA_TYPE}; charset=utf-8".encode()),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
AGAIN = {"Retry-After": "30"}


class Streams:
    """How many streams are open, by owner."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    @contextlib.contextmanager
    def opened(self, owner: str) -> Iterator[None]:
        """Raises Problem when the owner, or all together, have as many as there may be."""
        if self._open[owner] >= MAX_STREAMS_OF_OWNER:
            detail = f"{MAX_STREAMS_OF_OWNER} of your streams are open: close one, or poll /livescores/"
            raise Problem("too-many-streams-of-yours", detail, headers=AGAIN)
        if self._open.total() >= MAX_STREAMS:
            raise Problem("too-many-streams", "try again later, or poll /livescores/", headers=AGAIN)
        self._open[owner] += 1
        try:
            yield
        finally:
            self._open[owner] -= 1
            self._open += Counter()  # without owners that have none


def event(name: str, data: bytes) -> bytes:
    """``data``: one line."""
    return b"event: %b\r\ndata: %b\r\n\r\n" % (name.encode(), data)


def comment(text: str) -> bytes:
    return b": %b\r\n\r\n" % text.encode()


class EventStream(ASGIResponse):
    """Sends ``events`` until they end or the client disconnects."""

    __slots__ = ("_events", "_slot")

    def __init__(self, events: AsyncIterator[bytes], slot: contextlib.AbstractContextManager[None]) -> None:
        self._events, self._slot = events, slot

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        with self._slot:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            sending = asyncio.create_task(self._send(send))
            leaving = asyncio.create_task(_left(receive))
            try:
                await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                leaving.cancel()
                sending.cancel()
                results = await asyncio.gather(sending, leaving, return_exceptions=True)
        if isinstance(results[0], Exception):
            raise results[0]

    async def _send(self, send: Any) -> None:
        async for part in self._events:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Any) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
