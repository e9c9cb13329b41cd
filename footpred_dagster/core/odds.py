"""From bookmaker odds to the market line: de-vigged probabilities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

BISECTION_STEPS = 60


def power_devig(odds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Market line of decimal ``odds`` (n, 3) -> probabilities (n, 3); rows without three odds above 1 come back NaN.

    The power method raises every inverse price to the exponent that makes the row sum to one, which takes more margin
    off outsiders than off favourites (Clarke, Kovalchik & Ingram 2017). The exponent is found by bisection inside a
    bracket that any three odds above 1 have; it needs no fallback.
    """
    line = np.full(odds.shape, np.nan)
    priced = np.isfinite(odds).all(axis=1) & (np.nan_to_num(odds) > 1).all(axis=1)
    if not priced.any():
        return line
    inverse = 1 / odds[priced]
    # At exponent 0 a row sums to 3; it falls below 1 once the shortest price alone is worth less than a third.
    low = np.zeros(len(inverse))
    high = np.log(3) / -np.log(inverse.max(axis=1))
    for _ in range(BISECTION_STEPS):
        middle = (low + high) / 2
        over = (inverse ** middle[:, None]).sum(axis=1) > 1
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    probabilities = inverse ** ((low + high) / 2)[:, None]
    line[priced] = probabilities / probabilities.sum(axis=1, keepdims=True)
    return line
