"""Seasons in which nothing changes and every forecast is right: which drift alarms they raise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import chdtrc, ndtr, stdtr

from footpred_dagster.core.drift.findings import ALPHA, LEAST_MATCHES, LOOKS, SIDES, Window
from footpred_dagster.core.drift.forecasts import LARGE_RESIDUAL, SKILL_LOST
from footpred_dagster.core.promotion.policy import ECE_FLOOR
from footpred_dagster.core.statistics.bootstrap import LEAST_WEEKS, Floats, ratio
from footpred_dagster.core.statistics.reliability import bin_covariance, ece_quantile
from footpred_dagster.core.statistics.scoring_rules import ECE_BINS, PROBABILITIES, bin_of
from footpred_dagster.core.statistics.two_sample_tests import LEAST_EXPECTED

DETECTORS = ("outcome mix", "residuals", "calibration error", "skill")


@dataclass(frozen=True)
class Matches:
    """Forecasts and closing lines (n, 3), and the number of the week each match is of, from 0."""

    forecasts: Floats
    lines: Floats
    weeks: npt.NDArray[np.int64]

    @cached_property
    def given(self) -> Weekly:
        """What the forecasts alone decide, by week; outcomes, hits and gains are 0."""
        weeks, p = int(self.weeks[-1]) + 1, self.forecasts
        bins = self.weeks[:, None] * ECE_BINS + bin_of(p)
        return Weekly(
            _sums(self.weeks, weeks),
            np.zeros((weeks, 3)),
            _by_side(self.weeks, weeks, p),
            _by_side(self.weeks, weeks, p * (1 - p)),
            _sums(bins.ravel(), weeks * ECE_BINS, p.ravel()).reshape(weeks, ECE_BINS),
            np.stack([bin_covariance(p[self.weeks == week]) for week in range(weeks)]),
            np.zeros(weeks),
        )

    @cached_property
    def cumulative(self) -> Floats:
        return self.forecasts.cumsum(axis=1)[:, :2]

    @cached_property
    def starts(self) -> npt.NDArray[np.int64]:
        """Place of the first match of each week, and the number of matches."""
        return np.searchsorted(self.weeks, np.arange(self.weeks[-1] + 2))

    @cached_property
    def of_outcome(self) -> tuple[npt.NDArray[np.int64], Floats]:
        """(n, 3) bin and gain on the closing line, whichever outcome happens."""
        return bin_of(self.forecasts), np.log(self.forecasts / self.lines)

    @classmethod
    def of(cls, forecasts: Floats, lines: Floats, kickoffs: pd.Series) -> Matches:
        days = kickoffs.dt.tz_convert(None).to_numpy().astype("datetime64[D]").astype(np.int64)
        order = np.argsort(days, kind="stable")
        _, weeks = np.unique((days[order] + 3) // 7, return_inverse=True)
        return cls(forecasts[order], lines[order], weeks)


@dataclass(frozen=True)
class Season:
    """Which match is played in which week of a season, and its outcome, all (n,)."""

    index: npt.NDArray[np.int64]
    week: npt.NDArray[np.int64]
    outcome: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Weekly:
    """What detectors read of a season, by week (weeks, ...): matches, outcomes and what was expected of them with its
    variance, claims less hits by bin with their covariance, gains on the closing line."""

    n: Floats
    outcomes: Floats
    expected: Floats
    variances: Floats
    errors: Floats
    bins: Floats
    gains: Floats


def draw(matches: Matches, weeks: int, chance: np.random.Generator) -> Season:
    """A season of ``weeks`` weeks of ``matches``, with outcomes drawn from the forecasts."""
    starts = matches.starts
    chosen = chance.integers(len(starts) - 1, size=weeks)
    week = np.repeat(np.arange(weeks), starts[chosen + 1] - starts[chosen])
    index = np.concatenate([np.arange(starts[each], starts[each + 1]) for each in chosen])
    outcome = (chance.random((len(index), 1)) > matches.cumulative[index]).sum(axis=1)
    return Season(index, week, outcome)


def weekly(matches: Matches, season: Season, weeks: int) -> Weekly:
    week, (bins, gains), given = season.week, matches.of_outcome, matches.given
    chosen = matches.weeks[season.index[np.searchsorted(week, np.arange(weeks))]]
    hits = _sums(week * ECE_BINS + bins[season.index, season.outcome], weeks * ECE_BINS)
    return Weekly(
        given.n[chosen],
        _sums(week * 3 + season.outcome, weeks * 3).reshape(weeks, 3),
        given.expected[chosen],
        given.variances[chosen],
        given.errors[chosen] - hits.reshape(weeks, ECE_BINS),
        given.bins[chosen],
        _sums(week, weeks, gains[season.index, season.outcome]),
    )


def _by_side(weeks: npt.NDArray[np.int64], number: int, values: Floats) -> Floats:
    return np.stack([_sums(weeks, number, values[:, side]) for side in range(3)], axis=1)


def _sums(groups: npt.NDArray[np.int64], number: int, weights: Floats | None = None) -> Floats:
    return np.bincount(groups, weights=weights, minlength=number).astype(float)


def alarms(matches: Matches, runs: int, seed: int = 1) -> dict[str, npt.NDArray[np.bool_]]:
    """By detector (runs, LOOKS): whether it raises an alarm at the look after each week of a season.

    Each run draws the season, the two it is compared with and the one its outcomes are compared with, all of the same
    weeks. Features are left out: they need no outcomes, and chance alone moves them by enough in the first weeks only.
    """
    chance = np.random.default_rng(seed)
    found = {name: np.zeros((runs, LOOKS), dtype=bool) for name in DETECTORS}
    for run in range(runs):
        now, mix, *before = (weekly(matches, draw(matches, LOOKS, chance), LOOKS) for _ in range(4))
        for name, raised in judge(now, before, mix).items():
            found[name][run] = raised
    return found


def judge(now: Weekly, before: Sequence[Weekly], mix: Weekly) -> dict[str, npt.NDArray[np.bool_]]:
    """By detector (LOOKS,): what ``core.drift`` and ``core.forecast_drift`` flag after each week."""
    n = now.n.cumsum()
    large = n >= LEAST_MATCHES
    error = np.abs(now.errors.cumsum(axis=0)).sum(axis=1) / (3 * n)
    limit = np.maximum(ECE_FLOOR, ece_quantile(now.bins.cumsum(axis=0), n, ALPHA))
    verdicts = (_mix(mix.outcomes, now.outcomes) < ALPHA, _residuals(now, n), error > limit, _skill(before, now))
    return {name: large & raised for name, raised in zip(DETECTORS, verdicts, strict=True)}


def as_window(matches: Matches, season: Season, start: str) -> Window:
    """The season as drift reads one, its first week that of ``start``."""
    line = matches.lines[season.index]
    frame = pd.DataFrame(matches.forecasts[season.index], columns=PROBABILITIES)
    return Window(
        start,
        frame.assign(
            league="E0",
            kickoff=pd.Timestamp(start, tz="UTC") + pd.to_timedelta(7 * season.week, unit="D"),
            outcome=season.outcome,
            **{f"closing_odds_{side}": 1 / line[:, place] for place, side in enumerate(SIDES)},
        ),
    )


def _mix(reference: Floats, current: Floats) -> Floats:
    both = np.stack([reference.cumsum(axis=0), current.cumsum(axis=0)])
    expected = both.sum(axis=2, keepdims=True) * both.sum(axis=0) / both.sum(axis=(0, 2))[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = ((both - expected) ** 2 / expected).sum(axis=(0, 2))
    return np.where(expected.min(axis=(0, 2)) < LEAST_EXPECTED, 1.0, chdtrc(2, statistic))


def _residuals(now: Weekly, n: Floats) -> npt.NDArray[np.bool_]:
    off = (now.outcomes - now.expected).cumsum(axis=0)
    p = 2 * ndtr(-np.abs(off) / np.sqrt(now.variances.cumsum(axis=0)))
    order = np.argsort(p, axis=1)
    ranked = np.take_along_axis(p, order, axis=1) * 3 / np.arange(1, 4)
    rates = np.minimum.accumulate(ranked[:, ::-1], axis=1)[:, ::-1]
    large = np.take_along_axis(np.abs(off) / n[:, None], order, axis=1) >= LARGE_RESIDUAL
    return ((rates < ALPHA) & large).any(axis=1)


def _skill(before: Sequence[Weekly], now: Weekly) -> npt.NDArray[np.bool_]:
    found = np.zeros(LOOKS, dtype=bool)
    for weeks in range(LEAST_WEEKS, LOOKS + 1):
        parts = [
            (now.gains[:weeks], now.n[:weeks]),
            tuple(np.concatenate([getattr(each, name)[:weeks] for each in before]) for name in ("gains", "n")),
        ]
        (gap, se, df), (old, old_se, old_df) = (ratio(*part) for part in parts)
        variance = se**2 + old_se**2
        t = (gap - old) / np.sqrt(variance)
        p = 2 * stdtr(variance**2 / (se**4 / df + old_se**4 / old_df), -abs(t))
        found[weeks - 1] = p < ALPHA and gap - old <= -SKILL_LOST
    return found
