"""Feature columns for tests of what reads them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from footpred_dagster.core.domain import Season
from footpred_dagster.core.features.contract import LEAGUES, MARKET_AWARE_FEATURES


def random_features(n: int, chance: np.random.Generator) -> pd.DataFrame:
    """(n, ...) the features of both contracts, standard normal and nothing missing, and goals that follow from none."""
    names = [feature.name for feature in MARKET_AWARE_FEATURES]
    frame = pd.DataFrame(chance.normal(0, 1, (n, len(names))), columns=names)
    return frame.assign(home_goals=chance.poisson(1.5, n), away_goals=chance.poisson(1.2, n))


def judged_history(per_season: int = 150) -> pd.DataFrame:
    """Seven complete seasons of all divisions, some without shots, with a closing price for every match."""
    chance = np.random.default_rng(6)
    seasons = [str(Season(start)) for start in range(2018, 2025)]
    n = per_season * len(seasons)
    frame = random_features(n, chance)
    edge = frame["log_goals_difference"] + chance.logistic(0, 1, n)
    season = np.repeat(seasons, per_season)
    days = pd.to_datetime(pd.Series(season).str[:4] + "-09-01", utc=True) + pd.to_timedelta(
        np.arange(n) % 200, unit="D"
    )
    odds = {f"{line}_odds_{side}": 2.9 for line in ("opening", "closing") for side in ("home", "draw", "away")}
    frame["home_shots_on_target_for_last_10"] = np.where(np.arange(n) % 5 == 0, np.nan, 4.0)
    return frame.assign(
        match_id=[f"m{number}" for number in range(n)],
        season=season,
        league=np.resize(LEAGUES, n),
        kickoff=days,
        outcome=np.where(edge > 0.5, 0, np.where(edge > -0.5, 1, 2)),
        **odds,
    )
