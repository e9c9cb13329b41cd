"""Places and points by the rules of a league: of one season that was played, or of thousands that were simulated.

All arrays are of the seasons at once: ``(seasons, clubs)`` or ``(seasons, matches)``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from footpred_dagster.core.domain.tiebreakers import Criterion

Goals = npt.NDArray[np.int16]
Places = npt.NDArray[np.int64]
DRAW = 1
_BITS = 11
_MIDDLE = 1 << (_BITS - 1)
"""Points, wins and goals of a season, negative ones too, fit in so many bits around here."""
_PER_GAME_STEPS = 10**9
"""Points per game are compared to so many parts of a point."""


def standings(
    home: Places,
    away: Places,
    home_goals: Goals,
    away_goals: Goals,
    clubs: int,
    tiebreakers: Sequence[Criterion],
    adjustments: npt.NDArray[np.int64] | None = None,
    seed: int = 0,
    win: int = 3,
) -> tuple[Places, npt.NDArray[np.int64]]:
    """``(places, points)``, both (seasons, clubs): position from 0 of each club, all different, and its points.

    Clubs still level after the tiebreakers are drawn by lot from ``seed``. Arguments otherwise as of ``ranks``.
    """
    rank, points = ranks(home, away, home_goals, away_goals, clubs, tiebreakers, adjustments, win=win)
    lots = np.random.default_rng(seed).permuted(np.tile(np.arange(clubs), (len(points), 1)), axis=1)
    best_first = np.argsort(-(rank * clubs + lots), axis=1)
    places = np.empty_like(best_first)
    np.put_along_axis(places, best_first, np.arange(clubs)[None, :], axis=1)
    return places, points


def ranks(
    home: Places,
    away: Places,
    home_goals: Goals,
    away_goals: Goals,
    clubs: int,
    tiebreakers: Sequence[Criterion],
    adjustments: npt.NDArray[np.int64] | None = None,
    *,
    win: int = 3,
    per_game: bool = False,
    groups: Places | None = None,
    known: Mapping[Criterion, Places] | None = None,
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """``(rank, points)``, both (seasons, clubs): the higher rank is the better, equal where the rules leave two level.

    home, away: (matches,) clubs as numbers from 0. home_goals, away_goals: (seasons, matches). adjustments: (clubs,)
    points given or taken. per_game: rank by points per match; not with groups. groups: (clubs,) number of the group a
    club is in; a lower one ranks before a higher one whatever the points. known: (clubs,) values of criteria that
    matches do not tell.
    """
    table = _Table(home, away, home_goals, away_goals, clubs, win)
    points = table.total(table.home_points, table.away_points)
    if adjustments is not None:
        points = points + adjustments
    rank = points
    if per_game:
        played = np.bincount(np.concatenate([home, away]), minlength=clubs)
        rank = np.rint(points / np.maximum(played, 1) * _PER_GAME_STEPS).astype(np.int64)
    if groups is not None:
        rank = _dense(np.broadcast_to(-groups, points.shape), points)
    # Clubs are level if they have the same rank so far; each criterion parts those that are.
    for criterion in tiebreakers:
        if known is not None and criterion in known:
            rank = _dense(rank, np.broadcast_to(known[criterion], rank.shape))
            continue
        for values in _values(table, criterion, rank):
            rank = _dense(rank, values)
    return rank, points


class _Table:
    """Sums over the matches of each season, for all clubs at once."""

    def __init__(
        self, home: Places, away: Places, home_goals: Goals, away_goals: Goals, clubs: int, win: int = 3
    ) -> None:
        self.home, self.away, self.clubs, self.win = home, away, clubs, win
        self.at_home, self.on_road = (np.eye(clubs, dtype=np.float32)[side] for side in (home, away))
        self.home_goals, self.away_goals = home_goals, away_goals
        self.margin = home_goals - away_goals
        drawn = (self.margin == 0) * np.int16(DRAW)
        self.home_points = drawn + (self.margin > 0) * np.int16(win)
        self.away_points = drawn + (self.margin < 0) * np.int16(win)

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
    if criterion not in {"head_to_head", "away_goals"}:
        return []
    ordered = np.sort(rank, axis=1)
    tied = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
    if not tied.any():
        return []
    some = _Table(table.home, table.away, table.home_goals[tied], table.away_goals[tied], table.clubs, table.win)
    what = [(some.home_points, some.away_points), (some.margin, -some.margin)]
    if criterion == "away_goals":
        what = [(np.zeros_like(some.away_goals), some.away_goals)]
    level = rank[tied][:, :, None] == rank[tied][:, None, :]
    found = []
    for at_home, on_road in what:
        found.append(np.zeros_like(rank))
        found[-1][tied] = some.among(level, at_home, on_road)
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
