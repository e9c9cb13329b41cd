"""The stack: a weighted sum of its members' log-odds, and so no less readable than they are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from footpred_dagster.core.features.contract import FEATURES, Feature
from footpred_dagster.core.models.base import Model
from footpred_dagster.core.models.boosted_trees import HYPERPARAMETERS, Boosting
from footpred_dagster.core.models.dixon_coles import DixonColes
from footpred_dagster.core.models.logit import StrengthLogit
from footpred_dagster.core.models.onnx_graphs import log_pool
from footpred_dagster.core.models.scaling import Floats
from footpred_dagster.core.models.temperature import tempered

MEMBERS: dict[str, type[Model]] = {member.name: member for member in (StrengthLogit, Boosting, DixonColes)}


@cache
def pool_weights() -> dict[str, float]:
    """Weight of each member's log-odds, as committed beside this module; chosen on seasons that select."""
    return dict(json.loads(HYPERPARAMETERS.read_bytes())["stack"]["weights"])


class Stack:
    """members: fitted models by name, each calibrated by itself."""

    name: ClassVar[str] = "stack"
    contract: ClassVar[tuple[Feature, ...]] = FEATURES
    temperature = 1.0

    def __init__(self, members: Mapping[str, Model] | None = None) -> None:
        self.members = dict(members or {})

    def fit(self, frame: pd.DataFrame) -> Self:
        self.members = {name: MEMBERS[name]().fit(frame) for name in pool_weights()}
        return self

    def predict_proba(self, frame: pd.DataFrame) -> Floats:
        return pool({name: model.predict_proba(frame) for name, model in self.members.items()})

    def contributions(self, frame: pd.DataFrame) -> Floats:
        """The members' by their weights, each divided by its temperature: members are calibrated by themselves, and the
        pool of their log-odds is what the stack says before any calibration of its own."""
        shares = {name: weight / self.members[name].temperature for name, weight in pool_weights().items()}
        return np.asarray(sum(share * self.members[name].contributions(frame) for name, share in shares.items()))

    def hyperparameters(self) -> dict[str, Any]:
        return {f"weight_{name}": weight for name, weight in pool_weights().items()}

    def importance(self) -> dict[str, float]:
        """The members' shares by their weights."""
        total = sum(pool_weights().values())
        shares: dict[str, float] = {}
        for name, model in self.members.items():
            for feature, share in model.importance().items():
                shares[feature] = shares.get(feature, 0.0) + share * pool_weights()[name] / total
        return dict(sorted(shares.items(), key=lambda item: -item[1]))

    def files(self) -> dict[str, bytes]:
        return {f"{name}/{file}": body for name, model in self.members.items() for file, body in model.files().items()}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        def own(name: str) -> dict[str, bytes]:
            return {path.removeprefix(f"{name}/"): body for path, body in files.items() if path.startswith(f"{name}/")}

        return cls({name: MEMBERS[name].from_files(own(name)) for name in pool_weights()})

    def to_onnx(self) -> bytes:
        # A temperature divides log-probabilities, and so does a smaller weight.
        weighted = {
            name: (model.to_onnx(), pool_weights()[name] / model.temperature) for name, model in self.members.items()
        }
        return log_pool(self.name, self.contract, weighted)


def temperatures(model: Model) -> dict[str, float]:
    """The temperature of a fitted model by its name; of a stack, those of its members."""
    return {each.name: each.temperature for each in (model.members.values() if isinstance(model, Stack) else [model])}


def pool(predictions: Mapping[str, Floats]) -> Floats:
    """(n, 3) of the members' (n, 3) by name: probabilities proportional to the product of powers of theirs."""
    logs = sum(weight * np.log(predictions[name]) for name, weight in pool_weights().items())
    return tempered(np.exp(logs - np.max(logs, axis=1, keepdims=True)), 1.0)
