"""Feature columns for tests of what reads them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from footpred_dagster.core.contract import MARKET_AWARE_FEATURES


def random_features(n: int, chance: np.random.Generator) -> pd.DataFrame:
    """(n, ...) the features of both contracts, standard normal and nothing missing, and goals that follow from none."""
    names = [feature.name for feature in MARKET_AWARE_FEATURES]
    frame = pd.DataFrame(chance.normal(0, 1, (n, len(names))), columns=names)
    return frame.assign(home_goals=chance.poisson(1.5, n), away_goals=chance.poisson(1.2, n))
