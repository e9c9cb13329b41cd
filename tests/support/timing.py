"""Two timings side by side."""

from __future__ import annotations

import time
from collections.abc import Callable

REPEATS = 3


def best(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Seconds of the fastest of a few runs: what else the machine did is not counted."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def report(what: str, ours: float, peer: str, theirs: float) -> None:
    print(f"\n{what}: {ours:.2f} s; {peer}: {theirs:.2f} s; ratio {ours / theirs:.2f}")  # noqa: T201
