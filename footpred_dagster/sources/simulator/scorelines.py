"""From goal rates to the exact probabilities of scorelines and outcomes."""

from __future__ import annotations

from math import factorial

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

MOST_GOALS = 14
"""A side's goals end here; the rest of the Poisson tail (under 1e-6 at three goals a match) is shared out."""
DEPENDENCE = -0.05
"""Dixon & Coles (1997), rho: low draws a little more frequent than independence has it."""

_GOALS = np.arange(MOST_GOALS + 1)
_FACTORIALS = np.array([float(factorial(k)) for k in _GOALS])
_MARGIN = _GOALS[:, None] - _GOALS[None, :]


def scoreline_grid(home_rate: Floats, away_rate: Floats) -> Floats:
    """(n, 15, 15) probabilities of home x away goals from (n,) expected goals; each grid sums to one."""
    home, away = (np.exp(-rate)[:, None] * rate[:, None] ** _GOALS / _FACTORIALS for rate in (home_rate, away_rate))
    grid = home[:, :, None] * away[:, None, :]
    grid[:, 0, 0] *= 1 - home_rate * away_rate * DEPENDENCE
    grid[:, 0, 1] *= 1 + home_rate * DEPENDENCE
    grid[:, 1, 0] *= 1 + away_rate * DEPENDENCE
    grid[:, 1, 1] *= 1 - DEPENDENCE
    return np.asarray(grid / grid.sum(axis=(1, 2), keepdims=True))


def outcome_probabilities(grid: Floats) -> Floats:
    """(n, 3) home, draw, away; rows sum to one."""
    outcomes = [grid[:, where].sum(axis=1) for where in (_MARGIN > 0, _MARGIN == 0, _MARGIN < 0)]
    return np.stack(outcomes, axis=1)


def draw_scores(grid: Floats, uniform: Floats) -> tuple[Counts, Counts]:
    """Home and away goals, (n,) each, by inversion: one uniform number decides one match."""
    running = grid.reshape(len(grid), -1).cumsum(axis=1)
    cells = np.minimum((running < uniform[:, None]).sum(axis=1), running.shape[1] - 1)
    home, away = np.divmod(cells, MOST_GOALS + 1)
    return home, away
