"""Recorded-looking forecasts of the same 600 matches, from ignorant to all-knowing, and the policy applied to them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd

from footpred_dagster.core.promotion.fit_gates import Contender
from footpred_dagster.core.promotion.policy import Evidence, Incumbent, decide
from footpred_dagster.core.registry.decision import Decision
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES, ranked_probability_scores

N = 600
CHANCE = np.random.default_rng(3)
INDEX = pd.Index(CHANCE.permutation(np.arange(5000))[:N], name="match")
OUTCOMES = pd.Series(CHANCE.choice(3, N, p=[0.45, 0.26, 0.29]), index=INDEX)
HAPPENED = np.eye(3)[OUTCOMES.to_numpy()]
BASE = np.tile([0.45, 0.26, 0.29], (N, 1))
NO_MARKET = pd.DataFrame(columns=PROBABILITIES, dtype=float)
WEEKS = pd.date_range("2023-08-05", periods=N // 10, freq="7D", tz="UTC")
MATCHES = pd.DataFrame({"outcome": OUTCOMES, "league": "E0", "kickoff": np.repeat(WEEKS, 10)}, index=INDEX)
CONTRACT = "in force"
YOUNG, OLD = timedelta(days=3), timedelta(days=31)


def frame(probabilities: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(probabilities, index=INDEX, columns=PROBABILITIES)


def knowing(share: float) -> np.ndarray:
    """A forecast that leans towards what happened, by ``share`` in log-odds and noise that makes it believable.

    A share of the way from the base rate to what happened would be too well informed to be calibrated.
    """
    noise = np.random.default_rng(11).normal(0, 1, (N, 3))
    scores = np.log(BASE) + share * HAPPENED + np.sqrt(share) * noise
    raised = np.exp(scores)
    return raised / raised.sum(axis=1, keepdims=True)


def jittered(probabilities: np.ndarray) -> np.ndarray:
    """The same forecast but for chance: better on some matches, worse on others."""
    raised = probabilities * np.exp(np.random.default_rng(12).normal(0, 0.1, (N, 3)))
    return raised / raised.sum(axis=1, keepdims=True)


def rps(probabilities: np.ndarray) -> float:
    return float(ranked_probability_scores(probabilities, OUTCOMES.to_numpy()).mean())


def better_by(margin: float, closing: np.ndarray) -> np.ndarray:
    """A forecast whose RPS is ``closing``'s less ``margin``."""
    low, high = 0.0, 1.0
    toward = 0.9 * HAPPENED + 0.1 * BASE
    for _ in range(60):
        middle = (low + high) / 2
        mixed = (1 - middle) * closing + middle * toward
        low, high = (middle, high) if rps(closing) - rps(mixed) < margin else (low, middle)
    return (1 - (low + high) / 2) * closing + (low + high) / 2 * toward


def contender(name: str, **facts: object) -> Contender:
    return replace(Contender(name, 1, f"recipe of {name}", CONTRACT), **facts)


def judge(
    closing: pd.DataFrame = NO_MARKET,
    incumbent: Incumbent | None = None,
    best: Incumbent | None = None,
    matches: pd.DataFrame = MATCHES,
    facts: dict[str, object] | None = None,
    **candidates: np.ndarray,
) -> Decision:
    predictions = {name: frame(probabilities) for name, probabilities in candidates.items()}
    evidence = Evidence(matches, closing, {"base_rate": frame(BASE)} | predictions)
    contenders = [contender(name, **(facts or {})) for name in candidates]
    return decide(contenders, evidence, CONTRACT, incumbent, best)


def reigning(probabilities: np.ndarray, name: str = "reigning", age: timedelta = YOUNG, **facts: object) -> Incumbent:
    return Incumbent(contender(name, **facts), age, frame(probabilities))


def faults(decision: Decision, name: str) -> list[str]:
    return [verdict.gate for verdict in decision.verdicts[name] if not verdict.passed]
