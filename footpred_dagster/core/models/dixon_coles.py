"""Dixon-Coles: two Poisson scores with a correction of the low ones (Dixon & Coles 1997), rates log-linear in strength.

The original estimates attack and defence inside the model, anew each week; here they are inputs, filtered match by
match, and the model learns only how goals follow from them.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from footpred_dagster.core.domain.scorelines import MOST_GOALS, outcome_slopes, outcomes
from footpred_dagster.core.models.base import last_seasons, require_all_outcomes
from footpred_dagster.core.models.contributions import in_contract_order, log_odds, settled
from footpred_dagster.core.models.linear import HALF_LIFE, PENALTY, SEASONS, LinearByLeague
from footpred_dagster.core.models.logit import STRENGTH_INPUTS
from footpred_dagster.core.models.onnx_graphs import outcomes_of_goals
from footpred_dagster.core.models.scaling import Floats, Scaling, fading_weights, own_league
from footpred_dagster.core.models.temperature import out_of_fold, tempered

LOWEST_RATE, HIGHEST_RATE = -3.0, 2.0
"""Logarithms beyond are cut: nobody is expected to score more than seven goals."""
WIDEST = 0.2
"""Bounds of the correction; at the rates of football all four probabilities stay positive within."""
SIDES = ("home", "away")
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(4)
"""Between the average match and the one explained, on [-1, 1]: on the season 2024-25 the sum of four is right to 3e-7,
of two to 2e-3."""


class DixonColes(LinearByLeague):
    """Outputs are the log-rates of home and away goals; seasons and penalty are the logit's, so that the two differ in
    the family alone.

    correction: rho of Dixon and Coles; negative makes draws at 0-0 and 1-1 likelier.
    """

    name: ClassVar[str] = "dixon_coles"
    inputs: ClassVar[tuple[str, ...]] = STRENGTH_INPUTS
    outputs = 2

    def __init__(
        self,
        scaling: Scaling | None = None,
        weights: list[list[float]] | None = None,
        common: list[float] | None = None,
        leagues: dict[str, list[float]] | None = None,
        correction: float = 0.0,
        temperature: float = 1.0,
    ) -> None:
        super().__init__(scaling, weights, common, leagues)
        self.correction, self.temperature = correction, temperature

    def fit(self, frame: pd.DataFrame) -> Self:
        frame = last_seasons(frame, SEASONS)
        require_all_outcomes(frame, at_least=30)
        self.temperature = out_of_fold(lambda learned: type(self)()._learn(learned).predict_proba, frame)
        return self._learn(frame)

    def _learn(self, frame: pd.DataFrame) -> Self:
        from sklearn.linear_model import PoissonRegressor  # a second to import: only training pays

        self.scaling = Scaling.fit(frame, self.inputs)
        present, own = own_league(frame)
        inputs, weight = np.hstack([self.scaling.apply(frame), own]), fading_weights(frame, HALF_LIFE)
        sides = []
        for side in SIDES:
            regression = PoissonRegressor(alpha=PENALTY / weight.sum(), solver="newton-cholesky", tol=1e-6)
            sides.append(regression.fit(inputs, frame[f"{side}_goals"].to_numpy(), sample_weight=weight))
        coefficients = np.array([side.coef_ for side in sides]).T
        self.weights, offsets = coefficients[: len(self.inputs)].tolist(), coefficients[len(self.inputs) :]
        self.common = [float(side.intercept_) for side in sides]
        self.leagues = {league: row.tolist() for league, row in zip(present, offsets, strict=True)}
        self.correction = _fit_correction(self.rates(frame), frame, weight)
        return self

    def rates(self, frame: pd.DataFrame) -> Floats:
        """(n, 2) goals expected of home and away."""
        return _rates(self.scores(frame))

    def predict_proba(self, frame: pd.DataFrame) -> Floats:
        return tempered(outcomes(self.rates(frame), self.correction), self.temperature)

    def contributions(self, frame: pd.DataFrame) -> Floats:
        """Integrated gradients (Aumann and Shapley's values; Sundararajan, Taly & Yan 2017).

        Along the straight line from the average match of the league to this one each input is given the integral of
        its own slope; Gauss and Legendre's rule leaves a small error, which all bear.
        """
        standardised, weights = self.scaling.apply(frame), np.array(self.weights)
        start = np.array(self.common) + self.own(frame["league"])
        way = standardised @ weights
        slopes = np.zeros_like(start)
        for node, weight in zip((NODES + 1) / 2, NODE_WEIGHTS / 2, strict=True):
            logs = start + node * way
            inside = (logs > LOWEST_RATE) & (logs < HIGHEST_RATE)
            slopes += weight * inside * outcome_slopes(_rates(logs), self.correction)
        rest, end = (log_odds(outcomes(_rates(logs), self.correction)) for logs in (start, start + way))
        parts = settled(standardised * (slopes @ weights.T), end - rest)
        return in_contract_order(self.contract, self.inputs, parts, rest)

    def learned(self) -> dict[str, Any]:
        return super().learned() | {"correction": self.correction, "temperature": self.temperature}

    def to_onnx(self) -> bytes:
        return outcomes_of_goals(
            self.name,
            self.contract,
            self.scaling,
            weights=np.array(self.weights),
            biases=self.biases(),
            bounds=(LOWEST_RATE, HIGHEST_RATE),
            most=MOST_GOALS,
            correction=self.correction,
        )


def _rates(logs: Floats) -> Floats:
    return np.asarray(np.exp(np.clip(logs, LOWEST_RATE, HIGHEST_RATE)))


def _fit_correction(rates: Floats, frame: pd.DataFrame, weight: Floats) -> float:
    """rho of greatest likelihood; only matches without a side of two goals or more know anything of it."""
    from scipy.optimize import minimize_scalar

    home, away = (frame[f"{side}_goals"].to_numpy() for side in SIDES)
    expected_home, expected_away = rates.T
    factors = np.select(
        [(home == 0) & (away == 0), (home == 0) & (away == 1), (home == 1) & (away == 0), (home == 1) & (away == 1)],
        [-expected_home * expected_away, expected_home, expected_away, -1.0],
        0.0,
    )

    def loss(correction: float) -> float:
        return float(-(weight * np.log(np.maximum(1 + correction * factors, 1e-9))).sum())

    return float(minimize_scalar(loss, bounds=(-WIDEST, WIDEST), method="bounded").x)
