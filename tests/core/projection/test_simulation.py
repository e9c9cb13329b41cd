"""Simulated seasons: certain where nothing is left, honest about what may happen, the same for the same state."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.core.domain.rules import rules_of
from footpred_dagster.core.domain.scorelines import outcomes
from footpred_dagster.core.domain.standings import standings
from footpred_dagster.core.projection.simulation import Played, Remaining, project

SEASON = Season(2025)
CLUBS = 20
HOME, AWAY = (np.array(side) for side in zip(*permutations(range(CLUBS), 2), strict=True))
RHO = -0.05
NOTHING = np.empty(0, dtype=np.int64)


def rates(strength: np.ndarray) -> np.ndarray:
    """(matches, 2) expected goals of a full season of clubs whose log-odds of winning differ by ``strength``."""
    gap = (strength[HOME] - strength[AWAY]) / 4
    return np.exp(np.stack([0.35 + gap, 0.1 - gap], axis=1))


def season(strength: np.ndarray, chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Goals of every match, as independent Poisson scores: rho moves a title's chance by less than this test sees."""
    found = chance.poisson(rates(strength)).astype(np.int16)
    return found[:, 0], found[:, 1]


def whole_season(strength: np.ndarray) -> Remaining:
    expected = rates(strength)
    return Remaining(HOME, AWAY, expected, RHO, outcomes(expected, RHO))


def none_played() -> Played:
    return Played(NOTHING, NOTHING, NOTHING.astype(np.int16), NOTHING.astype(np.int16))


def test_a_finished_season_is_certain():
    home_goals, away_goals = season(np.linspace(2, -2, CLUBS), np.random.default_rng(1))
    nothing = Remaining(NOTHING, NOTHING, np.empty((0, 2)), RHO, np.empty((0, 3)))
    found = project(rules_of("E0", SEASON), CLUBS, Played(HOME, AWAY, home_goals, away_goals), nothing, simulations=50)
    places, points = standings(
        HOME, AWAY, home_goals[None], away_goals[None], CLUBS, rules_of("E0", SEASON).tiebreakers
    )
    assert (found.positions[np.arange(CLUBS), places[0]] == 1).all()
    assert (found.points == points[0]).all()
    assert (found.points_sd == 0).all()


def test_places_add_up_and_the_same_state_gives_the_same_projection():
    asked = whole_season(np.linspace(1, -1, CLUBS))
    one, again = (project(rules_of("SP1", SEASON), CLUBS, none_played(), asked, simulations=2000) for _ in range(2))
    assert one.positions.sum(axis=0) == pytest.approx(np.ones(CLUBS))
    assert one.positions.sum(axis=1) == pytest.approx(np.ones(CLUBS))
    assert (one.positions == again.positions).all()
    other = project(rules_of("SP1", SEASON), CLUBS, none_played(), asked, simulations=2000, seed=2)
    assert np.abs(one.positions - other.positions).max() < 0.06


def test_every_match_is_played_at_the_odds_it_was_given():
    strength = np.linspace(1.5, -1.5, CLUBS)
    asked = whole_season(strength)
    found = project(rules_of("E0", SEASON), CLUBS, none_played(), asked, simulations=4000, spread=0.0)
    home_points, away_points = (asked.probabilities @ np.array(points) for points in ([3, 1, 0], [0, 1, 3]))
    expected = np.bincount(HOME, home_points, CLUBS) + np.bincount(AWAY, away_points, CLUBS)
    assert found.points == pytest.approx(expected, abs=4.5 * found.points_sd.max() / np.sqrt(4000))


def test_doubt_about_strengths_widens_the_table_and_moves_nobody_on_average():
    asked = whole_season(np.linspace(1, -1, CLUBS))
    sure, doubtful = (
        project(rules_of("E0", SEASON), CLUBS, none_played(), asked, simulations=4000, spread=spread)
        for spread in (0.0, 0.5)
    )
    assert (doubtful.points_sd > 1.15 * sure.points_sd).all()
    assert doubtful.points == pytest.approx(sure.points, abs=1.2)
    assert doubtful.positions[0, 0] < sure.positions[0, 0]


def test_a_points_deduction_costs_places():
    asked = whole_season(np.zeros(CLUBS))
    taken = np.zeros(CLUBS, dtype=np.int64)
    taken[0] = -15
    found = project(rules_of("E0", SEASON), CLUBS, none_played(), asked, taken, simulations=1000)
    assert found.chance(range(17, 20))[0] > 0.5 > 0.3 > found.chance(range(17, 20))[1]


def title_chances(spread: float) -> tuple[np.ndarray, np.ndarray]:
    """Chances and truths (leagues x clubs) of fifty leagues whose true strengths lie 0.35 around their ratings."""
    chance = np.random.default_rng(2024)
    claimed, happened = [], []
    for _ in range(50):
        rated = chance.normal(0, 0.6, CLUBS)
        true = rated + chance.normal(0, 0.35, CLUBS)
        found = project(
            rules_of("E0", SEASON), CLUBS, none_played(), whole_season(rated), simulations=2000, spread=spread
        )
        goals = season(true, chance)
        places, _ = standings(HOME, AWAY, goals[0][None], goals[1][None], CLUBS, rules_of("E0", SEASON).tiebreakers)
        claimed.append(found.positions[:, 0])
        happened.append(places[0] == 0)
    return np.concatenate(claimed), np.concatenate(happened)


def chi_square(claimed: np.ndarray, happened: np.ndarray) -> float:
    """p of the titles in five bins of equal expectation, sorted by what was claimed; seasons are told apart by luck."""
    from scipy.stats import chi2

    order = np.argsort(claimed)
    bins = np.minimum((np.cumsum(claimed[order]) / claimed.sum() * 5).astype(int), 4)
    expected = np.bincount(bins, claimed[order], 5)
    variance = np.bincount(bins, claimed[order] * (1 - claimed[order]), 5)
    observed = np.bincount(bins, happened[order].astype(float), 5)
    return float(chi2.sf(((observed - expected) ** 2 / variance).sum(), 5))


def test_title_chances_of_fifty_leagues_come_true_as_often_as_claimed():
    assert chi_square(*title_chances(spread=0.35)) > 0.01


def test_favourites_claimed_twice_as_sure_would_be_found_out():
    """Forbids a test that passes whatever is claimed."""
    claimed, happened = title_chances(spread=0.0)
    sharpened = claimed**2 / (claimed.reshape(-1, CLUBS) ** 2).sum(axis=1).repeat(CLUBS)
    assert chi_square(sharpened, happened) < 0.01
