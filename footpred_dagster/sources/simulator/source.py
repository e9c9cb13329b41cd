"""The simulator as a source: its site as of now, asked over HTTP like any other."""

from __future__ import annotations

from datetime import UTC, datetime

from footpred_dagster.sources.clients.http import HttpSource
from footpred_dagster.sources.simulator.server import SimulatorServer
from footpred_dagster.sources.simulator.world import World

SIMULATOR_NAME = "simulator"


class SimulatedSite(HttpSource):
    """Serves the default world on a loopback port of its own for as long as it is open.

    Every process that opens one serves the same bytes at the same time, so that conditional requests work across them.
    """

    def __init__(self) -> None:
        self._server = SimulatorServer(World(), lambda: datetime.now(UTC)).start()
        super().__init__(self._server.url, name=SIMULATOR_NAME)

    def close(self) -> None:
        super().close()
        self._server.close()
