"""One worker of the service: what it keeps in memory, and how it starts and ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from footpred_dagster.core.archive.locations import open_archive
from footpred_dagster.core.database.connection import component_url
from serving.database import Database
from serving.ending import Ending
from serving.http.event_stream import Streams
from serving.http.request_checks import Parameters
from serving.logs import AccessLog
from serving.predictions.batcher import Batcher
from serving.predictions.predictor import Predictor
from serving.queue.statistics import QueueFacts
from serving.settings import ServiceSettings
from serving.state.cache import Memory
from serving.state.champion import Champion
from serving.state.clubs import Clubs
from serving.state.key_ring import KeyRing
from serving.state.key_usage import Uses
from serving.state.live_scores import Live
from serving.state.model_info import ModelFacts
from serving.state.online_store import Online
from serving.state.rate_limits import Limits
from serving.state.readiness import Readiness
from serving.state.snapshot import DataAge, Snapshot
from serving.state.watcher import Part, Watcher

WARM_SECONDS = 30.0
"""How long a start waits until everything was read once; without a database it does not wait."""
BATCHES = 2
"""That are answered at a time; others wait, so that single requests need not."""
BUNDLE_SECONDS = 5.0
"""How much longer it waits for the champion's bundle: an archive that is slow holds up nothing else."""
KEYS_ANSWER_SECONDS = 4.0
"""Less than is allowed otherwise: by reading keys, which is quick, the service judges whether the database answers."""


class Service:
    """Built without I/O; ``running`` connects, loads and watches."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.settings = settings
        self.database = Database()
        self.limits = Limits(self.database)
        self.keys, self.uses = KeyRing(settings.outage_seconds), Uses()
        self.clubs = Clubs()
        self.snapshot, self.age = Snapshot(self.clubs), DataAge()
        self.champion = Champion(open_archive(settings.core))
        self.online, self.live, self.facts = Online(self.clubs), Live(), ModelFacts()
        self.memory = Memory()
        self.predictor = Predictor(self.database, self.clubs, self.snapshot, self.champion, self.online, self.memory)
        self.batcher = Batcher(self.predictor.on_the_spot)
        self.access = AccessLog()
        # What predictions are made from, but for the champion; clubs come before those that name them.
        self.predicting = (self.clubs, self.snapshot, self.age, self.online)
        self.parameters: Parameters = {}
        self.ending = Ending(settings.drain_seconds)
        self.readiness = Readiness(self.ending, self.database, self.keys, self.champion)
        self.streams = Streams()
        self.batches = asyncio.Semaphore(BATCHES)

    @asynccontextmanager
    async def running(self, _app: Any) -> AsyncIterator[None]:
        facts = (self.live, self.facts, QueueFacts(), self.uses)
        async with self.connected("service", self.keys, facts), self.readiness.judging():
            with self.ending.at_signals():
                yield

    @asynccontextmanager
    async def connected(
        self, component: str, keys: Part | None = None, facts: Sequence[Part] = ()
    ) -> AsyncIterator[str]:
        """With all in memory that predictions are made from, and ``keys`` and ``facts``; yields the URL of
        ``component``.

        Keys, tables and the champion's bundle are read by threads of their own, so that none waits for another.
        """
        url = await asyncio.to_thread(component_url, self.settings.core, component)
        await self.database.open(url)
        poll = self.settings.poll
        first = Watcher(
            url, [keys] if keys else [], poll, answer_seconds=KEYS_ANSWER_SECONDS, on_change=self._database_changed
        )
        tables = Watcher(url, [*self.predicting, *facts], poll, final=self.uses)
        bundle = Watcher(url, [self.champion], poll)
        watchers = (first, tables, bundle)
        self.readiness.progress = [progress for watcher in watchers for progress in watcher.progress]
        await asyncio.to_thread(_start, watchers)
        try:
            yield url
        finally:
            for watcher in watchers:
                await asyncio.to_thread(watcher.stop)
            await self.database.close()
            self.access.close()

    def _database_changed(self, up: bool) -> None:
        self.database.up = up
        self.age.told(up)


def _start(watchers: Sequence[Watcher]) -> None:
    """Returns once each has tried to read its parts, or was given its time."""
    for watcher in watchers:
        watcher.start()
    *tables, bundle = watchers
    deadline = time.monotonic() + WARM_SECONDS
    for watcher in tables:
        watcher.tried.wait(max(0.0, deadline - time.monotonic()))
    bundle.tried.wait(BUNDLE_SECONDS)
