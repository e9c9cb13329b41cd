"""Multinomial logits on ratings and form, with an intercept for every division: without odds, and with them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from footpred_dagster.core.contract import (
    FEATURES,
    LEAGUES,
    MARKET_AWARE_FEATURES,
    MARKET_AWARE_MODEL,
    STATISTICS,
    Feature,
)
from footpred_dagster.core.models.base import last_seasons, require_all_outcomes
from footpred_dagster.core.models.baselines import PARAMETERS, parameter_file
from footpred_dagster.core.models.graphs import softmax_of_standardised
from footpred_dagster.core.models.scaling import Scaling, fading_weights, own_league

SEASONS, HALF_LIFE = 12, 5.0
"""Seasons learned from, and after how many of them a match counts half. Twenty seasons, or half-lives of 3 and 8,
change the fifth decimal on 2021-22 and 2022-23."""
PENALTY = 100.0
"""Ridge on standardised inputs: 30 and 300 change the fifth decimal."""

STRENGTH_INPUTS = (
    *("home_log_goals", "away_log_goals", "log_goals_difference", "poisson_home", "poisson_away"),
    *("elo_difference", "home_pi", "away_pi", "pi_difference"),
    *(f"log_{name}_{what}" for name in STATISTICS for what in ("difference", "sum")),
    *(f"{side}_{tempo}momentum" for tempo in ("", "short_", "venue_") for side in ("home", "away")),
    *(f"{side}_points_last_10" for side in ("home", "away")),
)
"""Chosen on 2021-22 and 2022-23. Log-loss there, 22 divisions, by what is added in turn: expected goals 1.0054, Poisson
log-odds 1.0049, Elo and pi 1.0046, single statistics 1.0040, momentum 1.0031, points 1.0030."""


class StrengthLogit:
    """weights (inputs, 3), common (3,), leagues: own part of the intercept by division."""

    name: ClassVar[str] = "strength_logit"
    contract: ClassVar[tuple[Feature, ...]] = FEATURES
    inputs: ClassVar[tuple[str, ...]] = STRENGTH_INPUTS
    temperature = 1.0

    def __init__(
        self,
        scaling: Scaling | None = None,
        weights: list[list[float]] | None = None,
        common: list[float] | None = None,
        leagues: dict[str, list[float]] | None = None,
    ) -> None:
        self.scaling = scaling or Scaling((), (), ())
        self.weights, self.common, self.leagues = weights or [], common or [], leagues or {}

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

    def predict_proba(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        own = np.array([self.leagues.get(league, [0.0] * 3) for league in frame["league"]]).reshape(-1, 3)
        scores = self.scaling.apply(frame) @ np.array(self.weights) + np.array(self.common) + own
        exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))

    def hyperparameters(self) -> dict[str, Any]:
        return {"seasons": SEASONS, "half_life": HALF_LIFE, "penalty": PENALTY, "features": len(self.inputs)}

    def importance(self) -> dict[str, float]:
        """By the size of the standardised weights of home against away."""
        sizes = np.abs(np.array(self.weights)[:, 0] - np.array(self.weights)[:, 2])
        shares = dict(zip(self.inputs, (sizes / sizes.sum()).tolist(), strict=True))
        return dict(sorted(shares.items(), key=lambda item: -item[1]))

    def files(self) -> dict[str, bytes]:
        return parameter_file(
            means=self.scaling.means,
            scales=self.scaling.scales,
            weights=self.weights,
            common=self.common,
            leagues=self.leagues,
        )

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        learned = json.loads(files[PARAMETERS])
        scaling = Scaling(cls.inputs, tuple(learned.pop("means")), tuple(learned.pop("scales")))
        return cls(scaling, **learned)

    def to_onnx(self) -> bytes:
        own = np.array([self.leagues.get(league, [0.0] * 3) for league in (*LEAGUES, "")])
        return softmax_of_standardised(
            self.name, self.contract, self.scaling, weights=np.array(self.weights), biases=own + np.array(self.common)
        )


class MarketAwareLogit(StrengthLogit):
    """The same inputs beside the opening market line. It answers another question than the main model, is registered
    under its own name and is never served in the main model's place."""

    name = MARKET_AWARE_MODEL
    contract = MARKET_AWARE_FEATURES
    inputs = ("opening_home", "opening_away", *STRENGTH_INPUTS)
