"""When a connection is read, and when requests of unknown callers begin."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from uvicorn.protocols.http.flow_control import FlowControl


class Flow(FlowControl):
    """Nothing is read while ``held``, though an application asks for its body: that arrived before what is held."""

    held = False

    def resume_reading(self) -> None:
        if not self.held:
            super().resume_reading()


_waiting = deque[Callable[[], None]]()


def begin_in_turn(loop: asyncio.AbstractEventLoop, begin: Callable[[], None]) -> None:
    """Call ``begin`` when its turn comes: one of them in each turn of the loop, so that many delay nobody else."""
    _waiting.append(begin)
    if len(_waiting) == 1:
        loop.call_soon(_begin_next, loop)


def _begin_next(loop: asyncio.AbstractEventLoop) -> None:
    begin = _waiting.popleft()
    if _waiting:
        loop.call_soon(_begin_next, loop)
    begin()
