"""Bookmakers' prices as forecasts: the opening and the closing line."""

from __future__ import annotations

import pandas as pd

from footpred_dagster.core.domain.odds import power_devig
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES as PROBABILITIES

MARKET_LINES = ("market_opening", "market_closing")


def market_line(frame: pd.DataFrame, line: str) -> pd.DataFrame:
    """De-vigged probabilities of ``market_opening`` or ``market_closing``; rows without a price are left out."""
    prefix = line.removeprefix("market_")
    odds = frame[[f"{prefix}_odds_{side}" for side in ("home", "draw", "away")]].to_numpy(dtype=float)
    probabilities = pd.DataFrame(power_devig(odds), index=frame.index, columns=PROBABILITIES)
    return probabilities.dropna()
