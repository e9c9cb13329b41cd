"""One demo for all who look at it: the main job on the simulator, as a newcomer runs it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.command import Home, fresh_home


@dataclass(frozen=True)
class Demo:
    home: Home
    summary: dict[str, Any]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with fresh_home(tmp_path_factory.mktemp("demo")) as home:
        yield Demo(home, home.json("demo", "--no-serve"))
