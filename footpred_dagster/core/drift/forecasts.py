"""Drift of forecasts against what came: calibration, and skill beside the closing line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from footpred_dagster.core.drift.findings import ALL, ALPHA, LEAGUE_RATE, LEAST_MATCHES, SIDES, Finding, Window, judged
from footpred_dagster.core.evaluation.market_lines import market_line
from footpred_dagster.core.promotion.policy import ECE_FLOOR
from footpred_dagster.core.statistics.bootstrap import WeeklyMean, change, weekly_mean
from footpred_dagster.core.statistics.reliability import ece_limit
from footpred_dagster.core.statistics.scoring_rules import (
    PROBABILITIES,
    Outcomes,
    Probabilities,
    expected_calibration_error,
    log_losses,
)
from footpred_dagster.core.statistics.two_sample_tests import two_sided

LARGE_RESIDUAL = 0.02
"""Of a probability. In 2020-21 away teams won .023 more often than foretold (z 4.7); in no other season since 2019-20
was any outcome .012 off."""
SKILL_LOST = 0.005
"""Nats a match, on the closing line. The two seasons before 2024-25 trailed it by .009, 2024-25 by .013; 2020-21 lost
.009 on the season before."""
ITS_PREDICTIONS = "its predictions"
CLOSING_LINE = "closing line"


def calibration(current: Window) -> list[Finding]:
    """How much more often each outcome came than it was foretold, pooled and by league, and the pooled ECE.

    The ECE may be ECE_FLOOR, or what a calibrated forecast exceeds with probability ALPHA if that is more. It is blind
    to outcomes that err against each other: home wins too rare by as much as away wins are too frequent leave it small,
    and the residuals do not.
    """
    foretold = current.matches.dropna(subset=PROBABILITIES)
    if len(foretold) < LEAST_MATCHES:
        return []
    window = Window(current.label, foretold)
    pooled = judged(_residuals(window, ALL, foretold), ALPHA, _is_off)
    leagues = [each for league, matches in foretold.groupby("league") for each in _residuals(window, league, matches)]
    probabilities, outcomes = _forecast(foretold)
    error, allowed = (
        expected_calibration_error(probabilities, outcomes),
        max(ECE_FLOOR, ece_limit(probabilities, ALPHA)),
    )
    n = len(foretold)
    ece = Finding("calibration", "ece", ALL, ITS_PREDICTIONS, current.label, n, n, allowed, error)
    says = f"ECE {error:.4f}, {allowed:.4f} is allowed"
    return [*pooled, replace(ece, flagged=error > allowed, says=says), *judged(leagues, LEAGUE_RATE, _is_off)]


def _residuals(window: Window, league: object, matches: pd.DataFrame) -> list[Finding]:
    probabilities, outcomes = _forecast(matches)
    happened, n = np.eye(3)[outcomes], len(matches)
    spread = np.sqrt((probabilities * (1 - probabilities)).sum(axis=0))
    found = []
    for place, side in enumerate(SIDES):
        residual = float((happened - probabilities)[:, place].mean())
        finding = Finding("calibration", side, str(league), ITS_PREDICTIONS, window.label, n, n, effect=residual)
        if n >= LEAST_MATCHES and spread[place] > 0:
            z = residual * n / float(spread[place])
            finding = replace(finding, statistic=z, p=two_sided(z))
        foretold, came = probabilities[:, place].mean(), happened[:, place].mean()
        found.append(replace(finding, says=f"{side} foretold {foretold:.1%}, came {came:.1%}"))
    return found


def _is_off(finding: Finding) -> bool:
    return abs(finding.effect or 0.0) >= LARGE_RESIDUAL


def skill(reference: Window, current: Window) -> list[Finding]:
    """Log-loss of the closing line less that of the forecasts, now against before: pooled, by league and by month.

    Months are there to be seen: four or five weeks give no standard error to test with.
    """
    before = _against_line(reference.matches)
    now = _against_line(current.matches)
    if min(len(before), len(now)) < LEAST_MATCHES:
        return []
    pooled = _skill(reference, current, CLOSING_LINE, ALL, before, now)
    leagues = [
        _skill(reference, current, CLOSING_LINE, league, before[before["league"] == league], matches)
        for league, matches in now.groupby("league")
    ]
    months = [
        replace(_skill(reference, current, str(month), ALL, before, matches), statistic=None, p=None, p_adjusted=None)
        for month, matches in now.groupby(now["kickoff"].dt.strftime("%Y-%m"))
    ]
    return [*judged([pooled], ALPHA, _is_worse), *judged(leagues, LEAGUE_RATE, _is_worse), *months]


def _against_line(matches: pd.DataFrame) -> pd.DataFrame:
    """``league``, ``kickoff`` and both losses of the matches that have a forecast and a closing price."""
    line = market_line(matches, "market_closing")
    both = matches.loc[line.index].dropna(subset=PROBABILITIES)
    if both.empty:
        return both.assign(loss=0.0, line=0.0)
    probabilities, outcomes = _forecast(both)
    closing = log_losses(line.loc[both.index].to_numpy(dtype=np.float64), outcomes)
    return both.assign(loss=log_losses(probabilities, outcomes), line=closing)


def _skill(
    reference: Window, current: Window, subject: str, league: object, before: pd.DataFrame, now: pd.DataFrame
) -> Finding:
    sizes = len(before), len(now)
    finding = Finding("skill", subject, str(league), reference.label, current.label, *sizes)
    if min(sizes) == 0:
        return replace(finding, says="nothing to compare with")
    old, new = _gap(before), _gap(now)
    gained, t, p = change(old, new)
    finding = replace(finding, effect=gained, says=f"{_beside(old)} before, {_beside(new)} now")
    return finding if min(sizes) < LEAST_MATCHES else replace(finding, statistic=t, p=p)


def _gap(matches: pd.DataFrame) -> WeeklyMean:
    return weekly_mean((matches["line"] - matches["loss"]).to_numpy(dtype=np.float64), matches["kickoff"])


def _beside(gap: WeeklyMean) -> str:
    return f"{abs(gap.mean):.4f} {'behind' if gap.mean < 0 else 'ahead'}"


def _is_worse(finding: Finding) -> bool:
    return (finding.effect or 0.0) <= -SKILL_LOST


def _forecast(matches: pd.DataFrame) -> tuple[Probabilities, Outcomes]:
    return matches[PROBABILITIES].to_numpy(dtype=np.float64), matches["outcome"].to_numpy(dtype=np.int64)
