"""Elo: one number a club, moved by each result as far as it was a surprise.

As in World Football Elo (eloratings.net): the expected score is logistic in the rating difference plus home advantage,
and a bigger win counts more. Clubs start by the tier of their division and begin each season a little nearer to its
level, so promotion and relegation are felt before the first match.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from footpred_dagster.core.ratings.history import UNSEEN, Floats, Matches

V = TypeVar("V", float, Floats)

K, HOME = 16.0, 60.0
"""Points a match moves at even odds, and home advantage in points."""
START, TIER_STEP = 1500.0, 120.0
"""A club first seen in tier t starts this many points lower per tier: lower divisions are weaker."""
CARRIED = 1.0
"""Share of the distance from its tier's start that a club keeps over a summer."""


def margin_multiplier(goal_difference: Floats) -> Floats:
    """How much more a bigger win counts: 1, 1.5, 1.75, then an eighth per goal (World Football Elo)."""
    margin = np.abs(goal_difference)
    return np.where(margin <= 1, 1.0, np.where(margin == 2, 1.5, (11.0 + margin) / 8.0))


class Elo:
    """points and season: (clubs,) rating, and the season each last played in."""

    def __init__(self, clubs: int) -> None:
        self.points = np.zeros(clubs)
        self.season = np.full(clubs, UNSEEN)

    def advance(self, day: Matches) -> None:
        for clubs in (day.home, day.away):
            level = START - TIER_STEP * (day.tier - 1)
            now, last = self.points[clubs], self.season[clubs]
            carried = level + CARRIED * (now - level)
            self.points[clubs] = np.where(last == UNSEEN, level, np.where(last == day.season, now, carried))
            self.season[clubs] = day.season

    def before(self, day: Matches) -> dict[str, Floats]:
        return features(self.points[day.home], self.points[day.away])

    def learn(self, day: Matches) -> None:
        home, away = day.home, day.away
        goals = day.home_goals - day.away_goals
        expected = 1 / (1 + 10 ** (-(self.points[home] + HOME - self.points[away]) / 400))
        change = K * margin_multiplier(goals) * ((np.sign(goals) + 1) / 2 - expected)
        np.add.at(self.points, home, change)
        np.add.at(self.points, away, -change)


def features(home: V, away: V) -> dict[str, V]:
    """Of one pairing or many: both ratings, and their difference without home advantage."""
    return {"home_elo": home, "away_elo": away, "elo_difference": home - away}
