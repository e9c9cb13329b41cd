"""One season of one league, played: strengths walk from round to round, goals follow, statistics follow the goals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.parsing.values import STATISTICS
from footpred_dagster.sources.simulator.dice import dice
from footpred_dagster.sources.simulator.schedule import pairings
from footpred_dagster.sources.simulator.scorelines import (
    Counts,
    Floats,
    draw_scores,
    outcome_probabilities,
    scoreline_grid,
)

WALK = 0.002
"""Standard deviation of the step a log-rate takes from round to round: 0.012 over a season."""
FIRST_HALF = 0.45
"""Share of goals scored before half time."""
MEANS = {"HC": 4.9, "HF": 11.0, "HY": 1.9, "HR": 0.07}
"""Per side and match, as in the real leagues of 2024-25; corners, shots and shots on target move with the goal rate."""
AVERAGE_RATE, ELASTICITY = 1.4, 1.4
"""Shots and corners grow with this power of the goal rate: they tell more of a side than its goals do."""
WIDE, SAVED = 8.3, 3.6
"""Shots that miss the target, and shots on target that are no goals, of an average side."""


@dataclass(frozen=True, slots=True)
class Played:
    """Matches in order of kickoff as numbers of clubs; what else is said in ``world.SeasonMatches``.

    strengths: (clubs, 2) log-rates of attack and defence after the last round. points: per club. table: clubs from
    first to last.
    """

    home: Counts
    away: Counts
    home_rate: Floats
    away_rate: Floats
    probabilities: Floats
    home_goals: Counts
    away_goals: Counts
    statistics: Counts
    strengths: Floats
    points: Counts
    table: Counts


def play_rounds(seed: int, league: str, season: Season, strengths: Floats, base: float, advantage: float) -> Played:
    """Play a double round robin of clubs with the given (clubs, 2) attack and defence."""
    clubs = len(strengths)
    draw = dice(seed, league, season, "draw")
    # Lots decide who stands where in the circle; in each round, which match has which kickoff.
    rounds = draw.permuted(np.arange(clubs), axis=0)[pairings(clubs)]
    order = draw.permuted(np.tile(np.arange(clubs // 2), (len(rounds), 1)), axis=1)
    rounds = np.take_along_axis(rounds, order[:, :, None], axis=1)
    steps = dice(seed, league, season, "walk").normal(0, WALK, (len(rounds), clubs, 2))
    walk = strengths + steps.cumsum(axis=0)
    at = np.repeat(np.arange(len(rounds)), clubs // 2)
    home, away = rounds.reshape(-1, 2).T
    home_rate = np.exp(base + advantage + walk[at, home, 0] - walk[at, away, 1])
    away_rate = np.exp(base + walk[at, away, 0] - walk[at, home, 1])
    grid = scoreline_grid(home_rate, away_rate)
    home_goals, away_goals = draw_scores(grid, dice(seed, league, season, "goals").random(len(home)))
    goals = np.stack([home_goals, away_goals], axis=1)
    statistics = _statistics(dice(seed, league, season, "statistics"), goals, np.stack([home_rate, away_rate], axis=1))
    points, table = _table(home, away, goals, clubs)
    return Played(
        home=home,
        away=away,
        home_rate=home_rate,
        away_rate=away_rate,
        probabilities=outcome_probabilities(grid),
        home_goals=home_goals,
        away_goals=away_goals,
        statistics=statistics,
        strengths=walk[-1],
        points=points,
        table=table,
    )


def _statistics(chance: np.random.Generator, goals: Counts, rates: Floats) -> Counts:
    """(n, 14) in the order of ``values.STATISTICS`` from (n, 2) goals and rates: HTHG, HTAG, HS, AS, ...

    Half-time goals <= goals <= shots on target <= shots.
    """
    pressure = (rates / AVERAGE_RATE) ** ELASTICITY
    on_target = goals + chance.poisson(SAVED * pressure)
    kinds = {
        "HTHG": chance.binomial(goals, FIRST_HALF),
        "HS": on_target + chance.poisson(WIDE * pressure),
        "HST": on_target,
        "HF": chance.poisson(MEANS["HF"], goals.shape),
        "HC": chance.poisson(MEANS["HC"] * pressure),
        "HY": chance.poisson(MEANS["HY"], goals.shape),
        "HR": chance.poisson(MEANS["HR"], goals.shape),
    }
    return np.concatenate([kinds[name] for name in STATISTICS[::2]], axis=1)


def _table(home: Counts, away: Counts, goals: Counts, clubs: int) -> tuple[Counts, Counts]:
    """Points per club, and clubs from first to last: by points, goal difference, goals, then lot number."""
    margin = goals[:, 0] - goals[:, 1]
    points, difference, scored = (np.zeros(clubs, dtype=np.int64) for _ in range(3))
    for side, sign in ((home, 1), (away, -1)):
        won = np.sign(sign * margin)
        np.add.at(points, side, np.where(won > 0, 3, np.where(won == 0, 1, 0)))
        np.add.at(difference, side, sign * margin)
    np.add.at(scored, home, goals[:, 0])
    np.add.at(scored, away, goals[:, 1])
    return points, np.lexsort((np.arange(clubs), -scored, -difference, -points))
