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
SPREAD = 0.1
"""Standard deviation of a recipe's log-temperature before any match is seen. Temperatures of whole seasons of all main
divisions lie between 0.93 and 1.06; a season of one division alone leaves an error of 0.17 in the logarithm."""


def tempered(probabilities: Floats, temperature: float) -> Floats:
    """(n, 3) probabilities with their logarithms divided by ``temperature`` and normalised in double precision."""
    raised = np.asarray(probabilities, dtype=np.float64) ** (1.0 / temperature)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def out_of_fold(fit: Callable[[pd.DataFrame], Callable[[pd.DataFrame], Floats]], frame: pd.DataFrame) -> float:
    """The temperature for the last whole season of ``frame`` as predicted by a fit on those before it, shrunk to 1.

    That season has not been learned from, and lies before all that is predicted. One in progress would not do: of a
    few matches any temperature may come. 1 while nothing lies before a whole season.
    """
    from footpred_dagster.core.models.base import whole, whole_seasons  # pandas: the service tempers without it

    seasons = whole_seasons(frame)
    if not seasons:
        return 1.0
    learned, judged = frame[frame["season"] < seasons[-1]], frame[(frame["season"] == seasons[-1]) & whole(frame)]
    if set(learned["outcome"].unique()) != {0, 1, 2}:
        return 1.0
    return fit_temperature(fit(learned)(judged), judged["outcome"].to_numpy(dtype=np.int64), SPREAD)


def fit_temperature(probabilities: Floats, outcomes: npt.NDArray[np.int64], spread: float = np.inf) -> float:
    """The temperature of least log-loss on forecasts (n, 3) of ``outcomes`` (n,) the model has not learned from.

    ``spread``: standard deviation of a normal prior of its logarithm around 0, which shrinks it to 1 the more the
    fewer the matches.
    """
    from scipy.optimize import minimize_scalar

    logs = np.log(probabilities)
    happened = np.arange(len(outcomes)), outcomes

    def loss(temperature: float) -> float:
        scaled = logs / temperature
        unlikely = (np.log(temperature) / spread) ** 2 / (2 * len(outcomes))
        return float((np.log(np.exp(scaled).sum(axis=1)) - scaled[happened]).mean() + unlikely)

    return float(minimize_scalar(loss, bounds=BOUNDS, method="bounded").x)
