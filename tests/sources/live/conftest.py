"""A scripted site on loopback in place of the real hosts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.scripted_site import Site


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()
