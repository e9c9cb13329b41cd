"""The last line of a run of benchmarks says which targets it missed."""

from __future__ import annotations

from tests.support.targets import missed


def pytest_unconfigure() -> None:
    if missed:
        print(f"targets missed: {'; '.join(missed)}")  # noqa: T201
