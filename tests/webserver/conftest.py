"""One webserver for operators and one for viewers, in front of one sensor that runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from footpred_dagster.core.settings import Settings
from tests.support.webserver import Webserver, webservers


@pytest.fixture(scope="module")
def servers(
    settings: Settings, server_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Webserver, Webserver]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", "")  # opening an instance sets it: undone at the end
        with webservers(settings, tmp_path_factory.mktemp("web")) as both:
            yield both


@pytest.fixture(scope="module")
def webserver(servers: tuple[Webserver, Webserver]) -> Webserver:
    return servers[0]


@pytest.fixture(scope="module")
def viewer(servers: tuple[Webserver, Webserver]) -> Webserver:
    return servers[1]
