"""What a candidate is: fit on a frame, predict a frame, write itself down as files. No clock, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from footpred_dagster.core.features.contract import Feature

MOSTLY_WHOLE = 0.5


class DegenerateData(ValueError):
    """The training frame cannot teach this model (too few matches, an outcome missing, nothing but nulls)."""


class Model(Protocol):
    """A recipe and, once fitted, its parameters.

    Frames hold the contract's columns, ``league``, ``season``, ``outcome`` and the goals of both sides.
    """

    name: ClassVar[str]
    contract: ClassVar[tuple[Feature, ...]]
    """The columns it may read, in the order in which its graph takes them."""

    def fit(self, frame: pd.DataFrame) -> Self:
        """Learn from played matches; raises DegenerateData when there is nothing to learn from."""
        ...

    def predict_proba(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Probabilities (n, 3) of home, draw, away, strictly positive, rows summing to one."""
        ...

    def contributions(self, frame: pd.DataFrame) -> npt.NDArray[np.float64]:
        """(n, features of the contract + 1) what each feature adds to log(home win / away win), and last what is left
        of it in an average match: home advantage. Rows add up to those log-odds before the model's temperature."""
        ...

    def hyperparameters(self) -> dict[str, Any]:
        """What was chosen before the fit, by name: for the experiment log."""
        ...

    @property
    def temperature(self) -> float:
        """What the ONNX graph's log-probabilities are divided by to give ``predict_proba``; 1 changes nothing."""
        ...

    def importance(self) -> dict[str, float]:
        """Share of what the fitted model owes to each feature, largest first; empty for one that reads none."""
        ...

    def files(self) -> dict[str, bytes]:
        """The fitted model in its native form, by file name: JSON or UBJ, never a pickle. Equal fits, equal bytes."""
        ...

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self: ...

    def to_onnx(self) -> bytes:
        """The same model as an ONNX graph, before the temperature.

        Inputs, each only if it is used: ``features`` float32 (n, columns of the contract in order), ``league`` int64
        (n,) position in ``contract.LEAGUES`` or -1. Output ``probabilities`` float32 (n, 3).
        """
        ...


def require_all_outcomes(frame: pd.DataFrame, at_least: int) -> None:
    """Raise DegenerateData unless ``frame`` has that many matches and each outcome among them."""
    if len(frame) < at_least:
        raise DegenerateData(f"{len(frame)} matches to learn from, {at_least} needed")
    if missing := {0, 1, 2} - set(frame["outcome"].unique()):
        raise DegenerateData(f"outcomes {sorted(missing)} never happen in {len(frame)} matches")


def whole(frame: pd.DataFrame) -> pd.Series:
    """Whether each match is of a league-season that is over and loaded whole: its column ``whole``.

    All are in a frame without that column.
    """
    return frame["whole"] if "whole" in frame else pd.Series(data=True, index=frame.index)


def whole_seasons(frame: pd.DataFrame) -> list[str]:
    """The seasons, in order, of which at least half of the matches are of league-seasons that are ``whole``."""
    shares = whole(frame).groupby(frame["season"]).mean()
    return sorted(shares.index[shares >= MOSTLY_WHOLE])


def last_seasons(frame: pd.DataFrame, count: int) -> pd.DataFrame:
    """The matches of the last ``count`` seasons that ``frame`` holds."""
    return frame[frame["season"].isin(sorted(frame["season"].unique())[-count:])]
