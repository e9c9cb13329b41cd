"""The promotion policy: gates a candidate must pass, and the choice among those that do. Pure, no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from footpred_dagster.core.backtest import PROBABILITIES
from footpred_dagster.core.metrics import InvalidProbabilities, log_losses, ranked_probability_scores
from footpred_dagster.core.registry import Decision

LEAK_MARGIN = 0.002
"""RPS by which no model without odds beats the closing line; one that does is a leak until proven otherwise."""

BENCHMARK = "base_rate"


def decide(
    candidates: Sequence[str],
    predictions: Mapping[str, pd.DataFrame],
    outcomes: pd.Series,
    closing: pd.DataFrame,
) -> Decision:
    """Choose among candidates by mean log-loss on the selection window.

    ``predictions`` holds each candidate's and the base rate's probabilities for exactly the matches of ``outcomes``;
    ``closing`` the closing market line for those that have a price. Ties go to the candidate listed first. Raises
    InvalidProbabilities when the base rate itself is no forecast.
    """
    reasons: dict[str, list[str]] = {}
    losses: dict[str, float] = {}
    if outcomes.empty:
        return Decision(None, {name: ["no complete season to select on"] for name in candidates})
    base_loss = float(_losses(predictions[BENCHMARK], outcomes).mean())
    for name in candidates:
        try:
            loss = float(_losses(predictions[name], outcomes).mean())
            faults = _bar(name, loss, base_loss) + _leak(predictions[name], outcomes, closing)
        except InvalidProbabilities as error:
            reasons[name] = [f"not a forecast: {error}"]
            continue
        reasons[name] = faults or [f"passes all gates, log-loss {loss:.4f} on {len(outcomes)} matches"]
        if not faults:
            losses[name] = loss
    return Decision(min(losses, key=losses.__getitem__) if losses else None, reasons)


def _bar(name: str, loss: float, base_loss: float) -> list[str]:
    if name == BENCHMARK:
        return ["the base rate is the bar, not a contender"]
    if not loss < base_loss:
        return [f"log-loss {loss:.4f} does not beat the base rate's {base_loss:.4f}"]
    return []


def _leak(predicted: pd.DataFrame, outcomes: pd.Series, closing: pd.DataFrame) -> list[str]:
    """Compared on the matches that have a closing price, the same for both."""
    if closing.empty:
        return []
    priced = outcomes.loc[closing.index]
    lead = float((_ranked(closing, priced) - _ranked(predicted, priced)).mean())
    if lead > LEAK_MARGIN:
        return [f"leak flag: RPS beats the closing line by {lead:.4f} on {len(priced)} matches"]
    return []


def _losses(predicted: pd.DataFrame, outcomes: pd.Series) -> npt.NDArray[np.float64]:
    return log_losses(*_arrays(predicted, outcomes))


def _ranked(predicted: pd.DataFrame, outcomes: pd.Series) -> npt.NDArray[np.float64]:
    return ranked_probability_scores(*_arrays(predicted, outcomes))


def _arrays(predicted: pd.DataFrame, outcomes: pd.Series) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    return predicted.loc[outcomes.index, PROBABILITIES].to_numpy(dtype=float), outcomes.to_numpy(dtype=np.int64)
