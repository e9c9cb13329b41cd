"""Drift: is what is played now, what models read of it and what they make of it still what it was?

Every function takes any two windows and gives findings: a test, an effect beside it, and whether both are enough for an
alarm. What is tested league by league informs and rings no bell.

Outcomes of the 22 main divisions against 2018-19, chi-square with two degrees of freedom:

=======  =====  ======  =======
season   home   away    p
=======  =====  ======  =======
2018-19  44.2%  29.6%
2019-20  43.5%  29.7%   .71
2020-21  40.8%  32.9%   9.2e-06
2021-22  42.5%  31.2%   .056
2022-23  44.2%  30.2%   .56
2023-24  43.1%  30.8%   .23
2024-25  43.7%  30.1%   .76
=======  =====  ======  =======
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES
from footpred_dagster.core.statistics.two_sample_tests import adjusted, chi_square, kolmogorov_smirnov, stability_index

Floats = npt.NDArray[np.float64]
Kind = Literal["outcome_mix", "feature", "prediction", "calibration", "skill"]
KINDS: tuple[Kind, ...] = ("outcome_mix", "feature", "prediction", "calibration", "skill")

SEASON_ALPHA = 0.01
"""At most this share of seasons in which nothing changes raises an alarm, all tests and looks together."""
LOOKS = 40
"""Match weeks of a season. Alarms are judged on whole weeks, so that more runs give no more looks."""
FAMILIES = 6
"""Outcome mix, features, predictions, residuals, calibration error, skill."""
ALPHA = SEASON_ALPHA / (FAMILIES * LOOKS)
"""An alarm's p at one look, after Benjamini-Hochberg where several are tested at once: Bonferroni's share of
SEASON_ALPHA. Looks overlap, so that fewer seasons raise one than it allows."""
LEAGUE_RATE = 0.05
"""The false discovery rate at which a league is pointed out."""
LARGE_PSI, LARGE_D = 0.25, 0.1
"""Both together are an alarm. The first is the credit industry's "major shift" (Siddiqi 2006, below .1 none), half a
standard deviation of a normal; the second, a quarter of one, keeps a shift among rare values from counting. Of the real
seasons 2019-20 to 2024-25 against the two before each, only 2020-21 has a feature beyond both, at .255 and .196."""
LEAST_MOVE = 0.01
"""By which a probability must have moved in the mean of its quantiles: those of a model that tells matches hardly apart
move by more than their spread whenever it is fitted again."""
GROWING = frozenset({"home_matches_played", "away_matches_played", "head_to_head_meetings"})
"""Counts of matches on record: they grow with every season, which is no drift."""
LEAST_MATCHES = 30
"""Fewer in a window are counted and not tested."""
LEAST_OF_A_SHAPE = 100
"""The same for whole distributions: by luck alone the index of ten bins is some 9 (1/n + 1/m), .18 for so many."""
SIDES = ("home", "draw", "away")
ALL = "all"


@dataclass(frozen=True, slots=True)
class Window:
    """Played matches under a name. ``matches`` has ``league``, ``kickoff``, ``outcome``, features, closing odds and
    ``p_home``, ``p_draw``, ``p_away``, NaN where nothing was foretold."""

    label: str
    matches: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Finding:
    """One comparison. ``effect`` is what counts: Cramér's V, D of Kolmogorov-Smirnov, observed less predicted share,
    ECE, or log-loss gained on the closing line. ``statistic``: chi-square, PSI, z, t, or the ECE that is
    allowed.

    p is None where nothing was tested; ``p_adjusted`` allows for all that was tested beside it.
    """

    kind: Kind
    subject: str
    league: str
    reference: str
    current: str
    n_reference: int
    n_current: int
    statistic: float | None = None
    effect: float | None = None
    p: float | None = None
    p_adjusted: float | None = None
    flagged: bool = False
    says: str = ""


def outcome_mix(reference: Window, current: Window, *, by_league: bool = True) -> list[Finding]:
    """Shares of home wins, draws and away wins, pooled and league by league."""
    pooled = _mix(reference, current, ALL, reference.matches, current.matches)
    found = [replace(pooled, p_adjusted=pooled.p, flagged=pooled.p is not None and pooled.p < ALPHA)]
    if by_league:
        leagues = [_mix(reference, current, *each) for each in _leagues(reference, current)]
        found += judged(leagues, LEAGUE_RATE, lambda _: True)
    return found


def _mix(reference: Window, current: Window, league: str, before: pd.DataFrame, now: pd.DataFrame) -> Finding:
    counts = [np.bincount(matches["outcome"].to_numpy(dtype=np.int64), minlength=3) for matches in (before, now)]
    shares = [count / count.sum() if count.sum() else np.full(3, np.nan) for count in counts]
    says = ", ".join(f"{side} {old:.1%} to {new:.1%}" for side, old, new in zip(SIDES, *shares, strict=True))
    empty = Finding("outcome_mix", "outcome", league, reference.label, current.label, len(before), len(now))
    tested = chi_square(*counts) if min(len(before), len(now)) >= LEAST_MATCHES else None
    if tested is None:
        return replace(empty, says="too few matches to test")
    statistic, effect, p = tested
    return replace(empty, statistic=statistic, effect=effect, p=p, says=says)


def feature_drift(reference: Window, current: Window, names: Sequence[str]) -> list[Finding]:
    """Distribution of each column in ``names``, missing values included."""
    return _distributions("feature", reference, current, names)


def prediction_drift(reference: Window, current: Window) -> list[Finding]:
    """Distribution of the probabilities that were given, whatever came of them."""
    before, now = (Window(w.label, w.matches.dropna(subset=PROBABILITIES)) for w in (reference, current))
    found = _distributions("prediction", before, now, PROBABILITIES)
    return [replace(each, flagged=each.flagged and _moved(before, now, each.subject) >= LEAST_MOVE) for each in found]


def _distributions(kind: Kind, reference: Window, current: Window, names: Sequence[str]) -> list[Finding]:
    found = []
    for name in names:
        samples = [window.matches[name].to_numpy(dtype=np.float64) for window in (reference, current)]
        sizes = len(samples[0]), len(samples[1])
        finding = Finding(kind, name, ALL, reference.label, current.label, *sizes, says="too few matches to test")
        if min(sizes) >= LEAST_OF_A_SHAPE:
            effect, p = kolmogorov_smirnov(*samples)
            index, says = stability_index(*samples), f"mean {' to '.join(map(_mean, samples))}"
            finding = replace(finding, statistic=index, effect=effect, p=p, says=says)
        found.append(finding)
    return judged(found, ALPHA, _is_large)


def _moved(reference: Window, current: Window, name: str) -> float:
    """Mean distance of the quantiles of column ``name`` (Wasserstein's), in its own unit."""
    from scipy.stats import wasserstein_distance

    return float(wasserstein_distance(*(window.matches[name].to_numpy() for window in (reference, current))))


def _is_large(finding: Finding) -> bool:
    return (
        finding.subject not in GROWING
        and (finding.statistic or 0.0) >= LARGE_PSI
        and (finding.effect or 0.0) >= LARGE_D
    )


def _mean(sample: Floats) -> str:
    present = sample[~np.isnan(sample)]
    mean, missing = f"{present.mean():.4g}" if present.size else "none", 1 - present.size / sample.size
    return f"{mean} ({missing:.0%} missing)" if missing >= 0.005 else mean


def judged(findings: Sequence[Finding], rate: float, large: Callable[[Finding], bool]) -> list[Finding]:
    """The same with p adjusted for one another, flagged where it is below ``rate`` and the effect is ``large``."""
    rates = adjusted([finding.p for finding in findings])
    return [
        replace(finding, p_adjusted=p, flagged=p is not None and p < rate and large(finding))
        for finding, p in zip(findings, rates, strict=True)
    ]


def _leagues(reference: Window, current: Window) -> Iterator[tuple[str, pd.DataFrame, pd.DataFrame]]:
    """Each league of ``current`` with its matches before and now."""
    before = reference.matches["league"]
    for league, now in current.matches.groupby("league"):
        yield str(league), reference.matches[before == league], now
