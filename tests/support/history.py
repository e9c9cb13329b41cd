"""Small histories for the raters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from footpred_dagster.core.ratings.history import Matches, Rater, rate
from footpred_dagster.core.ratings.observations import NOISE_GOALS_ONLY, STATISTICS


@dataclass(frozen=True)
class Game:
    """One match, or with a score of None a fixture; clubs are numbers."""

    day: int
    home: int
    away: int
    score: tuple[int, int] | None
    tier: int = 1
    season: int = 2024
    league: int = 0


def matches(games: Sequence[Game]) -> Matches:
    """Goals are all that was observed of them."""
    whole = {
        name: np.array([getattr(game, name) for game in games], dtype=np.int64)
        for name in ("day", "season", "league", "tier", "home", "away")
    }
    goals = np.array([game.score or (np.nan, np.nan) for game in games], dtype=float).reshape(-1, 2).T
    nothing = np.full((len(STATISTICS) - 1, len(games)), np.nan)
    return Matches(
        **whole,
        home_goals=goals[0],
        away_goals=goals[1],
        home_x=np.vstack([goals[:1], nothing]),
        away_x=np.vstack([goals[1:], nothing]),
        noise=np.full((len(STATISTICS), len(games)), NOISE_GOALS_ONLY),
    )


def rated(rater: Rater, games: Sequence[Game]) -> list[dict[str, float]]:
    """What was known before each game, in the order given; games of a day may come in any order."""
    columns = rate(rater, matches(games))
    return [{name: float(values[row]) for name, values in columns.items()} for row in range(len(games))]


def without(history: Matches, rows: Sequence[int]) -> Matches:
    return Matches(**{f.name: np.delete(getattr(history, f.name), rows, axis=-1) for f in fields(Matches)})


def with_goals(history: Matches, row: int, home: float, away: float) -> Matches:
    """Another result of one match; NaN makes it a fixture."""
    changed = {}
    for name, goals in (("home_goals", home), ("away_goals", away)):
        changed[name] = getattr(history, name).copy()
        changed[name][row] = goals
    for name, goals in (("home_x", home), ("away_x", away)):
        changed[name] = getattr(history, name).copy()
        changed[name][0, row] = goals
    return replace(history, **changed)
