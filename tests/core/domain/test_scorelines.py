"""Scorelines: one statement of the goals model, always in agreement with the 1X2 that is served beside it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footpred_dagster.core.domain import scorelines
from footpred_dagster.core.domain.scorelines import InvalidScorelines

bounded = settings(derandomize=True, max_examples=150, deadline=None)
RATES, RHO, SERVED = np.array([[1.6, 1.1]]), -0.05, np.array([[0.5, 0.27, 0.23]])


@st.composite
def forecasts(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rates (n, 2), corrections (n,) and served 1X2 (n, 3) of up to four matches, extremes and zeros among them."""
    n = draw(st.integers(1, 4))
    rates = draw(st.lists(st.floats(scorelines.LOWEST, 8), min_size=2 * n, max_size=2 * n))
    correction = draw(st.lists(st.floats(-1, 1), min_size=n, max_size=n))
    parts = np.array(draw(st.lists(st.floats(0, 1), min_size=3 * n, max_size=3 * n))).reshape(n, 3)
    parts[:, draw(st.integers(0, 2))] += 1e-3
    return np.array(rates).reshape(n, 2), np.array(correction), parts / parts.sum(axis=1, keepdims=True)


def random_forecasts(n: int) -> tuple[np.ndarray, np.ndarray]:
    chance = np.random.default_rng(7)
    return chance.uniform(0.3, 3.5, (n, 2)), chance.dirichlet((4, 3, 3), n)


def by_hand(home_rate: float, away_rate: float, rho: float) -> np.ndarray:
    """The formula of Dixon and Coles, cell by cell."""
    tau = {
        (0, 0): 1 - home_rate * away_rate * rho,
        (0, 1): 1 + home_rate * rho,
        (1, 0): 1 + away_rate * rho,
        (1, 1): 1 - rho,
    }
    found = np.zeros((16, 16))
    for home in range(16):
        for away in range(16):
            poisson = math.exp(-home_rate - away_rate) * home_rate**home * away_rate**away
            found[home, away] = tau.get((home, away), 1.0) * poisson / math.factorial(home) / math.factorial(away)
    return found / found.sum()


@given(forecasts())
@bounded
def test_a_grid_is_a_distribution_that_adds_up_to_the_served_outcomes(asked):
    rates, correction, served = asked
    found = scorelines.grid(rates, correction, served)
    assert found.shape == (len(rates), 16, 16)
    assert (found >= 0).all()
    np.testing.assert_allclose(found.sum(axis=(1, 2)), 1, atol=1e-12)
    np.testing.assert_allclose(scorelines.outcomes_of(found), served, atol=1e-12)
    home = np.tril(found, -1).sum(axis=(1, 2))
    np.testing.assert_allclose(home, served[:, 0], atol=1e-12)


@given(forecasts())
@bounded
def test_the_sides_can_be_swapped(asked):
    rates, correction, served = asked
    there = scorelines.grid(rates, correction, served)
    back = scorelines.grid(rates[:, ::-1], correction, served[:, ::-1])
    np.testing.assert_allclose(back, there.transpose(0, 2, 1), atol=1e-14)
    np.testing.assert_allclose(scorelines.expected_goals(back), scorelines.expected_goals(there)[:, ::-1], atol=1e-12)
    np.testing.assert_allclose(scorelines.both_score(back), scorelines.both_score(there), atol=1e-14)


@given(forecasts())
@bounded
def test_more_goals_are_never_likelier_than_fewer(asked):
    found = scorelines.over_under(scorelines.grid(*asked))
    assert found.shape == (len(asked[0]), 5, 2)
    assert (np.diff(found[:, :, 0], axis=1) <= 1e-15).all()
    np.testing.assert_allclose(found.sum(axis=2), 1, atol=1e-12)


def test_what_the_fit_predicts_and_what_the_grid_adds_up_to_are_the_same_model():
    """Served its own outcomes, the goals model is not changed: the sums of the fit and the formula agree."""
    for home, away, rho in [(1.6, 1.1, -0.05), (0.4, 2.9, 0.1), (3.5, 0.3, -0.2), (1.0, 1.0, 0.0)]:
        exact, rates = by_hand(home, away, rho), np.array([[home, away]])
        own = scorelines.outcomes(rates, rho)
        np.testing.assert_allclose(own, scorelines.outcomes_of(exact[None]), atol=1e-13)
        np.testing.assert_allclose(scorelines.grid(rates, rho, own)[0], exact, atol=1e-13)


def test_within_an_outcome_the_odds_between_scorelines_stay_those_of_the_model():
    rates, served = random_forecasts(50)
    found = scorelines.grid(rates, RHO, served)
    own = scorelines.grid(rates, RHO, scorelines.outcomes(rates, RHO))
    for first, second in [((1, 0), (3, 2)), ((0, 0), (2, 2)), ((0, 1), (1, 4))]:
        np.testing.assert_allclose(found[:, *first] / found[:, *second], own[:, *first] / own[:, *second], rtol=1e-10)


def test_no_other_grid_with_the_served_outcomes_is_nearer_to_the_model():
    """In relative entropy; the others are made by moving probability about within each outcome."""
    chance = np.random.default_rng(3)
    model = by_hand(1.6, 1.1, RHO)
    found = scorelines.grid(RATES, RHO, SERVED)[0]
    nearest = (found * np.log(found / model)).sum()
    own = scorelines.outcomes_of(model[None])[0]
    assert nearest == pytest.approx((SERVED[0] * np.log(SERVED[0] / own)).sum(), abs=1e-12)
    region = np.array([np.tril(np.ones((16, 16)), -1), np.eye(16), np.triu(np.ones((16, 16)), 1)])
    for size in (1e-3, 0.1, 1.0):
        other = found * np.exp(size * chance.normal(size=found.shape))
        other *= np.einsum("r,rij->ij", SERVED[0] / (region * other).sum(axis=(1, 2)), region)
        np.testing.assert_allclose(scorelines.outcomes_of(other[None]), SERVED, atol=1e-12)
        assert (other * np.log(other / model)).sum() > nearest


def test_products_are_read_off_the_grid_as_by_hand():
    exact = by_hand(1.6, 1.1, 0.0)
    found = scorelines.grid(RATES, 0.0, scorelines.outcomes(RATES, 0.0))
    three_or_more = sum(exact[home, away] for home in range(16) for away in range(16) if home + away > 2)
    assert scorelines.over_under(found, [2.5])[0, 0] == pytest.approx([three_or_more, 1 - three_or_more], abs=1e-12)
    assert scorelines.both_score(found)[0] == pytest.approx((1 - math.exp(-1.6)) * (1 - math.exp(-1.1)), abs=1e-9)
    assert scorelines.expected_goals(found)[0] == pytest.approx([1.6, 1.1], abs=1e-6)
    goals, chances = scorelines.top_scores(found, 3)
    assert goals.tolist() == [[[1, 1], [1, 0], [2, 1]]]
    assert chances[0] == pytest.approx([exact[1, 1], exact[1, 0], exact[2, 1]], abs=1e-12)
    assert scorelines.score_log_losses(found, np.array([[2, 1]]))[0] == pytest.approx(-math.log(exact[2, 1]))


def test_a_home_win_served_likelier_brings_home_goals():
    grids = [scorelines.grid(RATES, RHO, np.array([[home, 0.27, 0.73 - home]])) for home in (0.2, 0.4, 0.6)]
    home, away = np.array([scorelines.expected_goals(each)[0] for each in grids]).T
    assert (np.diff(home) > 0).all()
    assert (np.diff(away) < 0).all()


def test_a_scoreline_that_was_given_no_probability_costs_infinity_and_a_freak_score_counts_as_the_last():
    certain = scorelines.grid(RATES, RHO, np.array([[1.0, 0.0, 0.0]]))
    assert scorelines.score_log_losses(certain, np.array([[0, 0]]))[0] == math.inf
    found = scorelines.grid(RATES, RHO, SERVED)
    assert scorelines.score_log_losses(found, np.array([[31, 0]])) == -np.log(found[:, 15, 0])
    with pytest.raises(InvalidScorelines, match="none negative"):
        scorelines.score_log_losses(found, np.array([[-1, 0]]))


def test_fair_odds_have_no_margin():
    odds = scorelines.fair_odds(np.array([0.5, 0.25, 0.25, 0.0]))
    assert odds.tolist() == [2.0, 4.0, 4.0, math.inf]
    for bad in (np.nan, -0.1, 1.1):
        with pytest.raises(InvalidScorelines):
            scorelines.fair_odds(np.array([0.5, bad]))


@pytest.mark.parametrize("line", [1.0, 0.0, -0.5, np.nan, np.inf])
def test_a_line_that_could_be_met_is_refused(line):
    with pytest.raises(InvalidScorelines, match="lie between two numbers of goals"):
        scorelines.over_under(scorelines.grid(RATES, RHO, SERVED), [2.5, line])


@pytest.mark.parametrize(
    ("rates", "correction", "served", "reason"),
    [
        pytest.param([[0.0, 1]], 0.0, SERVED, "expected goals", id="no rate"),
        pytest.param([[1, -1.0]], 0.0, SERVED, "expected goals", id="negative rate"),
        pytest.param([[1, np.nan]], 0.0, SERVED, "expected goals", id="rate NaN"),
        pytest.param([[1, 16.0]], 0.0, SERVED, "expected goals", id="rate beyond the grid"),
        pytest.param(RATES, np.nan, SERVED, "correction", id="correction NaN"),
        pytest.param(RATES, [1.5], SERVED, "correction", id="correction beyond one"),
        pytest.param(RATES, 0.0, [[0.5, 0.27, np.nan]], "sum to one", id="probability NaN"),
        pytest.param(RATES, 0.0, [[0.5, 0.27, 0.24]], "sum to one", id="sum above one"),
        pytest.param(RATES, 0.0, [[1.2, 0.0, -0.2]], "non-negative", id="negative probability"),
        pytest.param(RATES, 0.0, [[0.5, 0.5]], r"got \(1, 2\), \(\) and \(1, 2\)", id="two outcomes"),
        pytest.param(RATES, [0.0, 0.0], SERVED, "correction|need rates", id="a correction too many"),
        pytest.param([1.6, 1.1], 0.0, SERVED, "need rates", id="one row without its axis"),
    ],
)
def test_what_is_no_forecast_is_refused_with_the_reason(rates, correction, served, reason):
    with pytest.raises(InvalidScorelines, match=reason):
        scorelines.grid(rates, correction, served)


def test_slopes_are_those_of_the_outcomes():
    """Against differences of the outcomes themselves."""
    rates, _ = random_forecasts(40)
    found = scorelines.outcome_slopes(rates, RHO)
    for side in range(2):
        step = np.where(np.arange(2) == side, 1e-5, 0.0)
        up, down = (scorelines.outcomes(rates * np.exp(sign * step), RHO) for sign in (1, -1))
        difference = np.log(up[:, 0] / up[:, 2]) - np.log(down[:, 0] / down[:, 2])
        np.testing.assert_allclose(found[:, side], difference / 2e-5, rtol=1e-6)


def test_no_matches_give_no_scorelines():
    found = scorelines.grid(np.empty((0, 2)), np.empty(0), np.empty((0, 3)))
    assert found.shape == (0, 16, 16)
    assert scorelines.over_under(found).shape == (0, 5, 2)
    assert scorelines.expected_goals(found).shape == (0, 2)
    assert scorelines.top_scores(found, 5)[0].shape == (0, 5, 2)
