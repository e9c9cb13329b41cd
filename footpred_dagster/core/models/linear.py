"""What the linear models share: standardised inputs, weights, and an intercept with a part of each division's own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from footpred_dagster.core.features.contract import FEATURES, LEAGUES, Feature
from footpred_dagster.core.models.baselines import PARAMETERS, parameter_file
from footpred_dagster.core.models.scaling import Floats, Scaling

SEASONS, HALF_LIFE = 12, 5.0
"""Seasons learned from, and after how many of them a match counts half. Twenty seasons, or half-lives of 3 and 8,
change the fifth decimal on 2021-22 and 2022-23."""
PENALTY = 100.0
"""Ridge on standardised inputs: 30 and 300 change the fifth decimal."""


class LinearByLeague:
    """weights (inputs, outputs), common (outputs,), leagues: own part of the intercept by division.

    Outputs begin with home and end with away.
    """

    contract: ClassVar[tuple[Feature, ...]] = FEATURES
    inputs: ClassVar[tuple[str, ...]]
    outputs: ClassVar[int]

    def __init__(
        self,
        scaling: Scaling | None = None,
        weights: list[list[float]] | None = None,
        common: list[float] | None = None,
        leagues: dict[str, list[float]] | None = None,
    ) -> None:
        self.scaling = scaling or Scaling((), (), ())
        self.weights, self.common, self.leagues = weights or [], common or [], leagues or {}

    def own(self, leagues: Iterable[str]) -> Floats:
        """(n, outputs): each division's own part of the intercept, zero for one that was never learned from."""
        nothing = [0.0] * self.outputs
        return np.array([self.leagues.get(league, nothing) for league in leagues]).reshape(-1, self.outputs)

    def biases(self) -> Floats:
        """(leagues + 1, outputs) as the graphs want them; the last row is for any other division."""
        return np.asarray(self.own((*LEAGUES, "")) + np.array(self.common))

    def scores(self, frame: pd.DataFrame) -> Floats:
        """(n, outputs)"""
        standardised = self.scaling.apply(frame) @ np.array(self.weights)
        return np.asarray(standardised + np.array(self.common) + self.own(frame["league"]))

    def hyperparameters(self) -> dict[str, Any]:
        return {"seasons": SEASONS, "half_life": HALF_LIFE, "penalty": PENALTY, "features": len(self.inputs)}

    def importance(self) -> dict[str, float]:
        """By the size of the standardised weights of home against away."""
        sizes = np.abs(np.array(self.weights)[:, 0] - np.array(self.weights)[:, -1])
        shares = dict(zip(self.inputs, (sizes / sizes.sum()).tolist(), strict=True))
        return dict(sorted(shares.items(), key=lambda item: -item[1]))

    def learned(self) -> dict[str, Any]:
        """All that a fit found, by the name of the constructor's argument, the scaling apart."""
        return {"weights": self.weights, "common": self.common, "leagues": self.leagues}

    def files(self) -> dict[str, bytes]:
        return parameter_file(means=self.scaling.means, scales=self.scaling.scales, **self.learned())

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        learned = json.loads(files[PARAMETERS])
        scaling = Scaling(cls.inputs, tuple(learned.pop("means")), tuple(learned.pop("scales")))
        return cls(scaling, **learned)
