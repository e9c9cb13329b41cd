"""The promotion policy: gates a candidate must pass, and the choice among those that do. Pure, no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
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
    ``closing`` the closing market line for those that have a price. Ties go to the candidate listed first.
    """
    reasons: dict[str, list[str]] = {}
    losses: dict[str, float] = {}
    if outcomes.empty:
        return Decision(None, {name: ["no complete season to select on"] for name in candidates})
    for name in candidates:
        try:
            loss, faults = _gates(
                predictions[name], predictions[BENCHMARK], outcomes, closing, is_benchmark=name == BENCHMARK
            )
        except InvalidProbabilities as error:
            reasons[name] = [f"not a forecast: {error}"]
            continue
        reasons[name] = faults or [f"passes all gates, log-loss {loss:.4f} on {len(outcomes)} matches"]
        if not faults:
            losses[name] = loss
    return Decision(min(losses, key=losses.__getitem__) if losses else None, reasons)


def _gates(
    predicted: pd.DataFrame, base: pd.DataFrame, outcomes: pd.Series, closing: pd.DataFrame, *, is_benchmark: bool
) -> tuple[float, list[str]]:
    """Mean log-loss, and what forbids promotion."""
    happened = outcomes.to_numpy(dtype=np.int64)
    loss = float(log_losses(_matrix(predicted, outcomes.index), happened).mean())
    base_loss = float(log_losses(_matrix(base, outcomes.index), happened).mean())
    faults = []
    if is_benchmark:
        faults.append("the base rate is the bar, not a contender")
    elif not loss < base_loss:
        faults.append(f"log-loss {loss:.4f} does not beat the base rate's {base_loss:.4f}")
    if len(closing):
        priced = outcomes.loc[closing.index].to_numpy(dtype=np.int64)
        lead = (
            ranked_probability_scores(_matrix(closing, closing.index), priced).mean()
            - ranked_probability_scores(_matrix(predicted, closing.index), priced).mean()
        )
        if lead > LEAK_MARGIN:
            faults.append(f"leak flag: RPS beats the closing line by {lead:.4f} on {len(closing)} matches")
    return loss, faults


def _matrix(frame: pd.DataFrame, index: pd.Index) -> np.ndarray:
    return frame.loc[index, PROBABILITIES].to_numpy(dtype=float)
