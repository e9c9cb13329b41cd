"""A forecast against a price: the value it claims, and what Kelly would stake on it.

Shapes throughout: ``probabilities`` and ``odds`` (n, 3), home, draw, away; NaN in every place of a row whose quote is
broken (``odds.py`` says which are) or whose forecast is missing. A claim is not a gain: ``betting.py`` settles what
following such claims has cost.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from footpred_dagster.core.domain.odds import overround

Floats = npt.NDArray[np.float64]

KELLY_SHARE = 0.25
"""Of the full Kelly stake, which is right only for who knows the true probabilities."""
KELLY_CAP = 0.05
"""The most of a bankroll that is staked on one match, whatever the claim."""


def value(probabilities: Floats, odds: Floats) -> Floats:
    """(n, 3) claimed edge: expected profit of one unit staked, probability x odds - 1."""
    priced = np.where(np.isnan(overround(odds))[:, None], np.nan, odds)
    return np.asarray(probabilities * priced - 1)


def kelly(probabilities: Floats, odds: Floats) -> Floats:
    """(n, 3) full Kelly fraction of the bankroll, value / (odds - 1), zero where no value is claimed (Kelly 1956)."""
    # A quote at exactly 1 is broken: its value is NaN and its division never seen.
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.maximum(value(probabilities, odds) / (odds - 1), 0.0))


def stake(probabilities: Floats, odds: Floats) -> Floats:
    """(n, 3) what is staked on one outcome alone: KELLY_SHARE of the Kelly fraction, at most KELLY_CAP."""
    return np.asarray(np.minimum(KELLY_SHARE * kelly(probabilities, odds), KELLY_CAP))
