"""Scorelines of two Poisson scores with Dixon and Coles's correction, and what is read off them: numpy alone.

Grids are (n, 16, 16): home goals down, away goals across, each grid summing to one. Scorelines of more than fifteen
goals of a side are shared out among the rest: less than 1e-6 below five expected goals.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from footpred_dagster.core.statistics.scoring_rules import SUM_TOLERANCE

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

MOST_GOALS = 15
"""Of either side."""
LOWEST, HIGHEST = 1e-3, float(MOST_GOALS)
"""Expected goals outside of which a grid of this size says nothing; models keep within 0.05 and 7.4."""
LINES = (0.5, 1.5, 2.5, 3.5, 4.5)

_GOALS = np.arange(MOST_GOALS + 1)
_LOG_FACTORIALS = np.array([math.lgamma(count + 1) for count in _GOALS])
_FEWER = np.triu(np.ones((MOST_GOALS + 1, MOST_GOALS + 1)), 1)
_MOVED = np.array([1.0, -2.0, 1.0])
_REGION = 1 - np.sign(_GOALS[:, None] - _GOALS)
_IN_REGION = np.eye(3)[_REGION.ravel()]
_TOTAL = (_GOALS[:, None] + _GOALS).ravel()


class InvalidScorelines(ValueError):
    """No grid follows: a shape, rate, correction or probability that cannot be."""


def outcomes(rates: Floats, correction: float) -> Floats:
    """(n, 3) home, draw, away of expected goals (n, 2): the sums over the grid of independent scores, corrected.

    As a fit needs it for a hundred thousand matches: without laying out the grid.
    """
    home, away = _scores(rates)
    corrected = _by_outcome(home, away, _low(rates) * correction)
    return np.asarray(corrected / corrected.sum(axis=1, keepdims=True))


def outcome_slopes(rates: Floats, correction: float) -> Floats:
    """(n, 2) derivatives of log(home win / away win) by the logarithms of the expected goals (n, 2)."""
    sides, low = _scores(rates), _low(rates) * correction
    home, _, away = _by_outcome(*sides, low).T
    slopes = []
    for side, rate in enumerate(rates.T):
        # d P(k goals) / d log rate = (k - rate) P(k goals)
        moved = [(_GOALS - rate[:, None]) * scores if place == side else scores for place, scores in enumerate(sides)]
        home_slope, _, away_slope = _by_outcome(moved[0], moved[1], low * (1 - rate)).T
        slopes.append(home_slope / home - away_slope / away)
    return np.stack(slopes, axis=1)


def grid(rates: Floats, correction: Floats | float, probabilities: Floats) -> Floats:
    """(n, 16, 16) for expected goals (n, 2) and rho (n,) or one for all, agreeing with the served 1X2 (n, 3).

    Home wins, draws and away wins are each rescaled as a whole to what is served. Of all grids with that 1X2 this is
    the nearest to the goals model by relative entropy: KL(q, p) is that of the outcomes, which is given, plus that
    within each outcome, which is then zero (Csiszar 1975, I-divergence geometry; Jeffrey's rule in Diaconis & Zabell
    1982). So odds between two scorelines with the same outcome stay those of the model.

    A correction beyond what Dixon and Coles allow at these rates leaves no scoreline below zero. Raises
    InvalidScorelines.
    """
    rates, probabilities = np.asarray(rates, dtype=float), np.asarray(probabilities, dtype=float)
    correction = np.asarray(correction, dtype=float)
    _check(rates, correction, probabilities)
    home, away = _scores(rates)
    cells = home[:, :, None] * away[:, None, :]
    low = (_low(rates) * correction)[:, None, None]
    cells[:, :2, :2] = np.maximum(cells[:, :2, :2] + low * np.array([[-1.0, 1.0], [1.0, -1.0]]), 0.0)
    return np.asarray(cells * (probabilities / (_flat(cells) @ _IN_REGION))[:, _REGION])


def outcomes_of(grid: Floats) -> Floats:
    """(n, 3) home, draw, away that the grids add up to."""
    return np.asarray(_flat(grid) @ _IN_REGION)


def over_under(grid: Floats, lines: Sequence[float] = LINES) -> Floats:
    """(n, lines, 2) probabilities of more and of fewer goals than each line, together one.

    Lines lie between two numbers of goals; raises InvalidScorelines for one that could be met.
    """
    asked = np.asarray(lines, dtype=float)
    if not (np.isfinite(asked).all() and (asked > 0).all() and (asked % 1 != 0).all()):
        raise InvalidScorelines(f"lines {list(lines)}: each must be positive and lie between two numbers of goals")
    flat = _flat(grid)
    return np.stack([flat @ (_TOTAL[:, None] > asked), flat @ (_TOTAL[:, None] < asked)], axis=2)


def both_score(grid: Floats) -> Floats:
    """(n,) probability that either side scores."""
    return np.asarray(grid[:, 1:, 1:].sum(axis=(1, 2)))


def expected_goals(grid: Floats) -> Floats:
    """(n, 2) mean goals of home and away; after reconciling they are no longer the model's rates."""
    return np.stack([grid.sum(axis=2) @ _GOALS, grid.sum(axis=1) @ _GOALS], axis=1)


def top_scores(grid: Floats, k: int) -> tuple[Counts, Floats]:
    """The ``k`` likeliest scorelines: (n, k, 2) goals and (n, k) probabilities, falling; ties by fewer home goals."""
    flat = _flat(grid)
    places = np.argsort(-flat, axis=1, kind="stable")[:, :k]
    goals = np.stack(np.divmod(places, MOST_GOALS + 1), axis=2)
    return goals, np.take_along_axis(flat, places, axis=1)


def fair_odds(probabilities: Floats) -> Floats:
    """Decimal odds without margin, of any shape; infinite for what cannot happen.

    Raises InvalidScorelines for what is no probability.
    """
    given = np.asarray(probabilities, dtype=float)
    if not ((given >= 0) & (given <= 1 + SUM_TOLERANCE)).all():
        raise InvalidScorelines("fair odds need probabilities between zero and one")
    with np.errstate(divide="ignore"):
        return np.asarray(1 / given)


def score_log_losses(grid: Floats, goals: Counts) -> Floats:
    """(n,) -log of the probability of the scorelines ``goals`` (n, 2), in nats.

    More than fifteen goals of a side count as fifteen. Infinite for a scoreline given no probability.
    """
    if goals.shape != (len(grid), 2) or (goals < 0).any():
        raise InvalidScorelines(f"need goals ({len(grid)}, 2), none negative, got {goals.shape}")
    home, away = np.minimum(goals, MOST_GOALS).T
    with np.errstate(divide="ignore"):
        return np.asarray(-np.log(grid[np.arange(len(grid)), home, away]))


def _scores(rates: Floats) -> tuple[Floats, Floats]:
    """(n, 16) Poisson probabilities of each number of goals, of home and of away."""
    home, away = (np.exp(_GOALS * np.log(rates[:, [side]]) - rates[:, [side]] - _LOG_FACTORIALS) for side in range(2))
    return home, away


def _low(rates: Floats) -> Floats:
    """(n,) what a correction of one takes from 0-0 and from 1-1 and gives to 1-0 and to 0-1."""
    return np.asarray(rates.prod(axis=1) * np.exp(-rates.sum(axis=1)))


def _by_outcome(home: Floats, away: Floats, low: Floats) -> Floats:
    """(n, 3) home, draw, away of scores (n, 16) of either side, with ``low`` (n,) moved out of the low draws."""
    independent = np.stack(
        [(home * (away @ _FEWER)).sum(axis=1), (home * away).sum(axis=1), (away * (home @ _FEWER)).sum(axis=1)], axis=1
    )
    return np.asarray(independent + low[:, None] * _MOVED)


def _flat(grid: Floats) -> Floats:
    return grid.reshape(len(grid), _TOTAL.size)


def _check(rates: Floats, correction: Floats, probabilities: Floats) -> None:
    n = len(rates)
    if rates.shape != (n, 2) or probabilities.shape != (n, 3) or correction.shape not in ((), (n,)):
        shapes = f"{rates.shape}, {correction.shape} and {probabilities.shape}"
        raise InvalidScorelines(f"need rates (n, 2), correction () or (n,), probabilities (n, 3), got {shapes}")
    # Written so that NaN fails.
    if not ((rates >= LOWEST) & (rates <= HIGHEST)).all():
        raise InvalidScorelines(f"expected goals must lie between {LOWEST} and {HIGHEST}")
    if not (np.abs(correction) <= 1).all():
        raise InvalidScorelines("the correction must lie between -1 and 1")
    if not ((probabilities >= 0).all() and (np.abs(probabilities.sum(axis=1) - 1) <= SUM_TOLERANCE).all()):
        raise InvalidScorelines("probabilities must be non-negative and sum to one in every row")
