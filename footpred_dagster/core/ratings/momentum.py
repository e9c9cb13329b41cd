"""Momentum: how far a club's latest matches went better than its strength said, in pseudo-goals a match.

Exponentially weighted means of the surprise: short and long over all matches, and one over matches at each venue, which
stands for a home advantage of the club's own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from footpred_dagster.core.ratings.history import Floats, Ints

LONG, SHORT, VENUE = 0.1, 0.25, 0.08
"""Weight of the latest match."""


class Tempos(NamedTuple):
    """Momentum of one club or many, over all its matches and at either venue."""

    long: Floats
    short: Floats
    at_home: Floats
    away: Floats


def features(home: Tempos, away: Tempos) -> dict[str, Floats]:
    """Of one pairing or many, by the name it is stored under."""
    return {
        "home_momentum": home.long,
        "away_momentum": away.long,
        "home_short_momentum": home.short,
        "away_short_momentum": away.short,
        "home_venue_momentum": home.at_home,
        "away_venue_momentum": away.away,
    }


class Momentum:
    """Of all clubs, (clubs,) each."""

    def __init__(self, clubs: int) -> None:
        self.tempos = Tempos(*(np.zeros(clubs) for _ in Tempos._fields))

    def of(self, clubs: Ints) -> Tempos:
        return Tempos(*(values[clubs] for values in self.tempos))

    def learn(self, home: Ints, away: Ints, surprise: Floats) -> None:
        """``surprise``: (n,) goal difference of the home side beyond what was expected."""
        tempos = self.tempos
        for clubs, venue, better in ((home, tempos.at_home, surprise), (away, tempos.away, -surprise)):
            for values, weight in ((tempos.long, LONG), (tempos.short, SHORT), (venue, VENUE)):
                values[clubs] += weight * (better - values[clubs])
