"""Is one forecast better than another? Paired on identical matches, resampled by match week."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

RESAMPLES = 10_000
CONFIDENCE = 0.95
SEED = 1
"""Fixed: the same losses give the same decision."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Mean log-loss of ``against`` less that of the model, over ``n`` matches: positive where the model is better.

    ``se`` and the 95 % interval ``low`` to ``high`` come from the block bootstrap; ``p_worse`` is the share of
    resamples in which the model was not worse: small when it surely is.
    """

    n: int
    difference: float
    se: float
    low: float
    high: float
    p_worse: float


def compare(losses: Floats, against: Floats, kickoffs: pd.Series) -> Comparison:
    """Compare losses (n,) match by match; the weeks of ``kickoffs`` (n,) are resampled whole (Künsch 1989).

    Matches of a week share their surprises, so that resampling them one by one would promise too much. With a single
    week there is nothing to resample: the interval is infinite.
    """
    gains = against - losses
    if not np.isfinite(gains).all():
        raise ValueError("losses hold NaN or infinity: such a forecast cannot be compared, only refused")
    difference = float(gains.mean())
    means = resampled_ratios(gains, np.ones(len(gains)), kickoffs)
    if means is None:
        return Comparison(len(gains), difference, np.inf, -np.inf, np.inf, 1.0)
    low, high = interval(means)
    return Comparison(len(gains), difference, float(means.std(ddof=1)), low, high, float((means >= 0).mean()))


def resampled_ratios(totals: Floats, counts: Floats, kickoffs: pd.Series) -> Floats | None:
    """(RESAMPLES,) sum of ``totals`` over sum of ``counts``, both (n,) and counts positive, the weeks of ``kickoffs``
    drawn whole; None with a single week."""
    days = kickoffs.dt.tz_convert(None).to_numpy().astype("datetime64[D]").astype(np.int64)
    # Days count from a Thursday; weeks begin on Monday.
    _, week = np.unique((days + 3) // 7, return_inverse=True)
    weeks = int(week.max()) + 1
    if weeks < 2:
        return None
    drawn = _resampled(weeks).astype(np.float64)
    return np.asarray((drawn @ np.bincount(week, weights=totals)) / (drawn @ np.bincount(week, weights=counts)))


def interval(resampled: Floats) -> tuple[float, float]:
    """The bounds that leave out the lowest and the highest 2.5 % of ``resampled``."""
    low, high = np.quantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


@lru_cache(maxsize=64)
def _resampled(weeks: int) -> npt.NDArray[np.uint16]:
    """(RESAMPLES, weeks) how often each week is drawn; the same for all who compare over that many."""
    drawn = np.random.default_rng(SEED).multinomial(weeks, np.full(weeks, 1 / weeks), size=RESAMPLES)
    return drawn.astype(np.uint16)
