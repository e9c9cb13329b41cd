"""Temperature scaling (Guo et al. 2017): one number that makes a forecast bolder or more careful, ranks unchanged."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

BOUNDS = (0.5, 2.0)
"""A model that wants more than this is not miscalibrated but broken; the bound keeps it visible."""


def tempered(probabilities: Floats, temperature: float) -> Floats:
    """(n, 3) probabilities with their logarithms divided by ``temperature`` and normalised in double precision."""
    raised = np.asarray(probabilities, dtype=np.float64) ** (1.0 / temperature)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def fit_temperature(probabilities: Floats, outcomes: npt.NDArray[np.int64]) -> float:
    """The temperature of least log-loss on forecasts (n, 3) of ``outcomes`` (n,) the model has not learned from."""
    from scipy.optimize import minimize_scalar

    logs = np.log(probabilities)
    happened = np.arange(len(outcomes)), outcomes

    def loss(temperature: float) -> float:
        scaled = logs / temperature
        return float((np.log(np.exp(scaled).sum(axis=1)) - scaled[happened]).mean())

    return float(minimize_scalar(loss, bounds=BOUNDS, method="bounded").x)
