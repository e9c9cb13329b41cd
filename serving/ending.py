"""How the service ends: at SIGTERM it goes on for a while, so that callers leave before it closes anything."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

AT_ONCE = signal.SIGUSR1
"""What the parent of workers sends where it had SIGINT itself: a second SIGINT would drop requests in flight."""


class Ending:
    """``draining`` from SIGTERM on: everything is still answered, each answer closes its connection, none is "ready".

    ``begun`` after ``drain_seconds``, without that at SIGINT and AT_ONCE: streams end, and then the server does as at
    any signal: it closes its socket and idle connections, and waits for requests in flight.
    """

    def __init__(self, drain_seconds: float) -> None:
        self._drain_seconds = drain_seconds
        self._before: dict[int, Any] = {}
        self.draining = False
        self.begun = threading.Event()

    @contextmanager
    def at_signals(self) -> Iterator[None]:
        """In the main thread, in front of the handlers that are there; elsewhere signals do not arrive."""
        if threading.current_thread() is threading.main_thread():
            self._loop = asyncio.get_running_loop()
            self._before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, AT_ONCE)}
            for number in self._before:
                signal.signal(number, self._heard)
        try:
            yield
        finally:
            self.begun.set()
            for number, handler in self._before.items():
                if signal.getsignal(number) == self._heard:
                    signal.signal(number, handler)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        if number == AT_ONCE:
            if not self.begun.is_set():
                self._begin(signal.SIGTERM, frame)
        elif number == signal.SIGINT:
            self._begin(number, frame)
        elif not self.draining:  # the parent of workers repeats a signal that their group was sent
            self.draining = True
            self._loop.call_soon_threadsafe(self._loop.call_later, self._drain_seconds, self._begin, number, frame)

    def _begin(self, number: int, frame: FrameType | None) -> None:
        self.draining = True
        self.begun.set()
        before = self._before[number]
        if callable(before):
            before(number, frame)
        elif before == signal.SIG_DFL:
            raise SystemExit(128 + number)
