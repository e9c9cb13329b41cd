"""Feature columns for tests of what reads them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from footpred_dagster.core.contract import FEATURE_NAMES


def random_features(n: int, chance: np.random.Generator) -> pd.DataFrame:
    """(n, all features of the contract) standard normal, nothing missing."""
    return pd.DataFrame(chance.normal(0, 1, (n, len(FEATURE_NAMES))), columns=list(FEATURE_NAMES))
