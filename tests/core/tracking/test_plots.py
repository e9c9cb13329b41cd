"""Pictures: drawn without a display, and the same bytes each time."""

from __future__ import annotations

import numpy as np

from footpred_dagster.core.market.accounts import Account, Returns
from footpred_dagster.core.statistics.reliability import reliability
from footpred_dagster.core.tracking import plots

ACCOUNTS = [
    Account("stack", "opening", 0.0, "all", "all", Returns(90, 40, 40.0, -4.0, -0.1, -0.3, 0.1)),
    Account("stack", "closing", 0.0, "all", "all", Returns(90, 2, 2.0, 1.0, 0.5)),
    Account("stack", "closing", 0.2, "all", "all", Returns(90)),
]
PNG = b"\x89PNG\r\n\x1a\n"


def test_every_picture_is_a_png_and_drawn_twice_the_same():
    chance = np.random.default_rng(1)
    probabilities = chance.dirichlet((4, 3, 3), 3000)
    outcomes = (probabilities.cumsum(axis=1) < chance.random((3000, 1))).sum(axis=1)

    def drawn() -> list[bytes]:
        return [
            plots.calibration(reliability(probabilities, outcomes), "stack 1: calibration"),
            plots.feature_importance({f"feature_{n}": 1 / 30 for n in range(30)}, "stack 1", "simulated"),
            plots.better_than_champion(
                [("xgboost", -0.001, -0.002, 0.0), ("market_closing", 0.01, 0.008, 0.012), ("new", 0.02, None, None)],
                "stack",
            ),
            plots.betting_returns(ACCOUNTS, "simulated"),
        ]

    certain = np.tile([0.97, 0.02, 0.01], (30, 1))
    assert plots.calibration(reliability(certain, np.zeros(30, dtype=np.int64)), "nothing else happened").startswith(
        PNG
    )
    first = drawn()
    assert all(picture.startswith(PNG) and len(picture) > 5000 for picture in first)
    assert drawn() == first
