"""One world for the tests that only read it: 22 800 matches, ten seasons of six leagues."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.simulator import SeasonMatches, World

FIRST, LAST = 2015, 2024


@pytest.fixture(scope="package")
def world() -> World:
    return World(seed=1, first_season=FIRST)


@pytest.fixture(scope="package")
def seasons(world: World) -> list[SeasonMatches]:
    return [world.season(league, Season(start)) for start in range(FIRST, LAST + 1) for league in world.leagues]


@pytest.fixture(scope="session")
def over() -> datetime:
    """After the last season the tests look at."""
    return datetime(LAST + 1, 7, 1, tzinfo=UTC)
