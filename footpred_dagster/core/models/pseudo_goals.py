"""What a score should have been: goals mixed with shots on target, other shots and corners.

Each statistic counts at the rate at which the division turned it into goals in its season before: what is known when a
match begins.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

WEIGHTS = (0.35, 0.35, 0.15, 0.15)
"""Of goals, shots on target, other shots and corners."""
LEAST_SHOTS, LEAST_ON_TARGET = 5, 1
"""Of both sides together; a match with fewer was not counted but filled with zeros."""

STATISTICS = ("goals", "shots", "shots_on_target", "corners")
COLUMNS = tuple(f"{side}_{statistic}" for statistic in STATISTICS for side in ("home", "away"))


class PseudoGoals(NamedTuple):
    """(n,) each: pseudo-goals of both sides, NaN for a fixture, and whether statistics went into them."""

    home: Floats
    away: Floats
    with_statistics: npt.NDArray[np.bool_]


def pseudo_goals(matches: pd.DataFrame) -> PseudoGoals:
    """``matches`` holds ``league``, ``season`` (start year, whole number) and COLUMNS as floats, NaN where missing."""
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
    return PseudoGoals(
        np.where(complete, mixed[0], home["goals"]), np.where(complete, mixed[1], away["goals"]), complete
    )


def _side(matches: pd.DataFrame, side: str) -> dict[str, Floats]:
    found = {statistic: matches[f"{side}_{statistic}"].to_numpy(dtype=float) for statistic in STATISTICS}
    return found | {"wide": found["shots"] - found["shots_on_target"]}


def _goals_each(matches: pd.DataFrame, goals: Floats, total: Floats) -> Floats:
    """(n,) goals per unit of a statistic in the division's previous season, else in all seasons before, else NaN."""
    seen = np.isfinite(total) & np.isfinite(goals)
    sums = pd.DataFrame({"league": matches["league"], "season": matches["season"], "goals": goals, "total": total})
    sums = sums[seen].groupby(["league", "season"])[["goals", "total"]].sum()
    own = (sums["goals"] / sums["total"]).rename("own").reset_index().assign(season=lambda rows: rows["season"] + 1)
    everywhere = sums.groupby("season")[["goals", "total"]].sum().cumsum()
    pooled = (everywhere["goals"] / everywhere["total"]).rename("pooled").reset_index()
    asked = matches[["league", "season"]].drop_duplicates().merge(own, how="left", on=["league", "season"])
    asked = pd.merge_asof(
        asked.sort_values("season"),
        pooled.astype({"season": asked["season"].dtype}),
        on="season",
        allow_exact_matches=False,
    )
    asked["rate"] = asked["own"].fillna(asked["pooled"])
    rates = matches[["league", "season"]].merge(asked, how="left", on=["league", "season"])["rate"]
    return np.asarray(rates.to_numpy(dtype=float))
