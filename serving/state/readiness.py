"""Whether the service can do its work, and what it lacks: for /readyz, for metrics and for keys."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from serving import metrics

if TYPE_CHECKING:
    from serving.service import Service
    from serving.state.watcher import Progress

EVERY_SECONDS = 1.0


class Readiness:
    """``problems``: what is not as it should be at this moment, in sentences; empty when all is well."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.progress: Sequence[Progress] = ()

    def problems(self) -> list[str]:
        service = self._service
        found = ["the service is ending"] if service.ending.draining else []
        if not service.database.up:
            found.append("the database does not answer")
        if service.keys.closed:
            found.append(f"no key opens anything: {service.keys.closed}")
        found += [
            f"{each.name} was not refreshed for {late:.0f} s: {each.error or 'it has not ended yet'}"
            for each in self.progress
            if (late := each.late_seconds)
        ]
        if service.champion.problem or service.champion.loaded is None:
            found.append(service.champion.problem or "no champion is loaded yet")
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
        service = self._service
        late = {each.name: each.late_seconds for each in self.progress}
        service.keys.judge(database_up=service.database.up, late_seconds=late.get(type(service.keys).__name__, 0.0))
        for name, seconds in late.items():
            metrics.LATE.labels(name).set(seconds)
        metrics.DEGRADED.set(bool(self.problems()))
