"""Is one forecast better than another? The only module that answers it: promotion, rollback, the gap to the closing
line, returns on stakes and the track record all ask here.

Forecasts are compared on the same matches. Matches of a week share their surprises, so that the observation is the
match week: its sum of differences and its number of matches (or its stake).

- Estimate: sum of the weekly sums over the sum of the weekly sizes, a ratio estimator (Cochran 1977, chapter 6).
- Standard error: cluster-robust with the leverage of each week taken out (CR2), and Student's t with the degrees of
  freedom of Satterthwaite (Bell & McCaffrey 2002; Imbens & Kolesár 2016; Cameron & Miller 2015, section VI). Both have
  a closed form for a ratio. Weeks differ in size, so that the degrees of freedom are fewer than weeks less one.
- Repeated looks: ``anytime_p_worse`` is valid at every look however many there are (Lindon, Ham, Tingley & Bojinov
  2022, anytime-valid linear models; Lai 1976). What is looked at once needs no such allowance.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

CONFIDENCE = 0.95
LEAST_WEEKS = 6
"""Fewer weeks give an estimate and no interval."""
LEAST_LIVE_WEEKS = 12
"""Fewer weeks decide nothing about a champion that serves."""
PRIOR_WEEKS = 2.0
"""What the prior of the effect under the alternative is worth, in weeks. The test is the most sensitive at about
twelve times as many: half a season."""


@dataclass(frozen=True, slots=True)
class WeeklyMean:
    """Mean of ``n`` values in ``weeks`` match weeks with its standard error, degrees of freedom and 95 % interval.

    With fewer than LEAST_WEEKS weeks ``se`` and the bounds are infinite and ``df`` is 0: there is no interval.
    """

    n: int
    weeks: int
    mean: float
    se: float = np.inf
    df: float = 0.0
    low: float = -np.inf
    high: float = np.inf


@dataclass(frozen=True, slots=True)
class Comparison:
    """Mean log-loss of ``against`` less that of the model, over ``n`` matches of ``weeks`` match weeks: positive where
    the model is better.

    ``se``, ``low`` and ``high`` are those of WeeklyMean. ``p_worse`` tests that the model is no worse, for one look:
    small when it surely is worse, 1 with fewer than LEAST_WEEKS weeks.
    """

    n: int
    weeks: int
    difference: float
    se: float
    low: float
    high: float
    p_worse: float


def compare(losses: Floats, against: Floats, kickoffs: pd.Series) -> Comparison:
    """Compare losses (n,) match by match, in the weeks of ``kickoffs`` (n,). Raises ValueError for NaN or infinity."""
    found = weekly_mean(_gains(losses, against), kickoffs)
    return Comparison(found.n, found.weeks, found.mean, found.se, found.low, found.high, _p_below(found))


def anytime_p_worse(losses: Floats, against: Floats, kickoffs: pd.Series) -> float:
    """p of "the model is no worse", valid at any number of looks: losses (n,) and ``kickoffs`` as for ``compare``.

    If the model is no worse, the p of all looks together falls below a level with at most that probability, over any
    number of weeks. 1 with fewer than LEAST_LIVE_WEEKS weeks. A week counts when it is over: see ``in_whole_weeks``.
    """
    gains = _gains(losses, against)
    sums, sizes = by_week(gains, np.ones(len(gains)), kickoffs)
    if len(sums) < LEAST_LIVE_WEEKS:
        return 1.0
    return float(np.exp(-max(float(log_evidence_worse(sums, sizes)), 0.0)))


def weekly_mean(values: Floats, kickoffs: pd.Series, weights: Floats | None = None) -> WeeklyMean:
    """Mean of ``values`` (n,), by positive ``weights`` (n,) or all alike, in the weeks of ``kickoffs`` (n,); n > 0."""
    from scipy.special import stdtrit

    each = np.ones(len(values)) if weights is None else weights
    sums, sizes = by_week(values * each, each, kickoffs)
    mean = float(sums.sum() / sizes.sum())
    if len(sums) < LEAST_WEEKS:
        return WeeklyMean(len(values), len(sums), mean)
    _, se, df = (float(part) for part in ratio(sums, sizes))
    reach = float(stdtrit(df, (1 + CONFIDENCE) / 2)) * se
    return WeeklyMean(len(values), len(sums), mean, se, df, mean - reach, mean + reach)


def change(before: WeeklyMean, now: WeeklyMean) -> tuple[float, float | None, float | None]:
    """``now`` less ``before``, Welch's t (Welch 1947) and its two-sided p; None where either has no standard error."""
    from scipy.special import stdtr

    moved, variances = now.mean - before.mean, np.square([before.se, now.se])
    spread = float(np.sqrt(variances.sum()))
    if not np.isfinite(spread) or spread == 0:
        return moved, None, None
    df = variances.sum() ** 2 / (variances**2 / [before.df, now.df]).sum()
    return moved, moved / spread, float(2 * stdtr(df, -abs(moved / spread)))


def ratio(sums: Floats, sizes: Floats) -> tuple[Floats, Floats, Floats]:
    """Ratio, CR2 standard error and Satterthwaite's degrees of freedom, each (...,), of ``sums`` and ``sizes`` by week.

    Both are (..., weeks), ``sizes`` positive, weeks two or more. A week's variance is taken as proportional to its
    size, which is what independent matches give; CR2 is unbiased then, and robust otherwise.
    """
    total = sizes.sum(axis=-1)
    found = sums.sum(axis=-1) / total
    share = sizes / total[..., None]
    residuals = sums - found[..., None] * sizes
    se = np.sqrt((residuals**2 / (1 - share)).sum(axis=-1)) / total
    leverage = share**2 / (1 - share)
    df = 1 / ((share**2).sum(axis=-1) + leverage.sum(axis=-1) ** 2 - (leverage**2).sum(axis=-1))
    return found, se, df


def log_evidence_worse(sums: Floats, sizes: Floats) -> Floats:
    """Logarithm of the e-value (...,) against "no worse", of weekly sums of gains and sizes (..., weeks).

    The weekly sums over the root of their size are a regression through the origin on that root. The e-value is the
    likelihood ratio of a negative slope to none, with the right Haar prior on the unknown variance and a half-normal
    prior, worth PRIOR_WEEKS weeks, on the slope in standard deviations: a martingale if the slope is 0 (Ville 1939).
    """
    from scipy.special import stdtr

    weeks = sums.shape[-1]
    information = sizes.sum(axis=-1)
    # Sizes are known from the fixture list: a prior that depends on them alone leaves the martingale one.
    prior = PRIOR_WEEKS * sizes[..., :LEAST_LIVE_WEEKS].mean(axis=-1)
    slope = sums.sum(axis=-1) / (information + prior)
    without = (sums**2 / sizes).sum(axis=-1)
    left = without - slope**2 * (information + prior)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = (np.log(prior / (information + prior)) + weeks * np.log(without / left)) / 2
        negative = stdtr(weeks, -slope * np.sqrt(weeks * (information + prior) / left))
        evidence = ratios + np.log(2 * negative)
    # Equal forecasts: nothing speaks against either.
    return np.where(without > 0, evidence, 0.0)


def by_week(totals: Floats, sizes: Floats, kickoffs: pd.Series) -> tuple[Floats, Floats]:
    """(weeks,) sums of ``totals`` (n,) and of ``sizes`` (n,), by the weeks of ``kickoffs`` (n,), the earliest first."""
    days = kickoffs.dt.tz_convert(None).to_numpy().astype("datetime64[D]").astype(np.int64)
    # Days count from a Thursday; weeks begin on Monday.
    _, week = np.unique((days + 3) // 7, return_inverse=True)
    return np.bincount(week, totals).astype(np.float64), np.bincount(week, sizes).astype(np.float64)


def in_whole_weeks(kickoffs: pd.Series, as_of: datetime) -> pd.Series:
    """Which of ``kickoffs`` lie in match weeks that were over at ``as_of``: what is counted changes no more."""
    return kickoffs < week_start(as_of)


def week_start(instant: datetime) -> datetime:
    """00:00 UTC of the Monday on or before ``instant``."""
    day = instant.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day - timedelta(days=day.weekday())


def finite(value: float) -> float | None:
    """What is stored and sent of a bound or standard error: None where there is none."""
    return value if np.isfinite(value) else None


def _gains(losses: Floats, against: Floats) -> Floats:
    gains = against - losses
    if not np.isfinite(gains).all():
        raise ValueError("losses hold NaN or infinity: such a forecast cannot be compared, only refused")
    return gains


def _p_below(found: WeeklyMean) -> float:
    """p of "the mean is not below zero", for one look."""
    from scipy.special import stdtr

    if not np.isfinite(found.se):
        return 1.0
    if found.se == 0:
        return 0.0 if found.mean < 0 else 1.0
    return float(stdtr(found.df, found.mean / found.se))
