"""Homes for the tests of the embedded server itself; all others share the one of the session."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.postgres import discard


@pytest.fixture(scope="module")
def make_home() -> Iterator[Callable[[], Path]]:
    """Makes homes that another account can reach, as in a normal checkout; pytest's tmp_path is 0700."""
    homes: list[Path] = []

    def make() -> Path:
        homes.append(Path(tempfile.mkdtemp(prefix="footpred-test-")))
        homes[-1].chmod(0o755)
        return homes[-1]

    with ExitStack() as stack:
        yield make
        for home in homes:
            stack.callback(discard, home)
