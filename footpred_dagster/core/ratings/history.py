"""History as the ratings read it, and the one way through it: a day at a time, all of a day from the days before."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

R = TypeVar("R", bound="Rater")

UNSEEN = -99
"""Season, division or day of a club or division that has not played yet."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Matches and fixtures in order of ``day`` (ordinal): (n,) each, and what was observed of them, (statistics, n).

    home, away, league: numbers from 0. season: a number that grows by one a season. tier: from 1. Goals are NaN until
    played. home_x, away_x: statistics in units of goals, NaN where not observed; noise: variance of each over its mean.
    """

    day: Ints
    season: Ints
    league: Ints
    tier: Ints
    home: Ints
    away: Ints
    home_goals: Floats
    away_goals: Floats
    home_x: Floats
    away_x: Floats
    noise: Floats

    def __len__(self) -> int:
        return len(self.day)

    @property
    def clubs(self) -> int:
        return int(max(self.home.max(initial=-1), self.away.max(initial=-1))) + 1

    @property
    def leagues(self) -> int:
        return int(self.league.max(initial=-1)) + 1

    def take(self, rows: Ints) -> Matches:
        return Matches(*(getattr(self, name)[..., rows] for name in _COLUMNS))


_COLUMNS = tuple(field.name for field in fields(Matches))


class Rater(Protocol):
    """What is known of all clubs at some instant, and how the matches of one ``day`` change it."""

    def advance(self, day: Matches) -> None:
        """Let time pass for those who play: drift, and the summer for clubs that begin a season."""

    def before(self, day: Matches) -> dict[str, Floats]:
        """What is known of each match on its morning, by the name it is stored under, (matches,) each."""

    def learn(self, day: Matches) -> None:
        """Take in the results. Nobody plays twice a day, so all clubs may move at once."""


def mornings(rater: R, matches: Matches) -> Iterator[tuple[Ints, Matches, R]]:
    """Each day's row numbers and matches, and the rater advanced to that morning. Afterwards ``rater`` knows it all.

    A match without a result leaves no trace: whether a fixture was ever listed changes nothing that comes after it.
    """
    has_result = np.isfinite(matches.home_goals) & np.isfinite(matches.away_goals)
    days = np.split(np.arange(len(matches)), np.flatnonzero(np.diff(matches.day)) + 1)
    for rows in days if len(matches) else []:
        played, to_come = rows[has_result[rows]], rows[~has_result[rows]]
        if len(to_come):
            day = matches.take(to_come)
            yield to_come, day, advanced(rater, day)
        if len(played):
            day = matches.take(played)
            rater.advance(day)
            yield played, day, rater
            rater.learn(day)


def advanced(rater: R, day: Matches) -> R:
    """A copy of ``rater`` on the morning of ``day``; the original does not move."""
    aside = copy.deepcopy(rater)
    aside.advance(day)
    return aside


def rate(rater: Rater, matches: Matches) -> dict[str, Floats]:
    """(n,) what was known before each match, by name; empty for no matches."""
    found: dict[str, Floats] = {}
    for rows, day, known in mornings(rater, matches):
        for name, values in known.before(day).items():
            found.setdefault(name, np.empty(len(matches)))[rows] = values
    return found
