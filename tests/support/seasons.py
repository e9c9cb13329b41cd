"""Seasons drawn from match weeks: how often decisions about them are false, and what a true difference takes to find.

Everything is decided by the functions of ``core.comparison`` and ``core.drift``; only the weeks are drawn here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

from footpred_dagster.core.promotion.policy import ROLLBACK_P
from footpred_dagster.core.statistics.bootstrap import LEAST_LIVE_WEEKS, Floats, by_week, log_evidence_worse, ratio

WEEKS = 40


@dataclass(frozen=True)
class Pool:
    """Weekly sums of the gains of one model on another, and the numbers of matches they are of, both (weeks,)."""

    sums: Floats
    sizes: Floats

    @classmethod
    def of(cls, gains: Floats, kickoffs: pd.Series) -> Pool:
        """From gains (n,) match by match."""
        return cls(*by_week(gains, np.ones(len(gains)), kickoffs))

    @property
    def difference(self) -> float:
        return float(self.sums.sum() / self.sizes.sum())

    def centred(self, difference: float = 0.0) -> Pool:
        """The same weeks with another mean difference."""
        return Pool(self.sums + (difference - self.difference) * self.sizes, self.sizes)

    def seasons(self, runs: int, weeks: int = WEEKS, seed: int = 1) -> tuple[Floats, Floats]:
        """(runs, weeks) sums and sizes of weeks drawn with replacement."""
        drawn = np.random.default_rng(seed).integers(len(self.sums), size=(runs, weeks))
        return self.sums[drawn], self.sizes[drawn]


def synthetic(matches: float, weeks: int = 120, spread: float = 0.08, seed: int = 1) -> Pool:
    """Weeks like those of two of our models: sizes between few and twice ``matches``, heavy tails, a shared part."""
    chance = np.random.default_rng(seed)
    sizes = np.maximum(1, np.round(matches * chance.beta(1.2, 1.2, weeks) * 2))
    own = np.array([chance.standard_t(5, int(size)).sum() for size in sizes]) * spread * np.sqrt(3 / 5)
    return Pool(own + 0.05 * spread * sizes * chance.normal(0, 1, weeks) / np.sqrt(matches), sizes)


def rolled_back(sums: Floats, sizes: Floats) -> npt.NDArray[np.bool_]:
    """(runs, weeks) whether the champion is rolled back at the look after each week, or was before it."""
    found = np.zeros(sums.shape, dtype=bool)
    for weeks in range(LEAST_LIVE_WEEKS, sums.shape[1] + 1):
        found[:, weeks - 1] = log_evidence_worse(sums[:, :weeks], sizes[:, :weeks]) > -np.log(ROLLBACK_P)
    return np.logical_or.accumulate(found, axis=1)


def covered(sums: Floats, sizes: Floats, truth: float = 0.0) -> float:
    """Share of 95 % intervals, one a run, that hold ``truth``."""
    found, se, df = ratio(sums, sizes)
    return float((np.abs(found - truth) <= stdtrit(df, 0.975) * se).mean())


def detectable(pool: Pool, within: Iterable[int], runs: int = 2000, power: float = 0.8) -> dict[int, float]:
    """By how much a match a champion must be worse to be rolled back within so many weeks with that probability."""
    result = {}
    for weeks in within:
        low, high = 0.0, 0.2
        for _ in range(20):
            middle = (low + high) / 2
            found = rolled_back(*pool.centred(-middle).seasons(runs, weeks))[:, -1].mean()
            low, high = (middle, high) if found < power else (low, middle)
        result[weeks] = high
    return result
