"""Standardised inputs for the linear models: the same numbers in training, in Python and in the ONNX graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

FURTHEST = 6.0
"""Standard deviations beyond which an input counts no further."""


@dataclass(frozen=True, slots=True)
class Scaling:
    """means, scales (names,): of the training matches. A missing input counts as an average one."""

    names: tuple[str, ...]
    means: tuple[float, ...]
    scales: tuple[float, ...]

    @classmethod
    def fit(cls, frame: pd.DataFrame, names: tuple[str, ...]) -> Self:
        values = _inputs(frame, names)
        known = np.isfinite(values)
        count = np.maximum(known.sum(axis=0), 1)
        means = np.where(known, values, 0.0).sum(axis=0) / count
        spread = np.sqrt((np.where(known, values - means, 0.0) ** 2).sum(axis=0) / count)
        return cls(names, tuple(means.tolist()), tuple(np.where(spread > 0, spread, 1.0).tolist()))

    def apply(self, frame: pd.DataFrame) -> Floats:
        """(n, names)"""
        apart = (_inputs(frame, self.names) - np.array(self.means)) / np.array(self.scales)
        return np.asarray(np.where(np.isnan(apart), 0.0, np.clip(apart, -FURTHEST, FURTHEST)))


def own_league(frame: pd.DataFrame) -> tuple[list[str], Floats]:
    """The divisions of ``frame``, sorted, and (n, divisions) ones and zeros: who plays in which."""
    present = sorted(frame["league"].unique())
    return present, (frame["league"].to_numpy()[:, None] == np.array(present)).astype(float)


def fading_weights(frame: pd.DataFrame, half_life: float) -> Floats:
    """(n,) weight of each match: one half for every ``half_life`` seasons before the newest."""
    start_year = frame["season"].str[:4].astype(int).to_numpy()
    return np.asarray(0.5 ** ((start_year.max() - start_year) / half_life))


def _inputs(frame: pd.DataFrame, names: tuple[str, ...]) -> Floats:
    """In the single precision in which the service feeds ONNX."""
    return np.asarray(frame.loc[:, list(names)].to_numpy(dtype=np.float32).astype(np.float64))
