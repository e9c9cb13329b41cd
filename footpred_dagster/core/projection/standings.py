"""Tables by a league's own rules: of one season that was played, or of ten thousand that were simulated, alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from footpred_dagster.core.projection.rules import Criterion

Goals = npt.NDArray[np.int16]
Places = npt.NDArray[np.int64]
WIN, DRAW = 3, 1
_BITS = 11
_MIDDLE = 1 << (_BITS - 1)
"""Points, wins and goals of a season, negative ones too, fit in so many bits around here."""


def standings(
    home: Places,
    away: Places,
    home_goals: Goals,
    away_goals: Goals,
    clubs: int,
    tiebreakers: Sequence[Criterion],
    adjustments: npt.NDArray[np.int64] | None = None,
    seed: int = 0,
) -> tuple[Places, npt.NDArray[np.int64]]:
    """``(places, points)``, both (seasons, clubs): position from 0 of each club, and its points.

    home, away: (matches,) clubs as numbers from 0. home_goals, away_goals: (seasons, matches). adjustments: (clubs,)
    points given or taken by the league. Clubs still level after the tiebreakers are drawn by lot from ``seed``.
    """
    table = _Table(home, away, home_goals, away_goals, clubs)
    points = table.total(table.home_points, table.away_points)
    if adjustments is not None:
        points = points + adjustments
    # Clubs are level if they have the same rank so far; each criterion parts those that are.
    rank = points
    for criterion in tiebreakers:
        for values in _values(table, criterion, rank):
            rank = _dense(rank, values)
    lots = np.random.default_rng(seed).permuted(np.tile(np.arange(clubs), (len(points), 1)), axis=1)
    best_first = np.argsort(-(rank * clubs + lots), axis=1)
    places = np.empty_like(best_first)
    np.put_along_axis(places, best_first, np.arange(clubs)[None, :], axis=1)
    return places, points


class _Table:
    """Sums over the matches of each season, for all clubs at once."""

    def __init__(self, home: Places, away: Places, home_goals: Goals, away_goals: Goals, clubs: int) -> None:
        self.home, self.away, self.clubs = home, away, clubs
        self.at_home, self.on_road = (np.eye(clubs, dtype=np.float32)[side] for side in (home, away))
        self.home_goals, self.away_goals = home_goals, away_goals
        self.margin = home_goals - away_goals
        drawn = (self.margin == 0) * np.int16(DRAW)
        self.home_points = drawn + (self.margin > 0) * np.int16(WIN)
        self.away_points = drawn + (self.margin < 0) * np.int16(WIN)

    def total(self, at_home: Goals, on_road: Goals) -> npt.NDArray[np.int64]:
        """(seasons, clubs) of what each match (seasons, matches) gives its home and its away club."""
        # Single precision is exact for such whole numbers, and multiplies matrices ten times as fast as integers do.
        found = at_home.astype(np.float32) @ self.at_home + on_road.astype(np.float32) @ self.on_road
        return np.rint(found).astype(np.int64)

    def among(self, level: npt.NDArray[np.bool_], at_home: Goals, on_road: Goals) -> npt.NDArray[np.int64]:
        """The same over the matches alone whose clubs are ``level`` (seasons, clubs, clubs) with each other."""
        counts = level[:, self.home, self.away]
        return self.total(at_home * counts, on_road * counts)


def _values(table: _Table, criterion: Criterion, rank: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """(seasons, clubs) numbers to part clubs by, in turn; more is better."""
    if criterion == "goal_difference":
        return [table.total(table.margin, -table.margin)]
    if criterion == "goals_for":
        return [table.total(table.home_goals, table.away_goals)]
    if criterion == "wins":
        return [table.total((table.margin > 0).astype(np.int16), (table.margin < 0).astype(np.int16))]
    ordered = np.sort(rank, axis=1)
    tied = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    found = [np.zeros_like(rank), np.zeros_like(rank)]
    if tied.any():
        some = _Table(table.home, table.away, table.home_goals[tied], table.away_goals[tied], table.clubs)
        level = rank[tied][:, :, None] == rank[tied][:, None, :]
        found[0][tied] = some.among(level, some.home_points, some.away_points)
        found[1][tied] = some.among(level, some.margin, -some.margin)
    return found


def _dense(rank: npt.NDArray[np.int64], values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Small numbers that order clubs of a season by ``rank``, then by ``values``, equal where both are."""
    both = (rank << _BITS) + values + _MIDDLE
    order = np.argsort(both, axis=1)
    ordered = np.take_along_axis(both, order, axis=1)
    steps = np.concatenate(
        [np.zeros((len(both), 1), dtype=np.int64), (ordered[:, 1:] != ordered[:, :-1]).cumsum(axis=1)], axis=1
    )
    dense = np.empty_like(steps)
    np.put_along_axis(dense, order, steps, axis=1)
    return dense
