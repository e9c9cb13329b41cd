"""One world and one running application a module; tests that change the world come in modules of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from serving.app import create_app
from serving.settings import ServiceSettings
from tests.support.service import World, build


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
