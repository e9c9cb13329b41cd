"""Gradient-boosted trees on every feature of the contract, calibrated by a temperature fitted out of fold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from footpred_dagster.core.contract import FEATURE_NAMES
from footpred_dagster.core.models.base import last_seasons, require_all_outcomes
from footpred_dagster.core.models.calibration import fit_temperature, tempered

if TYPE_CHECKING:
    from xgboost import Booster

FIXED = {"objective": "multi:softprob", "num_class": 3, "tree_method": "hist", "seed": 1}
LEAST_MATCHES = 30
"""As for the logits: a home of one season still has every candidate, if not a good one."""

HYPERPARAMETERS = Path(__file__).with_name("hyperparameters.json")
BOOSTER, CALIBRATOR = "booster.ubj", "calibrator.json"


@cache
def hyperparameters() -> dict[str, Any]:
    """As committed beside this module; nothing is searched for inside a run."""
    return dict(json.loads(HYPERPARAMETERS.read_bytes())["xgboost"])


class Boosting:
    """XGBoost over the last seasons.

    The last of them is predicted by a fit on those before it, which gives the temperature; then all are learned from.
    """

    name = "xgboost"

    def __init__(self, booster: Booster | None = None, temperature: float = 1.0) -> None:
        self.booster, self._temperature = booster, temperature

    @property
    def temperature(self) -> float:
        return self._temperature

    def fit(self, frame: pd.DataFrame) -> Self:
        frame = last_seasons(frame, hyperparameters()["seasons"])
        require_all_outcomes(frame, at_least=LEAST_MATCHES)
        held_out = frame["season"] == frame["season"].max()
        learned, judged = frame[~held_out], frame[held_out]
        self._temperature = 1.0
        if set(learned["outcome"].unique()) == {0, 1, 2}:  # else there is one season, and nothing to hold out
            self.booster = _boost(learned)
            outcomes = judged["outcome"].to_numpy(dtype=np.int64)
            self._temperature = fit_temperature(self.predict_proba(judged), outcomes)
        self.booster = _boost(frame)
        return self

    def predict_proba(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        return tempered(np.reshape(self._fitted.inplace_predict(_inputs(frame)), (-1, 3)), self._temperature)

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

    @property
    def _fitted(self) -> Booster:
        if self.booster is None:
            raise RuntimeError("xgboost was not fitted")
        return self.booster


def _boost(frame: pd.DataFrame) -> Booster:
    import xgboost

    chosen = hyperparameters()
    data = xgboost.QuantileDMatrix(_inputs(frame), label=frame["outcome"].to_numpy())
    return xgboost.train(FIXED | chosen["parameters"], data, num_boost_round=chosen["rounds"])


def _inputs(frame: pd.DataFrame) -> npt.NDArray[np.float32]:
    """Single precision, as the service feeds ONNX: a threshold must not fall between two roundings."""
    return frame.loc[:, list(FEATURE_NAMES)].to_numpy(dtype=np.float32)
