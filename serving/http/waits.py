"""How long a connection waits on its client.

It waits for the head of a request, for its body, until an answer is read, or idle between two requests. Each wait ends
after a time. When there are too many connections, one that waits is closed for each new one: first the oldest
unfinished request, then the oldest unread answer, then the one idle for longest.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SPREAD = 0.3
"""Each wait is shorter by up to this part: connections made at one moment are not all closed at another."""
READ_SECONDS, READ_BYTES = 10.0, 20_000
"""A client that reads less of an answer in so many seconds is too slow."""

Phase = dict["Waits", None]
UNFINISHED, UNREAD, IDLE = Phase(), Phase(), Phase()
"""Connections that wait on their clients, by when the wait began; in the order in which they are closed."""


class Waits(HttpToolsProtocol):
    """A connection and the phase in which it waits."""

    _phase: Phase | None = None
    """None while the application works on an answer."""
    _timer: asyncio.TimerHandle | None = None
    _reader_timer: asyncio.TimerHandle | None = None
    _unsent = 0

    def pause_writing(self) -> None:
        super().pause_writing()
        self._enter(UNREAD)
        self._watch_reader()

    def resume_writing(self) -> None:
        self._ignore_reader()
        if self._phase is UNREAD:
            self._enter(None)
        super().resume_writing()

    def _wait(self, phase: Phase, seconds: float) -> None:
        """On the client, ``seconds`` at most."""
        self._work()
        self._enter(phase)
        self._timer = self._within(seconds, self._end)

    def _within(self, seconds: float, function: Callable[[], None]) -> asyncio.TimerHandle:
        spread = random.uniform(1 - SPREAD, 1)  # noqa: S311 - no secret
        return self.loop.call_later(seconds * spread, function)

    def _work(self) -> None:
        """Wait on the client no longer."""
        self._enter(None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _enter(self, phase: Phase | None) -> None:
        if self._phase is not None:
            self._phase.pop(self, None)
        self._phase = phase
        if phase is not None:
            phase[self] = None

    def _watch_reader(self) -> None:
        """Look again after a while whether the client reads what is written."""
        self._ignore_reader()
        self._unsent = self.transport.get_write_buffer_size()
        self._reader_timer = self._within(READ_SECONDS, self._check_reader)

    def _check_reader(self) -> None:
        if self._unsent - self.transport.get_write_buffer_size() < READ_BYTES:
            self.transport.abort()
        else:
            self._watch_reader()

    def _ignore_reader(self) -> None:
        if self._reader_timer is not None:
            self._reader_timer.cancel()
            self._reader_timer = None

    def _end(self) -> None:
        """Close; what is written already has as long as its client reads it."""
        self._work()
        if not self.transport.is_closing():
            self.transport.close()
            self._watch_reader()

    def _make_room(self) -> bool:
        """Close a connection that waits on its client; False when the application works for all of them."""
        victim = next((other for phase in (UNFINISHED, UNREAD, IDLE) for other in phase if other is not self), None)
        if victim is None:
            return False
        victim._end()
        return True
