"""Figures that a benchmark has to reach. They are compared after everything was measured and printed."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

missed: list[str] = []
"""Of this run, for its last line."""


class Targets:
    """Of one benchmark."""

    def __init__(self) -> None:
        self._missed: list[str] = []

    def at_least(self, what: str, rounds: Sequence[float], least: float) -> None:
        self._compare(what, rounds, f"at least {least:g}", reached=median(rounds) >= least)

    def at_most(self, what: str, rounds: Sequence[float], most: float) -> None:
        self._compare(what, rounds, f"at most {most:g}", reached=median(rounds) <= most)

    def check(self) -> None:
        """Fails the test when a target was missed."""
        assert not self._missed, "; ".join(self._missed)

    def _compare(self, what: str, rounds: Sequence[float], target: str, *, reached: bool) -> None:
        line = f"{what}: {median(rounds):.2f}, to be {target}"
        print(f"\n{'ok    ' if reached else 'MISSED'} {line} ({', '.join(f'{value:.2f}' for value in rounds)})", end="")  # noqa: T201
        if not reached:
            self._missed.append(line)
            missed.append(line)
