"""The promotion policy: gates a candidate must pass, and who predicts. Pure, no I/O.

Everything is judged on stored out-of-season predictions of the selection window. A refit of the champion's own recipe
takes its place when it passes the gates: its evidence is the same. Any other recipe must be shown to be better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd

from footpred_dagster.core.promotion.fit_gates import Contender, may_serve
from footpred_dagster.core.registry.decision import Decision, Verdict
from footpred_dagster.core.statistics.bootstrap import Comparison, anytime_p_worse, compare
from footpred_dagster.core.statistics.reliability import chance_ece
from footpred_dagster.core.statistics.scoring_rules import (
    PROBABILITIES,
    InvalidProbabilities,
    expected_calibration_error,
    log_losses,
    ranked_probability_scores,
)

LEAK_MARGIN = 0.002
"""RPS by which no model without odds beats the closing line; one that does is a leak until proven otherwise."""
ECE_FLOOR = 0.02
"""An ECE up to this is forgiven however many matches there are."""
NON_INFERIOR = 0.0005
STALE_AFTER = timedelta(days=30)
"""A champion older than this gives way to a challenger that is merely not worse than NON_INFERIOR."""
GUARD_MATCHES, GUARD_LOSS, GUARD_P = 500, 0.01, 0.01
"""No league with that many matches may get worse by that much, at that level of significance."""
ROLLBACK_P = 0.01
"""At most this share of champions that are no worse is rolled back, however many weekly looks they get."""

BENCHMARK, ELO = "base_rate", "elo_logit"


@dataclass(frozen=True, slots=True)
class Incumbent:
    """Who predicts now, for how long it has, and what its recipe predicted out of season."""

    contender: Contender
    age: timedelta
    predictions: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Evidence:
    """The matches candidates are judged on: ``outcome``, ``league``, ``kickoff`` by match; the closing line of those
    that have one; and every candidate's probabilities by name, for those matches at least."""

    matches: pd.DataFrame
    closing: pd.DataFrame
    predictions: Mapping[str, pd.DataFrame]


def decide(
    candidates: Sequence[Contender],
    evidence: Evidence,
    contract: str,
    incumbent: Incumbent | None = None,
    best: Incumbent | None = None,
    *,
    pinned: bool = False,
    vetoed: Mapping[tuple[str, int], str] | None = None,
) -> Decision:
    """Who should predict. ``contract`` is the fingerprint in force, ``best`` the best champion there ever was.

    ``vetoed`` holds reasons by name and version. Ties go to the candidate listed first. An incumbent that cannot be
    loaded under ``contract`` is no incumbent. Raises InvalidProbabilities when the base rate is no forecast.
    """
    verdicts = {each.name: _gates(each, evidence, contract, vetoed or {}) for each in candidates}
    if evidence.matches.empty:
        return Decision(None, verdicts, "no complete season to select on")
    if incumbent and incumbent.contender.fingerprint != contract:
        incumbent = None
    refit = None
    for each in candidates:
        if not _all_pass(verdicts[each.name]) or incumbent is None:
            continue
        if (each.name, each.recipe) == (incumbent.contender.name, incumbent.contender.recipe):
            refit = each.name
        else:
            verdicts[each.name] += _contest(each.name, evidence, incumbent, best)
    if pinned and incumbent:
        return Decision(None, verdicts, f"{incumbent.contender.name} is pinned: unpin it to let the policy decide")
    passed = [each.name for each in candidates if _all_pass(verdicts[each.name])]
    challengers = [name for name in passed if name != refit]
    if refit and incumbent:
        # A refit serves a stale champion as well: who is merely not worse would take turns with it.
        challengers = [name for name in challengers if _is_better(name, evidence, incumbent)]
    if challengers:
        winner = min(challengers, key=lambda name: float(_losses(evidence, name).mean()))
        return Decision(winner, verdicts, "best of those that pass all gates")
    if refit:
        return Decision(refit, verdicts, "the champion's recipe, refitted; no challenger is shown to be better")
    return Decision(None, verdicts, "nobody passes all gates")


def live_rollback(champion: npt.NDArray[np.float64], rival: npt.NDArray[np.float64], kickoffs: pd.Series) -> str | None:
    """Why a champion is rolled back to the one before it, from log-losses (n,) of both on the same settled matches of
    whole weeks; None while it is not.

    The p holds at every weekly look: see ``comparison.anytime_p_worse``, which is 1 with fewer than LEAST_LIVE_WEEKS.
    """
    if champion.size == 0:
        return None
    p, found = anytime_p_worse(champion, rival, kickoffs), compare(champion, rival, kickoffs)
    if p >= ROLLBACK_P:
        return None
    worse = f"live log-loss worse by {-found.difference:.4f} on {found.n} matches of {found.weeks} weeks"
    return f"{worse} (p = {p:.4f}, repeated looks allowed for)"


def _gates(each: Contender, evidence: Evidence, contract: str, vetoed: Mapping[tuple[str, int], str]) -> list[Verdict]:
    """The gates a candidate passes or not by itself, whoever predicts now."""
    found = may_serve(each, contract, vetoed)
    if evidence.matches.empty:
        return [*found, Verdict("evidence", False, "no complete season to select on")]
    if each.name == BENCHMARK:
        return [*found, Verdict("base rate", False, "the base rate is the bar, not a contender")]
    try:
        loss = float(_losses(evidence, each.name).mean())
    except (InvalidProbabilities, KeyError) as error:
        return [*found, Verdict("forecast", False, f"not a forecast: {error}")]
    found.append(_bar("base rate", loss, float(_losses(evidence, BENCHMARK).mean())))
    if each.name != ELO and ELO in evidence.predictions:
        found.append(_bar("Elo logit", loss, float(_losses(evidence, ELO).mean()), or_equal=True))
    return found + [gate(each.name, evidence) for gate in GATES if gate is not _leak or not evidence.closing.empty]


def _bar(against: str, loss: float, bar: float, *, or_equal: bool = False) -> Verdict:
    passed = loss <= bar if or_equal else loss < bar
    return Verdict(
        against, passed, f"log-loss {loss:.4f} {'beats' if passed else 'does not beat'} the {against}'s {bar:.4f}"
    )


def _leak(name: str, evidence: Evidence) -> Verdict:
    """Compared on the matches that have a closing price, the same for both."""
    priced = evidence.matches.loc[evidence.closing.index]
    lead = float(
        (
            ranked_probability_scores(*_arrays(evidence.closing, priced))
            - ranked_probability_scores(*_arrays(evidence.predictions[name], priced))
        ).mean()
    )
    flagged = lead > LEAK_MARGIN
    says = f"RPS {'beats' if lead > 0 else 'trails'} the closing line by {abs(lead):.4f} on {len(priced)} matches"
    return Verdict("leak", not flagged, f"leak flag: {says}" if flagged else says)


def _calibrated(name: str, evidence: Evidence) -> Verdict:
    probabilities, outcomes = _arrays(evidence.predictions[name], evidence.matches)
    ece = expected_calibration_error(probabilities, outcomes)
    bound = max(ECE_FLOOR, chance_ece(probabilities).upper)
    return Verdict("calibration", ece <= bound, f"ECE {ece:.4f}, at most {bound:.4f} is allowed")


GATES: tuple[Callable[[str, Evidence], Verdict], ...] = (_leak, _calibrated)


def _contest(name: str, evidence: Evidence, incumbent: Incumbent, best: Incumbent | None) -> list[Verdict]:
    """Against the champion and the best champion ever, on the same matches."""
    rivals = {"champion": incumbent} | ({"best champion ever": best} if best else {})
    found = []
    for title, rival in rivals.items():
        result = _compared(name, evidence, rival, evidence.matches)
        if result is None:
            says = f"{title} {rival.contender.name} has no stored predictions of these matches: nothing to compare"
            # The champion keeps its place: footpred promote decides what cannot be compared.
            found.append(Verdict(title, rival is not incumbent, says))
            continue
        tired = incumbent.age > STALE_AFTER and result.low > -NON_INFERIOR
        says = (
            f"{'better' if result.difference > 0 else 'worse'} than the {title} {rival.contender.name} by "
            f"{abs(result.difference):.4f} ({_interval(result)}, n {result.n})"
        )
        found.append(Verdict(title, result.low > 0 or tired, says))
    return [*found, _guard(name, evidence, incumbent)]


def _interval(result: Comparison) -> str:
    if not np.isfinite(result.se):
        return f"{result.weeks} weeks are too few for an interval"
    return f"{result.low:.4f} to {result.high:.4f}"


def _is_better(name: str, evidence: Evidence, incumbent: Incumbent) -> bool:
    """Whether the 95 % interval of what it gains on the champion lies above zero."""
    result = _compared(name, evidence, incumbent, evidence.matches)
    return result is not None and result.low > 0


def _guard(name: str, evidence: Evidence, incumbent: Incumbent) -> Verdict:
    """One disaster is not paid for by small gains elsewhere."""
    for league, matches in evidence.matches.groupby("league"):
        if len(matches) < GUARD_MATCHES:
            continue
        result = _compared(name, evidence, incumbent, matches)
        if result and -result.difference > GUARD_LOSS and result.p_worse < GUARD_P:
            says = f"{league} gets worse by {-result.difference:.4f} on {result.n} matches (p = {result.p_worse:.4f})"
            return Verdict("leagues", False, says)
    return Verdict("leagues", True, "no league gets surely and much worse")


def _compared(name: str, evidence: Evidence, rival: Incumbent, matches: pd.DataFrame) -> Comparison | None:
    shared = matches.loc[matches.index.intersection(rival.predictions.index)]
    if shared.empty:
        return None
    losses = log_losses(*_arrays(evidence.predictions[name], shared))
    return compare(losses, log_losses(*_arrays(rival.predictions, shared)), shared["kickoff"])


def _all_pass(verdicts: Sequence[Verdict]) -> bool:
    return all(verdict.passed for verdict in verdicts)


def _losses(evidence: Evidence, name: str) -> npt.NDArray[np.float64]:
    return log_losses(*_arrays(evidence.predictions[name], evidence.matches))


def _arrays(predicted: pd.DataFrame, matches: pd.DataFrame) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    return predicted.loc[matches.index, PROBABILITIES].to_numpy(dtype=float), matches["outcome"].to_numpy(
        dtype=np.int64
    )
