"""Homes for the tests of the embedded server itself; all others share the one of the session."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.postgres import own_home


@pytest.fixture(scope="module")
def make_home() -> Iterator[Callable[[], Path]]:
    """Makes homes of their own."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(own_home())
