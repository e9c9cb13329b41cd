"""Gradient-boosted trees on every feature of the contract, calibrated by a temperature fitted out of fold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from footpred_dagster.core.features.contract import FEATURE_NAMES, FEATURES, Feature
from footpred_dagster.core.models.base import last_seasons, require_all_outcomes
from footpred_dagster.core.models.contributions import log_odds, settled
from footpred_dagster.core.models.scaling import Floats
from footpred_dagster.core.models.temperature import out_of_fold, tempered

if TYPE_CHECKING:
    from xgboost import Booster

FIXED = {"objective": "multi:softprob", "num_class": 3, "tree_method": "hist", "seed": 1}
LEAST_MATCHES = 30
"""As for the logits: a home of one season still has every candidate, if not a good one."""

HYPERPARAMETERS = Path(__file__).with_name("hyperparameters.json")
REMEMBERED = 2
"""Walking forward, the fit that predicts a season is wanted again to calibrate the next one: half of the work."""
_recent: dict[str, Booster] = {}
BOOSTER, CALIBRATOR = "booster.ubj", "calibrator.json"


@cache
def hyperparameters() -> dict[str, Any]:
    """As committed beside this module; nothing is searched for inside a run."""
    return dict(json.loads(HYPERPARAMETERS.read_bytes())["xgboost"])


class Boosting:
    """XGBoost over the last seasons.

    The last of them is predicted by a fit on those before it, which gives the temperature; then all are learned from.
    """

    name: ClassVar[str] = "xgboost"
    contract: ClassVar[tuple[Feature, ...]] = FEATURES

    def __init__(self, booster: Booster | None = None, temperature: float = 1.0) -> None:
        self.booster, self._temperature = booster, temperature

    @property
    def temperature(self) -> float:
        return self._temperature

    def fit(self, frame: pd.DataFrame) -> Self:
        chosen = hyperparameters()

        def fitted(matches: pd.DataFrame) -> Boosting:
            return Boosting(boost(last_seasons(matches, chosen["seasons"]), chosen))

        require_all_outcomes(last_seasons(frame, chosen["seasons"]), at_least=LEAST_MATCHES)
        self._temperature = out_of_fold(lambda learned: fitted(learned).predict_proba, frame)
        self.booster = fitted(frame).booster
        return self

    def predict_proba(self, frame: pd.DataFrame) -> Floats:
        return tempered(self._outcomes(frame), self._temperature)

    def contributions(self, frame: pd.DataFrame) -> Floats:
        """Shapley values of the trees' margins (Lundberg et al. 2020), home less away; single precision's error, which
        all bear, is taken out."""
        from xgboost import DMatrix

        margins = self._fitted.predict(DMatrix(_inputs(frame)), pred_contribs=True)
        by_outcome = np.reshape(margins, (len(frame), 3, len(FEATURE_NAMES) + 1)).astype(np.float64)
        return settled(by_outcome[:, 0] - by_outcome[:, 2], log_odds(self._outcomes(frame)))

    def hyperparameters(self) -> dict[str, Any]:
        chosen = hyperparameters()
        own: dict[str, Any] = chosen["parameters"]
        return {name: value for name, value in chosen.items() if name != "parameters"} | own

    def files(self) -> dict[str, bytes]:
        return {
            BOOSTER: bytes(self._fitted.save_raw("ubj")),
            CALIBRATOR: json.dumps({"temperature": self._temperature}).encode(),
        }

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        from xgboost import Booster

        return cls(Booster(model_file=bytearray(files[BOOSTER])), json.loads(files[CALIBRATOR])["temperature"])

    def to_onnx(self) -> bytes:
        from onnxmltools.convert.common.data_types import FloatTensorType
        from onnxmltools.convert.xgboost import convert

        model = convert(self._fitted, initial_types=[("features", FloatTensorType([None, len(FEATURE_NAMES)]))])
        model.graph.name = self.name  # the converter's is random, and equal fits must give equal bytes
        return bytes(model.SerializeToString(deterministic=True))

    def importance(self) -> dict[str, float]:
        """By total gain; features no tree asks for are left out."""
        scores = self._fitted.get_score(importance_type="total_gain")
        gains = {FEATURE_NAMES[int(key[1:])]: float(np.sum(gain)) for key, gain in scores.items()}
        total = sum(gains.values())
        return {name: gain / total for name, gain in sorted(gains.items(), key=lambda item: -item[1])}

    def _outcomes(self, frame: pd.DataFrame) -> Floats:
        """(n, 3) before the temperature."""
        return np.reshape(self._fitted.inplace_predict(_inputs(frame)), (-1, 3)).astype(np.float64)

    @property
    def _fitted(self) -> Booster:
        if self.booster is None:
            raise RuntimeError("xgboost was not fitted")
        return self.booster


def boost(frame: pd.DataFrame, chosen: Mapping[str, Any]) -> Booster:
    """Trees on all of ``frame``; ``chosen`` holds ``rounds`` and ``parameters`` as the committed file does."""
    inputs, outcomes = _inputs(frame), frame["outcome"].to_numpy(dtype=np.int64)
    key = hashlib.sha256(
        inputs.tobytes() + outcomes.tobytes() + json.dumps(chosen, sort_keys=True).encode()
    ).hexdigest()
    if key not in _recent:
        import xgboost

        data = xgboost.QuantileDMatrix(inputs, label=outcomes)
        while len(_recent) >= REMEMBERED:
            del _recent[next(iter(_recent))]
        _recent[key] = xgboost.train(FIXED | chosen["parameters"], data, num_boost_round=chosen["rounds"])
    return _recent[key]


def _inputs(frame: pd.DataFrame) -> npt.NDArray[np.float32]:
    """Single precision, as the service feeds ONNX: a threshold must not fall between two roundings."""
    return frame.loc[:, list(FEATURE_NAMES)].to_numpy(dtype=np.float32)
