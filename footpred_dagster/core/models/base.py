"""What a candidate is: fit on a frame, predict a frame, write itself down as JSON. No clock, no I/O."""

from __future__ import annotations

from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
import pandas as pd


class DegenerateData(ValueError):
    """The training frame cannot teach this model (too few matches, an outcome missing, nothing but nulls)."""


class Model(Protocol):
    """A recipe and, once fitted, its parameters.

    Frames hold feature columns, ``league``, ``season`` and ``outcome``.
    """

    name: str

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn from played matches; raises DegenerateData when there is nothing to learn from."""
        ...

    def predict_proba(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Probabilities (n, 3) of home, draw, away, strictly positive, rows summing to one."""
        ...

    def parameters(self) -> dict[str, Any]:
        """Everything needed to predict, as JSON: no pickles."""
        ...

    @classmethod
    def from_parameters(cls, parameters: dict[str, Any]) -> Self: ...


def require_all_outcomes(frame: pd.DataFrame, at_least: int) -> None:
    """Raise DegenerateData unless ``frame`` has that many matches and each outcome among them."""
    if len(frame) < at_least:
        raise DegenerateData(f"{len(frame)} matches to learn from, {at_least} needed")
    if missing := {0, 1, 2} - set(frame["outcome"].unique()):
        raise DegenerateData(f"outcomes {sorted(missing)} never happen in {len(frame)} matches")
