"""Do two samples come from one distribution: tests, and how large the difference is whatever a test says.

With thousands of matches a test finds differences that matter to nobody, so that every test here comes with an effect.
scipy.stats takes half a second to import: only functions import it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

LEAST_EXPECTED = 5.0
"""Below this many expected in any cell the chi-square distribution is no guide (Cochran 1954)."""
PSI_BINS = 10
HALF_A_COUNT = 0.5
"""Added to every bin, so that an empty one is rare and not infinitely so."""


def chi_square(reference: Counts, current: Counts) -> tuple[float, float, float] | None:
    """Pearson's statistic of two rows of counts, Cramér's V and p; None with too few matches to say.

    ``reference`` and ``current`` (k,) count the same k categories.
    """
    from scipy.stats import chi2

    both = np.stack([reference, current]).astype(np.float64)
    total = both.sum()
    if total == 0:
        return None
    expected = np.outer(both.sum(axis=1), both.sum(axis=0)) / total
    if expected.min() < LEAST_EXPECTED:
        return None
    statistic = float(((both - expected) ** 2 / expected).sum())
    return statistic, float(np.sqrt(statistic / total)), float(chi2.sf(statistic, len(reference) - 1))


def stability_index(reference: Floats, current: Floats) -> float:
    """Population stability index of two samples: the symmetric Kullback-Leibler divergence of their shares of ten bins.

    Bins are the tenths of ``reference``, closed below. A value that fills a whole tenth has a bin of its own, as has
    what is missing (NaN). Chance alone gives about 9 (1/n + 1/m) (Yurdakul & Naranjo 2020).
    """
    present = reference[~np.isnan(reference)]
    tenths = np.arange(1, PSI_BINS) / PSI_BINS
    edges, times = np.unique(np.quantile(present, tenths) if present.size else np.empty(0), return_counts=True)
    edges = np.unique([*edges, *np.nextafter(edges[times > 1], np.inf)])
    counts = np.stack([_counts(sample, edges) for sample in (reference, current)])
    smoothed = counts[:, counts.sum(axis=0) > 0] + HALF_A_COUNT
    before, now = smoothed / smoothed.sum(axis=1, keepdims=True)
    return float(((now - before) * np.log(now / before)).sum())


def _counts(sample: Floats, edges: Floats) -> Counts:
    missing = np.isnan(sample)
    bins = np.where(missing, 0, 1 + np.searchsorted(edges, sample, side="right"))
    return np.bincount(bins, minlength=len(edges) + 2)


def kolmogorov_smirnov(reference: Floats, current: Floats) -> tuple[float, float]:
    """D, the greatest distance between the two distribution functions, and its asymptotic p.

    What is missing counts as lower than any value: a statistic that is no longer delivered is a difference. Ties make
    p conservative. Both samples hold two values or more.
    """
    from scipy.stats import ks_2samp

    lowest = np.finfo(np.float64).min
    found = ks_2samp(*(np.nan_to_num(sample, nan=lowest) for sample in (reference, current)), method="asymp")
    return float(found.statistic), float(found.pvalue)


def two_sided(z: float) -> float:
    """p of a standard normal ``z``."""
    from scipy.stats import norm

    return float(2 * norm.sf(abs(z)))


def adjusted(p: Sequence[float | None]) -> list[float | None]:
    """Benjamini-Hochberg: the false discovery rate at which each of ``p`` would be one. None, what was not tested,
    stays None and is not counted."""
    from scipy.stats import false_discovery_control

    tested = [place for place, each in enumerate(p) if each is not None]
    result: list[float | None] = [None] * len(p)
    if tested:
        rates = false_discovery_control([p[place] for place in tested])
        for place, rate in zip(tested, rates, strict=True):
            # Its own arithmetic may put a rate a rounding below p.
            result[place] = max(float(rate), float(p[place] or 0.0))
    return result
