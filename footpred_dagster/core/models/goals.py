"""Dixon-Coles: two Poisson scores with a correction of the low ones (Dixon & Coles 1997), rates log-linear in strength.

The original estimates attack and defence inside the model, anew each week; here they are inputs, filtered match by
match, and the model learns only how goals follow from them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from footpred_dagster.core.contract import FEATURES, LEAGUES, Feature
from footpred_dagster.core.models.base import last_seasons, require_all_outcomes
from footpred_dagster.core.models.baselines import PARAMETERS, parameter_file
from footpred_dagster.core.models.calibration import out_of_fold, tempered
from footpred_dagster.core.models.graphs import outcomes_of_goals
from footpred_dagster.core.models.logit import STRENGTH_INPUTS
from footpred_dagster.core.models.scaling import Floats, Scaling, fading_weights, own_league

SEASONS, HALF_LIFE, PENALTY = 12, 5.0, 100.0
"""As for the logit, so that the two differ in the family alone."""
MOST_GOALS = 15
"""Of either side. What lies beyond is shared out: less than 1e-6 below five expected goals."""
LOWEST_RATE, HIGHEST_RATE = -3.0, 2.0
"""Logarithms beyond are cut: nobody is expected to score more than seven goals."""
WIDEST = 0.2
"""Bounds of the correction; at the rates of football all four probabilities stay positive within."""
SIDES = ("home", "away")


class DixonColes:
    """weights (inputs, 2), common (2,), leagues: own part of the log-rates of home and away goals by division.

    correction: rho of Dixon and Coles; negative makes draws at 0-0 and 1-1 likelier.
    """

    name: ClassVar[str] = "dixon_coles"
    contract: ClassVar[tuple[Feature, ...]] = FEATURES
    inputs: ClassVar[tuple[str, ...]] = STRENGTH_INPUTS

    def __init__(
        self,
        scaling: Scaling | None = None,
        weights: list[list[float]] | None = None,
        common: list[float] | None = None,
        leagues: dict[str, list[float]] | None = None,
        correction: float = 0.0,
        temperature: float = 1.0,
    ) -> None:
        self.scaling = scaling or Scaling((), (), ())
        self.weights, self.common, self.leagues = weights or [], common or [], leagues or {}
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
        own = np.array([self.leagues.get(league, [0.0] * 2) for league in frame["league"]]).reshape(-1, 2)
        logs = self.scaling.apply(frame) @ np.array(self.weights) + np.array(self.common) + own
        return np.asarray(np.exp(np.clip(logs, LOWEST_RATE, HIGHEST_RATE)))

    def predict_proba(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        return tempered(outcomes(self.rates(frame), self.correction), self.temperature)

    def hyperparameters(self) -> dict[str, Any]:
        return {"seasons": SEASONS, "half_life": HALF_LIFE, "penalty": PENALTY, "features": len(self.inputs)}

    def importance(self) -> dict[str, float]:
        """By the size of the standardised weights of home against away goals."""
        sizes = np.abs(np.array(self.weights)[:, 0] - np.array(self.weights)[:, 1])
        shares = dict(zip(self.inputs, (sizes / sizes.sum()).tolist(), strict=True))
        return dict(sorted(shares.items(), key=lambda item: -item[1]))

    def files(self) -> dict[str, bytes]:
        return parameter_file(
            means=self.scaling.means,
            scales=self.scaling.scales,
            weights=self.weights,
            common=self.common,
            leagues=self.leagues,
            correction=self.correction,
            temperature=self.temperature,
        )

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        learned = json.loads(files[PARAMETERS])
        scaling = Scaling(cls.inputs, tuple(learned.pop("means")), tuple(learned.pop("scales")))
        return cls(scaling, **learned)

    def to_onnx(self) -> bytes:
        own = np.array([self.leagues.get(league, [0.0] * 2) for league in (*LEAGUES, "")])
        return outcomes_of_goals(
            self.name,
            self.contract,
            self.scaling,
            weights=np.array(self.weights),
            biases=own + np.array(self.common),
            bounds=(LOWEST_RATE, HIGHEST_RATE),
            most=MOST_GOALS,
            correction=self.correction,
        )


def outcomes(rates: Floats, correction: float) -> Floats:
    """(n, 3) home, draw, away of expected goals (n, 2): the grid of scorelines summed, what lies beyond shared out."""
    goals = np.arange(MOST_GOALS + 1)
    log_factorials = np.array([math.lgamma(count + 1) for count in goals])
    home, away = (
        np.exp(goals * np.log(rates[:, [side]]) - rates[:, [side]] - log_factorials) for side in range(len(SIDES))
    )
    fewer = np.triu(np.ones((len(goals), len(goals))), 1)
    independent = np.stack(
        [(home * (away @ fewer)).sum(axis=1), (home * away).sum(axis=1), (away * (home @ fewer)).sum(axis=1)], axis=1
    )
    # The four corrected cells, summed by outcome: 1-0 and 0-1 gain what 0-0 and 1-1 lose, each the same amount.
    low = rates.prod(axis=1) * np.exp(-rates.sum(axis=1))
    corrected = independent + low[:, None] * correction * np.array([1.0, -2.0, 1.0])
    return np.asarray(corrected / corrected.sum(axis=1, keepdims=True))


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
