"""pi-ratings: how many goals a club is better than the average, at home and away.

Constantinou & Fenton (2013), "Determining the level of ability of football teams by dynamic ratings based on the
relative discrepancies in scores between adversaries", with the constants of that paper.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np

from footpred_dagster.core.ratings.history import Floats, Matches

V = TypeVar("V", float, Floats)

LEARNING, CATCHING_UP = 0.035, 0.7
"""How far a surprise moves the rating at its venue, and the share of that by which it moves the other."""
BASE, SCALE = 10.0, 3.0
"""Logarithm and scale that turn ratings into goals and surprises into ratings."""


class Pi:
    """home, away: (clubs,) ratings of each club at its venues."""

    def __init__(self, clubs: int) -> None:
        self.home, self.away = np.zeros(clubs), np.zeros(clubs)

    def advance(self, day: Matches) -> None:
        """Ratings stand still between matches."""

    def before(self, day: Matches) -> dict[str, Floats]:
        return features(self.home[day.home], self.away[day.away])

    def learn(self, day: Matches) -> None:
        home, away = day.home, day.away
        surprise = day.home_goals - day.away_goals - goal_difference(self.home[home], self.away[away])
        change = LEARNING * np.sign(surprise) * SCALE * np.log10(1 + np.abs(surprise))
        np.add.at(self.home, home, change)
        np.add.at(self.away, home, change * CATCHING_UP)
        np.add.at(self.away, away, -change)
        np.add.at(self.home, away, -change * CATCHING_UP)


def goal_difference(home: V, away: V) -> V:
    """Expected goals of the home side more than the away side."""
    return _goals(home) - _goals(away)


def _goals(rating: V) -> V:
    """Expected goal difference of a club with ``rating`` against an average one."""
    # np.power, not **: of one number it must be what it is of many, to the last bit.
    goals: V = np.sign(rating) * (np.power(BASE, np.abs(rating) / SCALE) - 1)
    return goals


def features(home: V, away: V) -> dict[str, V]:
    """Of one pairing or many: the home club's rating at home, the away club's away, and the expected difference."""
    return {"home_pi": home, "away_pi": away, "pi_difference": goal_difference(home, away)}
