"""One world and one running application a module; tests that change the world come in modules of their own.

A module names the limits and settings of its ``service`` as LIMITS and SETTINGS.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from serving.app import create_app
from serving.settings import ServiceSettings
from tests.support.readiness import ready, until
from tests.support.service import Served, World, build, serving


@pytest.fixture(scope="module")
def world(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> World:
    return build(module_database_url, tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def anonymous(world: World, home: Path) -> Iterator[TestClient[Litestar]]:
    """A client without a key."""
    app = create_app(ServiceSettings.from_env(world.environment(home, CORS_ALLOWED_ORIGINS="https://example.org")))
    with TestClient(app) as client:
        yield client


@pytest.fixture
def client(anonymous: TestClient[Litestar], world: World) -> Iterator[TestClient[Litestar]]:
    """The same with a key."""
    anonymous.headers["X-API-Key"] = world.key
    yield anonymous
    del anonymous.headers["X-API-Key"]


@pytest.fixture(scope="module")
def settings(request: pytest.FixtureRequest) -> dict[str, str]:
    return getattr(request.module, "SETTINGS", {})


@pytest.fixture(scope="module")
def service(
    request: pytest.FixtureRequest, world: World, settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """The service as a process of its own."""
    limits = getattr(request.module, "LIMITS", None)
    with serving(world, tmp_path_factory.mktemp("home"), limits=limits, **settings) as served:
        yield served


@pytest.fixture(scope="module")
def keyed(service: Served, world: World) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, headers={"X-API-Key": world.key}, timeout=20) as client:
        yield client


@pytest.fixture
def http(keyed: httpx.Client) -> Iterator[httpx.Client]:
    """A client with a key over a socket; the service is ready again when its test ends."""
    yield keyed
    until(lambda: ready(keyed) == (200, "ready"), keyed)
