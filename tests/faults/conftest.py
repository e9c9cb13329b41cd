"""A misbehaving site, the real client in front of it, and a real archive and database behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.domain import Season
from footpred_dagster.sources.clients.http import HttpSource
from footpred_dagster.sources.fetching.fetch import FetchReport, fetch
from footpred_dagster.sources.football_data.load import FIXTURES, load_fixtures, load_results, results_target
from footpred_dagster.sources.raw_source import Loaded
from footpred_dagster.sources.simulator import Fault, SimulatorServer, World
from tests.support.scripted_site import Clock

NOW = datetime(2024, 10, 25, 12, tzinfo=UTC)
SEASON = Season(2024)
E0 = results_target("E0", SEASON)


TABLES = "raw.fetches, raw.fetch_failures, raw.loads, raw.refusals, raw.matches, raw.fixtures, raw.quarantine"


@pytest.fixture(scope="session")
def world() -> World:
    return World(leagues=("E0", "E1"), first_season=2024, clubs_per_league=8)


@pytest.fixture
def site(world: World) -> Iterator[SimulatorServer]:
    with SimulatorServer(world, lambda: NOW) as server:
        yield server


@dataclass
class Ingest:
    """Fetch and load E0 2024-25 and the fixtures, as a run does. A new run is a new client: ``again``.

    patience: seconds that the client waits for an answer.
    """

    site: SimulatorServer
    connection: psycopg.Connection
    archive: LocalArchive
    clock: Clock = field(default_factory=Clock)
    patience: float = 0.5

    def __post_init__(self) -> None:
        self.source = self._client()

    def _client(self) -> HttpSource:
        return HttpSource(self.site.url, timeout=self.patience, sleep=self.clock.sleep, clock=self.clock, name="site")

    def again(self) -> None:
        self.source.close()
        self.source = self._client()

    def fetch(self, *targets: Any) -> FetchReport:
        return fetch(self.connection, self.archive, self.source, targets or [E0])

    def load(self) -> Loaded:
        return load_results(self.connection, self.archive, "E0", SEASON)

    def run(self) -> Loaded:
        self.fetch()
        return self.load()

    def run_fixtures(self) -> Loaded:
        self.fetch(FIXTURES)
        return load_fixtures(self.connection, self.archive)

    def publish(self, body: bytes, path: str = E0.path) -> Loaded:
        """The site holds ``body`` from now on; fetch and load it."""
        self.site.publish(path, body)
        return self.run() if path == E0.path else self.run_fixtures()

    def refused(self, fault: Fault, *, times: int | None = None) -> str:
        """The site misbehaves; what came is refused with the detail returned."""
        self.site.misbehave(E0.path, fault, times=times)
        loaded = self.run()
        assert loaded.state == "refused"
        return loaded.detail or ""

    def archived(self) -> bytes:
        """The body the newest request brought, from the archive."""
        return self.archive.get(self.fetches()[-1][2])

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(statement.encode()).fetchall()

    def matches(self) -> list[tuple[Any, ...]]:
        return self.ask("select * from raw.matches order by partition_key, line")

    def quarantine(self) -> list[tuple[Any, ...]]:
        return self.ask('select path, line, "column", reason, value, dropped from raw.quarantine order by line, reason')

    def fetches(self) -> list[tuple[Any, ...]]:
        return self.ask("select path, status, sha256, size from raw.fetches order by fetch_id")


@pytest.fixture
def ingest(site: SimulatorServer, module_database_url: str, tmp_path: Path) -> Iterator[Ingest]:
    with psycopg.connect(module_database_url, autocommit=True) as connection:
        connection.execute(f"truncate {TABLES}")
        ingest = Ingest(site, connection, LocalArchive(tmp_path / "archive"))
        yield ingest
        ingest.source.close()


@pytest.fixture
def loaded(ingest: Ingest) -> Callable[[], None]:
    """E0 is loaded; calling the result asserts that it still is, row for row."""
    assert ingest.run().state == "loaded"
    before = ingest.matches()
    assert len(before) > 10

    def unchanged() -> None:
        assert ingest.matches() == before

    return unchanged
