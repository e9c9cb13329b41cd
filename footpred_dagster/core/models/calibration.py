"""Temperature scaling (Guo et al. 2017): one number that makes a forecast bolder or more careful, ranks unchanged."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

Floats = npt.NDArray[np.float64]

BOUNDS = (0.5, 2.0)
"""A model that wants more than this is not miscalibrated but broken; the bound keeps it visible."""


def tempered(probabilities: Floats, temperature: float) -> Floats:
    """(n, 3) probabilities with their logarithms divided by ``temperature`` and normalised in double precision."""
    raised = np.asarray(probabilities, dtype=np.float64) ** (1.0 / temperature)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def out_of_fold(fit: Callable[[pd.DataFrame], Callable[[pd.DataFrame], Floats]], frame: pd.DataFrame) -> float:
    """The temperature for the last season of ``frame`` as predicted by a fit on those before it; 1 with one season.

    That season is what each fit calibrates on: it has not been learned from, and lies before all that is predicted.
    """
    held_out = frame["season"] == frame["season"].max()
    learned, judged = frame[~held_out], frame[held_out]
    if set(learned["outcome"].unique()) != {0, 1, 2}:
        return 1.0
    return fit_temperature(fit(learned)(judged), judged["outcome"].to_numpy(dtype=np.int64))


def fit_temperature(probabilities: Floats, outcomes: npt.NDArray[np.int64]) -> float:
    """The temperature of least log-loss on forecasts (n, 3) of ``outcomes`` (n,) the model has not learned from."""
    from scipy.optimize import minimize_scalar

    logs = np.log(probabilities)
    happened = np.arange(len(outcomes)), outcomes

    def loss(temperature: float) -> float:
        scaled = logs / temperature
        return float((np.log(np.exp(scaled).sum(axis=1)) - scaled[happened]).mean())

    return float(minimize_scalar(loss, bounds=BOUNDS, method="bounded").x)
