"""How long ten thousand seasons of a league take, beside simulating them one after another."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.core.domain.rules import rules_of
from footpred_dagster.core.domain.scorelines import outcomes
from footpred_dagster.core.projection.simulation import SIMULATIONS, Played, Remaining, project
from tests.support.timing import best, report

pytestmark = pytest.mark.bench
SEASON = Season(2025)
CLUBS = 20
FEW = SIMULATIONS // 100


@pytest.mark.parametrize("league", ["E0", "I1"])
def test_a_whole_season_beside_one_after_another_in_a_loop(league: str) -> None:
    """The loop only adds points and sorts by points and goal difference; its time is scaled up from a hundredth."""
    home, away = (np.array(side) for side in zip(*permutations(range(CLUBS), 2), strict=True))
    strength = np.random.default_rng(1).normal(0, 0.6, CLUBS)
    gap = (strength[home] - strength[away]) / 4
    rates = np.exp(np.stack([0.35 + gap, 0.1 - gap], axis=1))
    to_come = Remaining(home, away, rates, -0.05, outcomes(rates, -0.05))
    nothing = np.empty(0, dtype=np.int64)
    played = Played(nothing, nothing, nothing.astype(np.int16), nothing.astype(np.int16))

    def loop() -> None:
        chance = np.random.default_rng(1)
        for _ in range(FEW):
            points, margin = [0] * CLUBS, [0] * CLUBS
            for one, other, goals in zip(home, away, chance.poisson(rates).tolist(), strict=True):
                difference = goals[0] - goals[1]
                points[one] += 3 if difference > 0 else difference == 0
                points[other] += 3 if difference < 0 else difference == 0
                margin[one] += difference
                margin[other] -= difference
            sorted(range(CLUBS), key=lambda club: (points[club], margin[club]), reverse=True)

    ours = best(lambda: project(rules_of(league, SEASON), CLUBS, played, to_come))
    report(f"{SIMULATIONS} seasons of {league}", ours, "a loop", best(loop) * SIMULATIONS / FEW)
