"""All ratings of a club together, and what they say of any pairing: the ratings' half of a feature row.

A pairing is rated by the same expressions whether its clubs come out of the pass through history or out of a store.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from footpred_dagster.core.ratings import elo, momentum, pi, strengths
from footpred_dagster.core.ratings.elo import Elo
from footpred_dagster.core.ratings.history import Floats, Ints, Matches
from footpred_dagster.core.ratings.pi import Pi
from footpred_dagster.core.ratings.strengths import Division, Strengths


class Club(NamedTuple):
    """One club or many, (...,) each; attack and defence (statistics, ...), momentum (tempos, ...)."""

    elo: Floats
    home_pi: Floats
    away_pi: Floats
    attack: Floats
    defence: Floats
    momentum: Floats


def features(home: Club, away: Club, division: Division) -> dict[str, Floats]:
    """Every rating feature of a pairing, by its name in the contract."""
    return {
        **elo.features(home.elo, away.elo),
        **pi.features(home.home_pi, away.away_pi),
        **strengths.features(
            strengths.Side(home.attack, home.defence), strengths.Side(away.attack, away.defence), division
        ),
        **momentum.features(momentum.Tempos(*home.momentum), momentum.Tempos(*away.momentum)),
    }


@dataclass(frozen=True, slots=True)
class Raters:
    """All of them, as one: a rater."""

    elo: Elo
    pi: Pi
    strengths: Strengths

    @classmethod
    def fresh(cls, matches: Matches) -> Raters:
        """Before the first of ``matches``."""
        return cls(Elo(matches.clubs), Pi(matches.clubs), Strengths(matches.clubs, matches.leagues))

    def advance(self, day: Matches) -> None:
        for rater in (self.elo, self.pi, self.strengths):
            rater.advance(day)

    def before(self, day: Matches) -> dict[str, Floats]:
        return features(self.clubs(day.home), self.clubs(day.away), self.strengths.division(day.league))

    def learn(self, day: Matches) -> None:
        for rater in (self.elo, self.pi, self.strengths):
            rater.learn(day)

    def clubs(self, clubs: Ints) -> Club:
        side = self.strengths.side(clubs)
        tempos = np.stack(self.strengths.momentum.of(clubs))
        return Club(self.elo.points[clubs], self.pi.home[clubs], self.pi.away[clubs], *side, tempos)


def appearance(day: int, season: int, league: int, tier: int, clubs: Ints) -> Matches:
    """A day on which ``clubs`` show up in a league, each by itself: what takes them into its season."""
    same = np.ones(len(clubs), dtype=np.int64)
    nothing = np.full(len(clubs), np.nan)
    return Matches(
        day * same,
        season * same,
        league * same,
        tier * same,
        clubs,
        clubs,
        nothing,
        nothing,
        nothing[None],
        nothing[None],
        nothing[None],
    )
