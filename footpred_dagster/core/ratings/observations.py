"""What the strengths are learnt from: statistics in units of goals, and a mix of them all.

Pseudo-goals say what a score should have been: goals mixed with shots on target, other shots and corners, each at the
rate at which the division turned it into goals in its season before, which is what is known when a match begins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from footpred_dagster.core.ratings.history import Floats

if TYPE_CHECKING:
    import pandas as pd

WEIGHTS = (0.35, 0.35, 0.15, 0.15)
"""Of goals, shots on target, other shots and corners."""
LEAST_SHOTS, LEAST_ON_TARGET = 5, 1
"""Of both sides together; a match with fewer was not counted but filled with zeros."""
NOISE, NOISE_GOALS_ONLY = 0.4, 1.4
"""Variance of pseudo-goals over their mean; of goals alone it is 1.4 with what a Poisson model leaves out."""
PER_GOAL = {"shots_on_target": 3.4, "shots": 8.4, "corners": 3.8}
"""Of a home side for each 1.5 goals, 2006-07 to 2020-21: scales each statistic so that one prior fits all."""
STATISTIC_NOISE = {"shots_on_target": 0.4, "shots": 0.25, "corners": 0.4}

STATISTICS = ("goals", *PER_GOAL)
"""The filters: the first is pseudo-goals, which are goals where nothing else was counted."""
COLUMNS = tuple(f"{side}_{statistic}" for statistic in STATISTICS for side in ("home", "away"))


class Observed(NamedTuple):
    """(statistics, n) each: in units of goals, NaN where not counted; noise is the variance over the mean."""

    home: Floats
    away: Floats
    noise: Floats


def observe(matches: pd.DataFrame) -> Observed:
    """``matches``: country, league, season (start year, whole number) and COLUMNS as floats, NaN where missing."""
    home, away = (_side(matches, side) for side in ("home", "away"))
    counted = (home["shots"] + away["shots"] >= LEAST_SHOTS) & (
        home["shots_on_target"] + away["shots_on_target"] >= LEAST_ON_TARGET
    )
    goals = home["goals"] + away["goals"]
    mixed = [WEIGHTS[0] * side["goals"] for side in (home, away)]
    for weight, statistic in zip(WEIGHTS[1:], ("shots_on_target", "wide", "corners"), strict=True):
        total = np.where(counted, home[statistic] + away[statistic], np.nan)
        rate = _goals_each(matches, goals, total)
        mixed = [so_far + weight * rate * side[statistic] for so_far, side in zip(mixed, (home, away), strict=True)]
    complete = counted & np.isfinite(mixed[0]) & np.isfinite(mixed[1])
    rows = [
        (
            *(np.where(complete, x, side["goals"]) for x, side in zip(mixed, (home, away), strict=True)),
            np.where(complete, NOISE, NOISE_GOALS_ONLY),
        )
    ]
    for statistic, per_goal in PER_GOAL.items():
        any_at_all = home[statistic] + away[statistic] > 0
        scaled = (np.where(any_at_all, side[statistic] / per_goal, np.nan) for side in (home, away))
        rows.append((*scaled, np.full(len(matches), STATISTIC_NOISE[statistic])))
    return Observed(*(np.array(values) for values in zip(*rows, strict=True)))


def _side(matches: pd.DataFrame, side: str) -> dict[str, Floats]:
    found = {statistic: matches[f"{side}_{statistic}"].to_numpy(dtype=float) for statistic in STATISTICS}
    return found | {"wide": found["shots"] - found["shots_on_target"]}


def _goals_each(matches: pd.DataFrame, goals: Floats, total: Floats) -> Floats:
    """(n,) goals per unit in the division's season before, else in all earlier ones of its country, else NaN."""
    import pandas as pd  # here: the service reads the constants above and does without it

    seen = np.isfinite(total) & np.isfinite(goals)
    where = matches[["country", "league", "season"]]
    sums = where.assign(goals=goals, total=total)[seen]
    own = sums.groupby(["league", "season"])[["goals", "total"]].sum()
    own = (own["goals"] / own["total"]).rename("own").reset_index().assign(season=lambda rows: rows["season"] + 1)
    country = sums.groupby(["country", "season"])[["goals", "total"]].sum().groupby(level="country").cumsum()
    country = (country["goals"] / country["total"]).rename("earlier").reset_index()
    asked = where.drop_duplicates().merge(own, how="left", on=["league", "season"])
    asked = pd.merge_asof(
        asked.sort_values("season"),
        country.astype({"season": asked["season"].dtype}).sort_values("season"),
        on="season",
        by="country",
        allow_exact_matches=False,
    )
    asked["rate"] = asked["own"].fillna(asked["earlier"])
    rates = where.merge(asked, how="left", on=["country", "league", "season"])["rate"]
    return np.asarray(rates.to_numpy(dtype=float))
