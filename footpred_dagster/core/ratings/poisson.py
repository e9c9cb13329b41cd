"""Outcomes of two independent Poisson scores."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from footpred_dagster.core.ratings.history import Floats

MOST_GOALS = 9
LOWEST, HIGHEST = -2.0, 1.6
"""Log-rates beyond are cut: nobody is expected to score less than 0.14 or more than 5 goals."""
_GOALS = np.arange(MOST_GOALS + 1)
_LOG_FACTORIALS = np.array([math.lgamma(goals + 1) for goals in _GOALS])


def log_odds(home_rate: npt.ArrayLike, away_rate: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Log-odds of a home win and of an away win against a draw, from the logarithms of both rates, shape kept."""
    home, away = _scores(home_rate), _scores(away_rate)
    fewer_home, fewer_away = np.cumsum(home, axis=-1), np.cumsum(away, axis=-1)
    draw = np.log((home * away).sum(axis=-1))
    home_win = (home[..., 1:] * fewer_away[..., :-1]).sum(axis=-1)
    away_win = (away[..., 1:] * fewer_home[..., :-1]).sum(axis=-1)
    return np.log(home_win) - draw, np.log(away_win) - draw


def _scores(log_rate: npt.ArrayLike) -> Floats:
    """(..., MOST_GOALS + 1) probability of each number of goals."""
    clipped = np.clip(np.asarray(log_rate, dtype=float), LOWEST, HIGHEST)[..., None]
    return np.asarray(np.exp(_GOALS * clipped - np.exp(clipped) - _LOG_FACTORIALS))
