"""Whether the service can do its work, and what it lacks: for /readyz, for metrics and for keys."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from serving import metrics
from serving.database import Database
from serving.ending import Ending
from serving.state.champion import Champion
from serving.state.key_ring import KeyRing
from serving.state.watcher import Progress

EVERY_SECONDS = 1.0


class Readiness:
    """``problems``: what is not as it should be at this moment, in sentences; empty when all is well."""

    def __init__(self, ending: Ending, database: Database, keys: KeyRing, champion: Champion) -> None:
        self._ending, self._database, self._keys, self._champion = ending, database, keys, champion
        self.progress: Sequence[Progress] = ()

    def problems(self) -> list[str]:
        found = ["the service is ending"] if self._ending.draining else []
        if not self._database.up:
            found.append("the database does not answer")
        if self._keys.closed:
            found.append(f"no key opens anything: {self._keys.closed}")
        found += [
            f"{each.name} was not refreshed for {late:.0f} s: {each.error or 'it has not ended yet'}"
            for each in self.progress
            if (late := each.late_seconds)
        ]
        if self._champion.problem or self._champion.loaded is None:
            found.append(self._champion.problem or "no champion is loaded yet")
        return found

    @contextlib.asynccontextmanager
    async def judging(self) -> AsyncIterator[None]:
        """Judge keys and set gauges every second meanwhile."""
        judging = asyncio.create_task(self._judge_on())
        try:
            yield
        finally:
            judging.cancel()
            await asyncio.gather(judging, return_exceptions=True)

    async def _judge_on(self) -> None:
        while True:
            self.judge()
            await asyncio.sleep(EVERY_SECONDS)

    def judge(self) -> None:
        late = {each.name: each.late_seconds for each in self.progress}
        self._keys.judge(database_up=self._database.up, late_seconds=late.get(type(self._keys).__name__, 0.0))
        for name, seconds in late.items():
            metrics.LATE.labels(name).set(seconds)
        metrics.DEGRADED.set(bool(self.problems()))
