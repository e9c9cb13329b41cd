"""The two candidates every other model has to beat: class frequencies, and a logit on the Elo difference."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from footpred_dagster.core.features.contract import FEATURES, LEAGUES, Feature
from footpred_dagster.core.models.base import last_seasons, require_all_outcomes
from footpred_dagster.core.models.contributions import in_contract_order, log_odds
from footpred_dagster.core.models.onnx_graphs import softmax_of_features, table_by_league

BASE_RATE_SEASONS = 5
BASE_RATE_PRIOR = 30.0
"""Weight, in matches, of the all-league frequencies in each league's: a league with no past gets just these."""

LOGIT_SEASONS = 6
"""Seasons the logit learns from. Home advantage shrinks over the decades: on 2018-19 to 2022-23, six seasons give a
log-loss of 1.0196, twelve 1.0200, all since 1993 1.0218."""

ELO_SCALE = 400.0
"""Elo points per unit of the logit's input, so that the coefficient is of order one."""

PARAMETERS = "parameters.json"


class BaseRate:
    """Outcome frequencies of each league over its previous five seasons."""

    name: ClassVar[str] = "base_rate"
    contract: ClassVar[tuple[Feature, ...]] = FEATURES
    temperature = 1.0

    def __init__(self, overall: list[float] | None = None, leagues: dict[str, list[float]] | None = None) -> None:
        self.overall = overall or []
        self.leagues = leagues or {}

    def fit(self, frame: pd.DataFrame) -> Self:
        recent = last_seasons(frame, BASE_RATE_SEASONS)
        require_all_outcomes(recent, at_least=3)
        overall = np.bincount(recent["outcome"], minlength=3) / len(recent)
        self.overall = overall.tolist()
        self.leagues = {
            str(league): (
                (np.bincount(outcomes, minlength=3) + BASE_RATE_PRIOR * overall) / (len(outcomes) + BASE_RATE_PRIOR)
            ).tolist()
            for league, outcomes in recent.groupby("league")["outcome"]
        }
        return self

    def predict_proba(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        return np.array([self.leagues.get(league, self.overall) for league in frame["league"]]).reshape(-1, 3)

    def contributions(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        return in_contract_order(self.contract, [], np.zeros((len(frame), 0)), log_odds(self.predict_proba(frame)))

    def hyperparameters(self) -> dict[str, Any]:
        return {"seasons": BASE_RATE_SEASONS, "prior_matches": BASE_RATE_PRIOR}

    def importance(self) -> dict[str, float]:
        return {}

    def files(self) -> dict[str, bytes]:
        return parameter_file(overall=self.overall, leagues=self.leagues)

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        return cls(**json.loads(files[PARAMETERS]))

    def to_onnx(self) -> bytes:
        rows = [self.leagues.get(league, self.overall) for league in LEAGUES]
        return table_by_league(self.name, np.array([*rows, self.overall]))


class EloLogit:
    """Multinomial logit on the Elo difference over the last six seasons; home advantage is its intercept."""

    name: ClassVar[str] = "elo_logit"
    contract: ClassVar[tuple[Feature, ...]] = FEATURES
    temperature = 1.0

    def __init__(self, coefficients: list[float] | None = None, intercepts: list[float] | None = None) -> None:
        self.coefficients = coefficients or []
        self.intercepts = intercepts or []

    def fit(self, frame: pd.DataFrame) -> Self:
        from sklearn.linear_model import LogisticRegression  # a second to import: only training pays

        frame = last_seasons(frame, LOGIT_SEASONS)
        require_all_outcomes(frame, at_least=30)
        logit = LogisticRegression(C=1e6, tol=1e-8, max_iter=500)
        logit.fit(self._inputs(frame), frame["outcome"].to_numpy())
        self.coefficients = logit.coef_[:, 0].tolist()
        self.intercepts = logit.intercept_.tolist()
        return self

    def predict_proba(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        scores = self._inputs(frame) * np.array(self.coefficients) + np.array(self.intercepts)
        exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True))

    def contributions(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        parts = self._inputs(frame) * (self.coefficients[0] - self.coefficients[2])
        rest = np.full(len(frame), self.intercepts[0] - self.intercepts[2])
        return in_contract_order(self.contract, ["elo_difference"], parts, rest)

    @staticmethod
    def _inputs(frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        return frame["elo_difference"].to_numpy(dtype=float)[:, None] / ELO_SCALE

    def hyperparameters(self) -> dict[str, Any]:
        return {"seasons": LOGIT_SEASONS}

    def importance(self) -> dict[str, float]:
        return {"elo_difference": 1.0}

    def files(self) -> dict[str, bytes]:
        return parameter_file(coefficients=self.coefficients, intercepts=self.intercepts)

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        return cls(**json.loads(files[PARAMETERS]))

    def to_onnx(self) -> bytes:
        weights = np.array([self.coefficients]) / ELO_SCALE
        biases = np.tile(self.intercepts, (len(LEAGUES) + 1, 1))
        return softmax_of_features(self.name, self.contract, ["elo_difference"], weights, biases)


def parameter_file(**learned: Any) -> dict[str, bytes]:
    """Raises ValueError for NaN and infinity: JSON has no word for them, and a model has no use."""
    return {PARAMETERS: json.dumps(learned, sort_keys=True, allow_nan=False).encode()}
