"""Ten thousand ways the rest of a season may go, all leagues' rules alike, in well under a second."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from footpred_dagster.core.domain.rules import LeagueRules
from footpred_dagster.core.domain.scorelines import MOST_GOALS, grid
from footpred_dagster.core.domain.standings import Goals, Places, standings

SIMULATIONS = 10_000
SEED = 1
"""Fixed: the same state of a season gives the same projection."""
SPREAD = 0.35
"""Standard deviation of a club's strength to the end of the season around what its ratings say, in log-odds.

Measured on ten leagues, 2014-15 to 2022-23, 320 projections: the squared error of final points over what was claimed
is 1.19 at the start of a season and .97 after a quarter, a half and three quarters. Without a spread it is 2.00, 1.47,
1.28 and 1.13: as if ratings were known for certain and never changed."""
LEVELS = 16
"""In how many steps of equal chance a match's shift of strength is told apart."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Remaining:
    """The matches to come: ``home`` and ``away`` (matches,) clubs as numbers, expected goals (matches, 2), the
    correction of low scores, and the 1X2 (matches, 3) the scorelines are reconciled to."""

    home: Places
    away: Places
    rates: Floats
    correction: float
    probabilities: Floats


@dataclass(frozen=True, slots=True)
class Played:
    """The matches that count already: clubs as numbers and goals, all (matches,)."""

    home: Places
    away: Places
    home_goals: Goals
    away_goals: Goals


@dataclass(frozen=True, slots=True)
class Projection:
    """positions: (clubs, clubs) share of seasons in which a club ends at a place, best first; rows and columns sum to
    one. points, points_sd: (clubs,) mean and standard deviation of final points."""

    positions: Floats
    points: Floats
    points_sd: Floats
    simulations: int

    def chance(self, places: range) -> Floats:
        """(clubs,) share of seasons that end at one of these places."""
        return np.asarray(self.positions[:, list(places)].sum(axis=1))


def project(
    rules: LeagueRules,
    clubs: int,
    played: Played,
    remaining: Remaining,
    adjustments: npt.NDArray[np.int64] | None = None,
    *,
    simulations: int = SIMULATIONS,
    spread: float = SPREAD,
    seed: int = SEED,
) -> Projection:
    """Play the rest of a season ``simulations`` times; what was played stays as it was.

    A club's strength is drawn anew for each season, ``spread`` around its rating and the same in all its matches: that
    is how wrong a rating may be. Raises InvalidScorelines for rates or probabilities that are none.
    """
    chance = np.random.default_rng(seed)
    goals = _play(remaining, clubs, simulations, spread, chance)
    home_goals, away_goals = (
        np.concatenate([np.broadcast_to(before, (simulations, len(before))), after], axis=1)
        for before, after in zip((played.home_goals, played.away_goals), goals, strict=True)
    )
    places, points = standings(
        np.concatenate([played.home, remaining.home]),
        np.concatenate([played.away, remaining.away]),
        home_goals,
        away_goals,
        clubs,
        rules.tiebreakers,
        adjustments,
        seed,
        rules.win,
    )
    cells = (np.arange(clubs) * clubs + places).ravel()
    positions = np.bincount(cells, minlength=clubs * clubs).reshape(clubs, clubs) / simulations
    return Projection(positions, points.mean(axis=0), points.std(axis=0), simulations)


def _play(
    remaining: Remaining, clubs: int, simulations: int, spread: float, chance: np.random.Generator
) -> tuple[Goals, Goals]:
    """Home and away goals (simulations, matches), drawn from each match's grid of scorelines."""
    matches = len(remaining.home)
    drawn = np.empty((matches, simulations), dtype=np.int16)
    strength = chance.normal(0, spread, (clubs, simulations)) if spread else None
    for match in range(matches):
        draw = chance.random(simulations)
        if strength is None:
            cells = _cumulated(remaining, match, np.zeros(1))[0]
            drawn[match] = np.searchsorted(cells, draw)
            continue
        shift = strength[remaining.home[match]] - strength[remaining.away[match]]
        order = np.argsort(shift)
        steps = np.array_split(order, LEVELS)
        cells = _cumulated(remaining, match, np.array([shift[step].mean() for step in steps]))
        for step, cumulated in zip(steps, cells, strict=True):
            drawn[match, step] = np.searchsorted(cumulated, draw[step])
    home, away = np.divmod(drawn.T, np.int16(MOST_GOALS + 1))
    return home, away


def _cumulated(remaining: Remaining, match: int, shifts: Floats) -> Floats:
    """(shifts, cells) cumulated grids of a match, with the log-odds of home against away moved by each of ``shifts``.

    Goals follow in proportion: a shift of s makes home's rate e^(s/4) times as large and away's as much smaller, which
    moves the log-odds of a usual match by about s.
    """
    ways = np.stack([shifts / 2, np.zeros_like(shifts), -shifts / 2], axis=1)
    raised = remaining.probabilities[match] * np.exp(ways)
    rates = remaining.rates[match] * np.exp(np.stack([shifts, -shifts], axis=1) / 4)
    cells = grid(rates, remaining.correction, raised / raised.sum(axis=1, keepdims=True))
    cumulated = cells.reshape(len(shifts), -1).cumsum(axis=1)
    return np.asarray(cumulated[:, :-1])
