"""One worker of the service: what it keeps in memory, and how it starts and ends."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType
from typing import Any

from footpred_dagster.core.database import database_url
from footpred_dagster.core.storage import open_archive
from serving.champion import Champion
from serving.clubs import Clubs
from serving.database import Database, Watcher
from serving.facts import ModelFacts
from serving.key_ring import KeyRing
from serving.limits import Limits
from serving.live import Live
from serving.logs import AccessLog
from serving.memory import Memory
from serving.online import Online
from serving.predicting import Batcher
from serving.queue.state import QueueFacts
from serving.settings import ServiceSettings
from serving.snapshot import DataAge, Snapshot
from serving.uses import Uses

WARM_SECONDS = 30.0
"""How long a start waits until everything was read once; without a database it does not wait."""


class Service:
    """Built without I/O; ``running`` connects, loads and watches."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.settings = settings
        self.database = Database()
        self.limits = Limits(self.database)
        self.keys, self.uses = KeyRing(), Uses()
        self.clubs = Clubs()
        self.snapshot, self.age = Snapshot(self.clubs), DataAge()
        self.champion = Champion(open_archive(settings.core))
        self.online, self.live, self.facts = Online(self.clubs), Live(), ModelFacts()
        self.memory, self.batcher = Memory(), Batcher(self)
        self.access = AccessLog()
        # What predictions are made from; clubs come before those that name them.
        self.predicting = (self.clubs, self.snapshot, self.age, self.champion, self.online)
        self.ending = threading.Event()
        self.streams = 0

    @asynccontextmanager
    async def running(self, _app: Any) -> AsyncIterator[None]:
        url = await asyncio.to_thread(database_url, self.settings.core)
        await self.database.open(url)
        parts = (
            *(self.keys, *self.predicting, self.live, self.facts),
            QueueFacts(),
            self.uses,  # last: it is written once more at the end
        )
        watcher = Watcher(url, parts, self.settings.poll, self.told)
        await asyncio.to_thread(watcher.start, WARM_SECONDS)
        with self._signals():
            try:
                yield
            finally:
                self.ending.set()
                await asyncio.to_thread(watcher.stop)
                await self.database.close()
                self.access.close()

    def told(self, up: bool) -> None:
        self.database.up = up
        self.age.told(up)

    def _signals(self) -> Any:
        return _Heard(self.ending)


class _Heard:
    """Sets an event at SIGINT and SIGTERM, then does what was done before; streams end before they are waited for."""

    def __init__(self, event: threading.Event) -> None:
        self._event = event
        self._before: dict[int, Any] = {}

    def __enter__(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.getsignal(number)
            signal.signal(number, self._heard)

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            if signal.getsignal(number) == self._heard:
                signal.signal(number, handler)

    def _heard(self, number: int, frame: FrameType | None) -> None:
        self._event.set()
        before = self._before[number]
        if callable(before):
            before(number, frame)
        elif before == signal.SIG_DFL:
            raise SystemExit(128 + number)
