"""Does it happen as often as claimed: the reliability curve behind the ECE, and what chance alone does to an ECE."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from footpred_dagster.core.statistics.scoring_rules import ECE_BINS, Outcomes, Probabilities, bin_of, check

Z_95 = 1.959964
DRAWS, SEED = 300, 20_240_817
DRAWS_AT_ONCE = 25
"""Keeps the memory of a window of 15 000 matches at some ten megabytes."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Pooled (class, probability) pairs of bin ``place``: ``n`` claims, ``claimed`` on average, ``observed`` came true.

    low, high: 95 % Wilson interval of ``observed``. It takes pairs as independent; the three of a match are not quite.
    """

    place: int
    n: int
    claimed: float
    observed: float
    low: float
    high: float

    @property
    def honest(self) -> bool:
        """Whether the claim lies within the interval."""
        return self.low <= self.claimed <= self.high


def reliability(probabilities: Probabilities, outcomes: Outcomes) -> list[Bin]:
    """The bins of the ECE that hold any claim, from low to high.

    ``probabilities`` (n, 3), ``outcomes`` (n,) of 0/1/2; raises InvalidProbabilities as the scores do.
    """
    check(probabilities, outcomes)
    claimed, happened = probabilities.ravel(), np.eye(3)[outcomes].ravel()
    bins = bin_of(claimed)
    counts, claims, hits = (
        np.bincount(bins, weights=weights, minlength=ECE_BINS) for weights in (None, claimed, happened)
    )
    return [
        Bin(place, int(n), float(claim / n), float(hit / n), *wilson(float(hit), int(n)))
        for place, (n, claim, hit) in enumerate(zip(counts, claims, hits, strict=True))
        if n
    ]


def wilson(hits: float, n: int) -> tuple[float, float]:
    """95 % interval of a share of ``hits`` in ``n`` > 0 trials (Wilson 1927): within [0, 1], and never of no width."""
    share, correction = hits / n, Z_95**2 / n
    centre = (share + correction / 2) / (1 + correction)
    reach = sqrt(share * (1 - share) * correction + correction**2 / 4) / (1 + correction)
    return max(centre - reach, 0.0), min(centre + reach, 1.0)


@dataclass(frozen=True, slots=True)
class ChanceEce:
    """ECE of a forecast that is right: its ``mean``, and the ``upper`` point that 95 % of samples stay under."""

    mean: float
    upper: float


def chance_ece(probabilities: Probabilities, draws: int = DRAWS, seed: int = SEED) -> ChanceEce:
    """The ECE of exactly these forecasts (n, 3) if every probability were true.

    Outcomes are drawn from the forecasts themselves: what is left is the chance in n matches. Equal forecasts give
    equal answers. Raises InvalidProbabilities.
    """
    check(probabilities, np.zeros(len(probabilities), dtype=np.int64))
    chance = np.random.default_rng(seed)
    bins = bin_of(probabilities)
    claims = np.bincount(bins.ravel(), weights=probabilities.ravel(), minlength=ECE_BINS)
    home, not_away = probabilities[:, 0].astype(np.float32), probabilities[:, :2].sum(axis=1).astype(np.float32)
    found = []
    for start in range(0, draws, DRAWS_AT_ONCE):
        points = chance.random((min(DRAWS_AT_ONCE, draws - start), len(probabilities)), dtype=np.float32)
        drawn = np.where(points < home, bins[:, 0], np.where(points < not_away, bins[:, 1], bins[:, 2]))
        found.append(np.abs(_hits_by_bin(drawn) - claims).sum(axis=1) / probabilities.size)
    errors = np.concatenate(found)
    return ChanceEce(float(errors.mean()), float(np.quantile(errors, 0.95)))


def ece_limit(probabilities: Probabilities, alpha: float) -> float:
    """The ECE that exactly these forecasts (n, 3) exceed with probability ``alpha`` if every probability is true."""
    return float(ece_quantile(bin_covariance(probabilities), len(probabilities), alpha))


def bin_covariance(probabilities: Probabilities) -> npt.NDArray[np.float64]:
    """(bins, bins) covariance of the hits by bin of these forecasts (n, 3) if every probability is true."""
    bins, chances = bin_of(probabilities), np.zeros((len(probabilities), ECE_BINS))
    for side in range(probabilities.shape[1]):
        # One outcome happens: claims of a match that share a bin add up to one chance of a hit.
        chances[np.arange(len(probabilities)), bins[:, side]] += probabilities[:, side]
    return np.asarray(np.diag(chances.sum(axis=0)) - chances.T @ chances)


def ece_quantile(
    covariance: npt.NDArray[np.float64], n: npt.NDArray[np.float64] | int, alpha: float
) -> npt.NDArray[np.float64]:
    """(...,) ECE of ``n`` (...,) matches that is exceeded with probability ``alpha``, of covariances (..., bins, bins).

    The errors of the bins are about normal, so that mean and covariance of their absolute values have a closed form
    (Nabeya 1951). Their sum is approximated by the gamma distribution of the same mean and variance.
    """
    from scipy.special import gammainccinv

    spread = np.sqrt(np.maximum(np.diagonal(covariance, axis1=-2, axis2=-1), 0.0))
    products = spread[..., :, None] * spread[..., None, :]
    with np.errstate(invalid="ignore", divide="ignore"):
        related = np.clip(np.where(products > 0, covariance / products, 0.0), -1, 1)
        shared = related * np.arcsin(related) + np.sqrt(1 - related**2) - 1
        mean = np.sqrt(2 / np.pi) * spread.sum(axis=-1)
        variance = 2 / np.pi * (products * shared).sum(axis=(-2, -1))
        limit = gammainccinv(mean**2 / variance, alpha) * variance / mean / (3 * np.asarray(n))
    # Certainties err never.
    return np.where(mean > 0, limit, 0.0)


def _hits_by_bin(drawn: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """(draws, bins) counts of ``drawn`` (draws, n), the bin of each match's outcome."""
    places = drawn + ECE_BINS * np.arange(len(drawn))[:, None]
    return np.bincount(places.ravel(), minlength=ECE_BINS * len(drawn)).reshape(-1, ECE_BINS)
