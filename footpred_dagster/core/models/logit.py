"""Multinomial logit on ratings and form, with an intercept for every division."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from footpred_dagster.core.contract import LEAGUES, STATISTICS
from footpred_dagster.core.models.base import last_seasons, require_all_outcomes
from footpred_dagster.core.models.baselines import PARAMETERS, parameter_file
from footpred_dagster.core.models.graphs import softmax_of_standardised

SEASONS, HALF_LIFE = 12, 5.0
"""Seasons learned from, and after how many of them a match counts half. Twenty seasons, or half-lives of 3 and 8,
change the fifth decimal on 2021-22 and 2022-23."""
PENALTY = 100.0
"""Ridge on standardised inputs: 30 and 300 change the fifth decimal."""
FURTHEST = 6.0
"""Standard deviations beyond which an input counts no further."""

FEATURES = (
    *("home_log_goals", "away_log_goals", "log_goals_difference", "poisson_home", "poisson_away"),
    *("elo_difference", "home_pi", "away_pi", "pi_difference"),
    *(f"log_{name}_{what}" for name in STATISTICS for what in ("difference", "sum")),
    *(f"{side}_{tempo}momentum" for tempo in ("", "short_", "venue_") for side in ("home", "away")),
    *(f"{side}_points_last_10" for side in ("home", "away")),
)
"""Chosen on 2021-22 and 2022-23. Log-loss there, 22 divisions, by what is added in turn: expected goals 1.0054, Poisson
log-odds 1.0049, Elo and pi 1.0046, single statistics 1.0040, momentum 1.0031, points 1.0030."""


class StrengthLogit:
    """means, scales (features,): of the training matches. weights (features, 3), common (3,), leagues: own part of the
    intercept by division. A missing input counts as an average one."""

    name = "strength_logit"
    temperature = 1.0

    def __init__(
        self,
        means: list[float] | None = None,
        scales: list[float] | None = None,
        weights: list[list[float]] | None = None,
        common: list[float] | None = None,
        leagues: dict[str, list[float]] | None = None,
    ) -> None:
        self.means, self.scales = means or [], scales or []
        self.weights, self.common, self.leagues = weights or [], common or [], leagues or {}

    def fit(self, frame: pd.DataFrame) -> Self:
        from sklearn.linear_model import LogisticRegression  # a second to import: only training pays

        frame = last_seasons(frame, SEASONS)
        require_all_outcomes(frame, at_least=30)
        inputs = _inputs(frame)
        known = np.isfinite(inputs)
        count = np.maximum(known.sum(axis=0), 1)
        means = np.where(known, inputs, 0.0).sum(axis=0) / count
        spread = np.sqrt((np.where(known, inputs - means, 0.0) ** 2).sum(axis=0) / count)
        self.means, self.scales = means.tolist(), np.where(spread > 0, spread, 1.0).tolist()
        present = sorted(frame["league"].unique())
        own = (frame["league"].to_numpy()[:, None] == np.array(present)).astype(float)
        start_year = frame["season"].str[:4].astype(int).to_numpy()
        logit = LogisticRegression(C=1 / PENALTY, solver="newton-cholesky", tol=1e-6, max_iter=100)
        logit.fit(
            np.hstack([self._standardised(frame), own]),
            frame["outcome"].to_numpy(),
            sample_weight=0.5 ** ((start_year.max() - start_year) / HALF_LIFE),
        )
        self.weights = logit.coef_[:, : len(FEATURES)].T.tolist()
        self.common = logit.intercept_.tolist()
        offsets = logit.coef_[:, len(FEATURES) :].T
        self.leagues = {league: row.tolist() for league, row in zip(present, offsets, strict=True)}
        return self

    def predict_proba(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        own = np.array([self.leagues.get(league, [0.0] * 3) for league in frame["league"]]).reshape(-1, 3)
        scores = self._standardised(frame) @ np.array(self.weights) + np.array(self.common) + own
        exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))

    def hyperparameters(self) -> dict[str, Any]:
        return {"seasons": SEASONS, "half_life": HALF_LIFE, "penalty": PENALTY, "features": len(FEATURES)}

    def importance(self) -> dict[str, float]:
        """By the size of the standardised weights of home against away."""
        sizes = np.abs(np.array(self.weights)[:, 0] - np.array(self.weights)[:, 2])
        shares = dict(zip(FEATURES, (sizes / sizes.sum()).tolist(), strict=True))
        return dict(sorted(shares.items(), key=lambda item: -item[1]))

    def files(self) -> dict[str, bytes]:
        return parameter_file(
            means=self.means, scales=self.scales, weights=self.weights, common=self.common, leagues=self.leagues
        )

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        return cls(**json.loads(files[PARAMETERS]))

    def to_onnx(self) -> bytes:
        own = np.array([self.leagues.get(league, [0.0] * 3) for league in (*LEAGUES, "")])
        return softmax_of_standardised(
            self.name,
            FEATURES,
            means=np.array(self.means),
            scales=np.array(self.scales),
            furthest=FURTHEST,
            weights=np.array(self.weights),
            biases=own + np.array(self.common),
        )

    def _standardised(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        apart = (_inputs(frame) - np.array(self.means)) / np.array(self.scales)
        return np.asarray(np.where(np.isnan(apart), 0.0, np.clip(apart, -FURTHEST, FURTHEST)))


def _inputs(frame: pd.DataFrame) -> npt.NDArray[np.float64]:
    """In the single precision in which the service feeds ONNX."""
    return np.asarray(frame.loc[:, list(FEATURES)].to_numpy(dtype=np.float32).astype(np.float64))
