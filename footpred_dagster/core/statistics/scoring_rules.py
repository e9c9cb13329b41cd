"""Scoring rules for three-outcome forecasts. Knows no model and rejects what is not a probability.

Shapes throughout: ``probabilities`` (n, 3) in the order home, draw, away; ``outcomes`` (n,) of 0/1/2.
Lower is better everywhere but accuracy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

PROBABILITIES = ["p_home", "p_draw", "p_away"]
"""Columns of a forecast, wherever one is stored."""

Probabilities = npt.NDArray[np.float64]
Outcomes = npt.NDArray[np.int64]

SUM_TOLERANCE = 1e-6
ECE_BINS = 10


class InvalidProbabilities(ValueError):
    """Not a forecast: wrong shape, not finite, outside [0, 1], not summing to one, or nothing to score."""


@dataclass(frozen=True, slots=True)
class Scores:
    """Mean scores over ``n`` matches; ``se`` is the standard error of the mean log-loss, infinite where it has none."""

    n: int
    log_loss: float
    rps: float
    brier: float
    ece: float
    accuracy: float
    se: float


def check(probabilities: Probabilities, outcomes: Outcomes) -> None:
    """Raise InvalidProbabilities unless every row is a forecast of an outcome 0, 1 or 2."""
    if probabilities.ndim != 2 or probabilities.shape[1] != 3 or outcomes.shape != (len(probabilities),):
        raise InvalidProbabilities(f"need (n, 3) and (n,), got {probabilities.shape} and {outcomes.shape}")
    if len(outcomes) == 0:
        raise InvalidProbabilities("no matches to score")
    if not np.isfinite(probabilities).all():
        raise InvalidProbabilities("probabilities hold NaN or infinity")
    if (probabilities < 0).any() or (np.abs(probabilities.sum(axis=1) - 1) > SUM_TOLERANCE).any():
        raise InvalidProbabilities("probabilities must be non-negative and sum to one in every row")
    if not np.isin(outcomes, (0, 1, 2)).all():
        raise InvalidProbabilities("outcomes must be 0 (home), 1 (draw) or 2 (away)")


def log_losses(probabilities: Probabilities, outcomes: Outcomes) -> npt.NDArray[np.float64]:
    """Per-match negative log-likelihood in nats, (n,). A zero given to what happened costs infinity: no clipping."""
    check(probabilities, outcomes)
    with np.errstate(divide="ignore"):
        return -np.log(probabilities[np.arange(len(outcomes)), outcomes])


def ranked_probability_scores(probabilities: Probabilities, outcomes: Outcomes) -> npt.NDArray[np.float64]:
    """Per-match RPS, (n,), in [0, 1]: squared error of the cumulative forecast (Epstein 1969), halved as usual."""
    check(probabilities, outcomes)
    happened = np.eye(3)[outcomes]
    cumulative = (probabilities - happened).cumsum(axis=1)[:, :2]
    return np.asarray(0.5 * (cumulative**2).sum(axis=1))


def brier_scores(probabilities: Probabilities, outcomes: Outcomes) -> npt.NDArray[np.float64]:
    """Per-match multi-class Brier score, (n,), in [0, 2]."""
    check(probabilities, outcomes)
    return np.asarray(((probabilities - np.eye(3)[outcomes]) ** 2).sum(axis=1))


def expected_calibration_error(probabilities: Probabilities, outcomes: Outcomes) -> float:
    """ECE over all (class, probability) pairs pooled, ten bins of equal width."""
    check(probabilities, outcomes)
    claimed, happened = probabilities.ravel(), np.eye(3)[outcomes].ravel()
    gaps = np.bincount(bin_of(claimed), weights=claimed - happened, minlength=ECE_BINS)
    return float(np.abs(gaps).sum() / claimed.size)


def bin_of(claimed: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Which of the ten bins each probability falls into, of the same shape; certainty belongs to the highest."""
    return np.minimum((claimed * ECE_BINS).astype(np.int64), ECE_BINS - 1)


def score(probabilities: Probabilities, outcomes: Outcomes) -> Scores:
    """All scores of one set of forecasts. Accuracy counts the first of tied favourites, in outcome order."""
    losses = log_losses(probabilities, outcomes)
    spread = losses.std(ddof=1) if len(losses) > 1 and np.isfinite(losses).all() else np.inf
    return Scores(
        n=len(outcomes),
        log_loss=float(losses.mean()),
        rps=float(ranked_probability_scores(probabilities, outcomes).mean()),
        brier=float(brier_scores(probabilities, outcomes).mean()),
        ece=expected_calibration_error(probabilities, outcomes),
        accuracy=float((probabilities.argmax(axis=1) == outcomes).mean()),
        se=float(spread / np.sqrt(len(losses))),
    )
