"""Multinomial logit on the strengths of both sides, with an intercept for every division."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from footpred_dagster.core.contract import LEAGUES
from footpred_dagster.core.models.base import last_seasons, require_all_outcomes
from footpred_dagster.core.models.baselines import PARAMETERS, parameter_file
from footpred_dagster.core.models.graphs import softmax_of_features

SEASONS = 10
FEATURES = ("home_log_goals", "away_log_goals", "log_goals_difference", "elo_difference")
"""The difference is redundant and kept: the penalty then asks less of it than of two opposite weights."""
SCALES = (1.0, 1.0, 1.0, 400.0)
"""Units in which each is of order one, so that the penalty treats them alike."""
LEAGUE_SCALE = 0.3
"""A division's own intercept must earn itself: below one, it is shrunk towards the common one."""
PENALTY = 1.0


class StrengthLogit:
    """weights (features, 3) in units of SCALES, common (3,), leagues: own part of the intercept by division."""

    name = "strength_logit"
    temperature = 1.0

    def __init__(
        self,
        weights: list[list[float]] | None = None,
        common: list[float] | None = None,
        leagues: dict[str, list[float]] | None = None,
    ) -> None:
        self.weights, self.common, self.leagues = weights or [], common or [], leagues or {}

    def fit(self, frame: pd.DataFrame) -> Self:
        from sklearn.linear_model import LogisticRegression  # a second to import: only training pays

        frame = last_seasons(frame, SEASONS)
        require_all_outcomes(frame, at_least=30)
        present = sorted(frame["league"].unique())
        own = (frame["league"].to_numpy()[:, None] == np.array(present)) * LEAGUE_SCALE
        logit = LogisticRegression(C=PENALTY, tol=1e-6, max_iter=1000)
        logit.fit(np.hstack([_inputs(frame), own]), frame["outcome"].to_numpy())
        self.weights = logit.coef_[:, : len(FEATURES)].T.tolist()
        self.common = logit.intercept_.tolist()
        offsets = logit.coef_[:, len(FEATURES) :].T * LEAGUE_SCALE
        self.leagues = {league: row.tolist() for league, row in zip(present, offsets, strict=True)}
        return self

    def predict_proba(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        own = np.array([self.leagues.get(league, [0.0] * 3) for league in frame["league"]]).reshape(-1, 3)
        scores = _inputs(frame) @ np.array(self.weights) + np.array(self.common) + own
        exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))

    def hyperparameters(self) -> dict[str, Any]:
        return {"seasons": SEASONS, "penalty": PENALTY, "league_scale": LEAGUE_SCALE, "features": ", ".join(FEATURES)}

    def importance(self) -> dict[str, float]:
        return {}

    def files(self) -> dict[str, bytes]:
        return parameter_file(weights=self.weights, common=self.common, leagues=self.leagues)

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        return cls(**json.loads(files[PARAMETERS]))

    def to_onnx(self) -> bytes:
        own = np.array([self.leagues.get(league, [0.0] * 3) for league in (*LEAGUES, "")])
        weights = np.array(self.weights) / np.array(SCALES)[:, None]
        return softmax_of_features(self.name, FEATURES, weights, own + np.array(self.common))


def _inputs(frame: pd.DataFrame) -> npt.NDArray[np.float64]:
    return np.asarray(frame.loc[:, list(FEATURES)].to_numpy(dtype=float) / np.array(SCALES))
