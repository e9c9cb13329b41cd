"""Multinomial logits on ratings and form, with an intercept for every division: without odds, and with them."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
import pandas as pd

from footpred_dagster.core.features.contract import MARKET_AWARE_FEATURES, MARKET_AWARE_MODEL, STATISTICS
from footpred_dagster.core.models.base import last_seasons, require_all_outcomes
from footpred_dagster.core.models.contributions import in_contract_order
from footpred_dagster.core.models.linear import HALF_LIFE, PENALTY, SEASONS, LinearByLeague
from footpred_dagster.core.models.onnx_graphs import softmax_of_standardised
from footpred_dagster.core.models.scaling import Floats, Scaling, fading_weights, own_league

STRENGTH_INPUTS = (
    *("home_log_goals", "away_log_goals", "log_goals_difference", "poisson_home", "poisson_away"),
    *("elo_difference", "home_pi", "away_pi", "pi_difference"),
    *(f"log_{name}_{what}" for name in STATISTICS for what in ("difference", "sum")),
    *(f"{side}_{tempo}momentum" for tempo in ("", "short_", "venue_") for side in ("home", "away")),
    *(f"{side}_points_last_10" for side in ("home", "away")),
)
"""Chosen on 2021-22 and 2022-23. Log-loss there, 22 divisions, by what is added in turn: expected goals 1.0054, Poisson
log-odds 1.0049, Elo and pi 1.0046, single statistics 1.0040, momentum 1.0031, points 1.0030."""


class StrengthLogit(LinearByLeague):
    """Outputs are the scores of home, draw and away."""

    name: ClassVar[str] = "strength_logit"
    inputs: ClassVar[tuple[str, ...]] = STRENGTH_INPUTS
    outputs = 3
    temperature = 1.0

    def fit(self, frame: pd.DataFrame) -> Self:
        from sklearn.linear_model import LogisticRegression  # a second to import: only training pays

        frame = last_seasons(frame, SEASONS)
        require_all_outcomes(frame, at_least=30)
        self.scaling = Scaling.fit(frame, self.inputs)
        present, own = own_league(frame)
        logit = LogisticRegression(C=1 / PENALTY, solver="newton-cholesky", tol=1e-6, max_iter=100)
        logit.fit(
            np.hstack([self.scaling.apply(frame), own]),
            frame["outcome"].to_numpy(),
            sample_weight=fading_weights(frame, HALF_LIFE),
        )
        self.weights = logit.coef_[:, : len(self.inputs)].T.tolist()
        self.common = logit.intercept_.tolist()
        offsets = logit.coef_[:, len(self.inputs) :].T
        self.leagues = {league: row.tolist() for league, row in zip(present, offsets, strict=True)}
        return self

    def predict_proba(self, frame: pd.DataFrame) -> Floats:
        scores = self.scores(frame)
        exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))

    def contributions(self, frame: pd.DataFrame) -> Floats:
        """Standardised inputs times the weights of home against away: the average match of the league has none."""
        against_away = np.array([1.0, 0.0, -1.0])
        parts = self.scaling.apply(frame) * (np.array(self.weights) @ against_away)
        rest = (np.array(self.common) + self.own(frame["league"])) @ against_away
        return in_contract_order(self.contract, self.inputs, parts, rest)

    def to_onnx(self) -> bytes:
        return softmax_of_standardised(
            self.name, self.contract, self.scaling, weights=np.array(self.weights), biases=self.biases()
        )


class MarketAwareLogit(StrengthLogit):
    """The same inputs beside the opening market line. It answers another question than the main model, is registered
    under its own name and is never served in the main model's place."""

    name = MARKET_AWARE_MODEL
    contract = MARKET_AWARE_FEATURES
    inputs = ("opening_home", "opening_away", *STRENGTH_INPUTS)
