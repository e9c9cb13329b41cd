"""The HTTP source before a scripted site."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from footpred_dagster.sources.clients.http import HttpSource
from tests.support.scripted_site import Clock, Site


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source(site: Site, clock: Clock) -> Iterator[HttpSource]:
    with HttpSource(site.url, timeout=2.0, sleep=clock.sleep, clock=clock) as source:
        yield source
