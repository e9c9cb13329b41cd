"""The gates a fit must pass to serve at all, whatever its recipe has shown. Pure, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from footpred_dagster.core.registry.decision import Verdict

TEMPERATURES = (0.85, 1.15)
"""Whole seasons give 0.93 to 1.06: beyond these bounds something else than calibration is wrong."""
MOST_MOVED = 0.02
"""Mean over matches of the largest difference of the three probabilities, between a fit and the one before it."""
FIT_GATES = ("bundle", "temperature", "refit")
"""Gates of the fit that would be served; the others judge its recipe."""


@dataclass(frozen=True, slots=True)
class Moved:
    """How far a fit is from an earlier ``version`` of its recipe, on the last whole season that both trained on.

    difference: mean over ``matches`` of the largest absolute difference of the three probabilities.
    """

    version: int
    season: str
    matches: int
    difference: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a fit would serve. ``problem``: why its bundle cannot predict, if it cannot.

    temperatures: by model, its own or its members'. moved: None for the first fit of its recipe, code and contract.
    """

    problem: str | None = None
    temperatures: Mapping[str, float] = field(default_factory=dict)
    moved: Moved | None = None


@dataclass(frozen=True, slots=True)
class Contender:
    """A registered fit, and the fingerprint of its recipe: code and hyperparameters."""

    name: str
    version: int
    recipe: str
    fingerprint: str
    profile: str = "production"
    fitted: Fitted = Fitted()


def may_serve(each: Contender, contract: str, vetoed: Mapping[tuple[str, int], str]) -> list[Verdict]:
    """The gates that need no evidence: they hold for every way of becoming champion."""
    found = [
        Verdict("profile", each.profile == "production", f"profile {each.profile}"),
        Verdict(
            "contract",
            each.fingerprint == contract,
            f"fitted under contract {each.fingerprint}, in force is {contract}",
        ),
        _answers(each.fitted),
    ]
    if reason := vetoed.get((each.name, each.version)):
        found.append(Verdict("veto", False, f"vetoed: {reason}"))
    if each.fitted.problem is None:
        found.append(_temperature(each.fitted))
        if each.fitted.moved:
            found.append(_refit(each.fitted.moved))
    return found


def _answers(fitted: Fitted) -> Verdict:
    return Verdict("bundle", fitted.problem is None, fitted.problem or "its bundle answers its golden rows")


def _temperature(fitted: Fitted) -> Verdict:
    low, high = TEMPERATURES
    outside = {name: value for name, value in fitted.temperatures.items() if not low <= value <= high}
    shown = ", ".join(f"{name} {value:.3f}" for name, value in (outside or fitted.temperatures).items()) or "none"
    return Verdict("temperature", not outside, f"temperature {shown}: {low} to {high} is allowed")


def _refit(moved: Moved) -> Verdict:
    says = (
        f"probabilities of {moved.matches} matches of {moved.season} differ from version {moved.version}'s by "
        f"{moved.difference:.4f} on average, at most {MOST_MOVED} is allowed"
    )
    return Verdict("refit", moved.difference <= MOST_MOVED, says)
