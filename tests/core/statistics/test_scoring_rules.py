"""Scores by hand, against scikit-learn, and the forecasts that are not scored at all."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import log_loss

from footpred_dagster.core.statistics import scoring_rules
from footpred_dagster.core.statistics.scoring_rules import InvalidProbabilities, score

HOME, DRAW, AWAY = 0, 1, 2
SCORINGS = [
    scoring_rules.log_losses,
    scoring_rules.ranked_probability_scores,
    scoring_rules.brier_scores,
    scoring_rules.expected_calibration_error,
    scoring_rules.score,
]


def one(*probabilities: float) -> np.ndarray:
    return np.array([probabilities])


def forecasts(n: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet([4, 3, 3], n)


def draw_outcomes(probabilities: np.ndarray, seed: int = 2) -> np.ndarray:
    """Outcomes that happen exactly as often as claimed."""
    points = np.random.default_rng(seed).random(len(probabilities))
    return (points[:, None] > probabilities.cumsum(axis=1)[:, :2]).sum(axis=1)


@pytest.mark.parametrize(
    ("probabilities", "outcome", "expected"),
    [
        ((0.5, 0.3, 0.2), HOME, 0.5 * (0.5**2 + 0.2**2)),
        ((0.5, 0.3, 0.2), DRAW, 0.5 * (0.5**2 + 0.2**2)),
        ((0.5, 0.3, 0.2), AWAY, 0.5 * (0.5**2 + 0.8**2)),
        ((1.0, 0.0, 0.0), HOME, 0.0),
        ((1.0, 0.0, 0.0), DRAW, 0.5),
        ((1.0, 0.0, 0.0), AWAY, 1.0),
    ],
)
def test_rps_by_hand(probabilities, outcome, expected):
    found = scoring_rules.ranked_probability_scores(one(*probabilities), np.array([outcome]))
    assert found == pytest.approx([expected], abs=1e-15)


def test_rps_prefers_the_forecast_nearer_in_rank_where_brier_and_log_loss_see_no_difference():
    near, far, away = one(0.1, 0.6, 0.3), one(0.6, 0.1, 0.3), np.array([AWAY])
    assert scoring_rules.ranked_probability_scores(near, away) < scoring_rules.ranked_probability_scores(far, away)
    assert scoring_rules.brier_scores(near, away) == pytest.approx(scoring_rules.brier_scores(far, away))
    assert scoring_rules.log_losses(near, away) == scoring_rules.log_losses(far, away)


@pytest.mark.parametrize(
    ("outcome", "brier"),
    [(HOME, 0.25 + 0.09 + 0.04), (DRAW, 0.25 + 0.49 + 0.04), (AWAY, 0.25 + 0.09 + 0.64)],
)
def test_brier_and_log_loss_by_hand(outcome, brier):
    line, happened = one(0.5, 0.3, 0.2), np.array([outcome])
    assert scoring_rules.brier_scores(line, happened) == pytest.approx([brier])
    assert scoring_rules.log_losses(line, happened) == pytest.approx([-math.log(line[0, outcome])])


def test_score_gathers_the_means_over_matches():
    probabilities, outcomes = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]]), np.array([HOME, HOME])
    losses = [-math.log(0.5), -math.log(0.2)]
    found = score(probabilities, outcomes)
    assert found.n == 2
    assert found.log_loss == pytest.approx(sum(losses) / 2)
    assert found.rps == pytest.approx((0.145 + 0.5 * (0.8**2 + 0.6**2)) / 2)
    assert found.brier == pytest.approx((0.38 + 0.64 + 0.04 + 0.36) / 2)
    assert found.accuracy == 0.5
    assert found.se == pytest.approx(abs(losses[0] - losses[1]) / 2)


def test_log_loss_agrees_with_scikit_learn():
    probabilities = forecasts(500)
    outcomes = draw_outcomes(probabilities)
    assert score(probabilities, outcomes).log_loss == pytest.approx(log_loss(outcomes, probabilities), rel=1e-12)


def test_the_truth_scores_better_than_a_sharper_or_a_flatter_forecast():
    """All three are proper: no gain from claiming anything but what one believes."""
    truth = forecasts(20_000)
    outcomes = draw_outcomes(truth)
    best = score(truth, outcomes)
    for exponent in (0.6, 1.6):
        distorted = truth**exponent
        other = score(distorted / distorted.sum(axis=1, keepdims=True), outcomes)
        assert best.log_loss < other.log_loss
        assert best.rps < other.rps
        assert best.brier < other.brier


def test_ece_by_hand_pools_classes_and_lets_errors_of_one_bin_cancel():
    probabilities = np.array([[0.75, 0.2, 0.05]] * 2)
    found = scoring_rules.expected_calibration_error(probabilities, np.array([HOME, DRAW]))
    assert found == pytest.approx((abs(1.5 - 1) + abs(0.4 - 1) + abs(0.1 - 0)) / 6)


def test_ece_is_small_for_a_calibrated_sample_and_large_for_a_shifted_one():
    truth = forecasts(20_000)
    outcomes = draw_outcomes(truth)
    shifted = truth[:, [1, 2, 0]]
    assert scoring_rules.expected_calibration_error(truth, outcomes) < 0.01
    assert scoring_rules.expected_calibration_error(shifted, outcomes) > 0.05


def test_ece_counts_certainty_into_the_highest_bin():
    probabilities = np.array([[1.0, 0.0, 0.0], [0.95, 0.05, 0.0]])
    found = scoring_rules.expected_calibration_error(probabilities, np.array([DRAW, HOME]))
    assert found == pytest.approx((abs(1.0 + 0.95 - 1) + abs(0.05 - 1)) / 6)


def test_a_zero_for_what_happened_costs_infinity_and_is_not_clipped():
    certain = np.array([[0.0, 1.0, 0.0], [0.5, 0.3, 0.2]])
    outcomes = np.array([HOME, HOME])
    assert scoring_rules.log_losses(certain, outcomes)[0] == math.inf
    assert scoring_rules.log_losses(certain, np.array([DRAW, HOME]))[0] == 0


def test_a_zero_for_what_happened_scores_infinity_overall_without_a_warning():
    """Warnings are errors here: a report of a bad model must not die of computing its standard error."""
    found = score(np.array([[0.0, 1.0, 0.0], [0.5, 0.3, 0.2]]), np.array([HOME, HOME]))
    assert found.log_loss == math.inf
    assert not math.isfinite(found.se)


def test_of_tied_favourites_the_first_in_outcome_order_is_the_tip():
    tied = one(0.4, 0.2, 0.4)
    assert [score(tied, np.array([outcome])).accuracy for outcome in (HOME, DRAW, AWAY)] == [1, 0, 0]


def test_one_match_has_no_standard_error():
    assert np.isinf(score(one(0.5, 0.3, 0.2), np.array([HOME])).se)


@pytest.mark.parametrize("scoring", SCORINGS)
@pytest.mark.parametrize(
    ("probabilities", "outcomes"),
    [
        pytest.param(one(np.nan, 0.5, 0.5), np.array([1]), id="nan"),
        pytest.param(one(np.inf, 0.0, 0.0), np.array([0]), id="infinite"),
        pytest.param(one(-0.1, 0.6, 0.5), np.array([1]), id="negative"),
        pytest.param(one(0.5, 0.3, 0.1), np.array([1]), id="sums to less than one"),
        pytest.param(one(0.5, 0.3, 0.20001), np.array([1]), id="sums to more than one"),
        pytest.param(np.empty((0, 3)), np.empty(0, dtype=int), id="empty"),
        pytest.param(np.array([[0.5, 0.5]]), np.array([1]), id="two classes"),
        pytest.param(np.array([0.5, 0.3, 0.2]), np.array([1]), id="one dimension"),
        pytest.param(one(0.5, 0.3, 0.2), np.array([1, 1]), id="more outcomes than forecasts"),
        pytest.param(one(0.5, 0.3, 0.2), np.array([3]), id="fourth outcome"),
        pytest.param(one(0.5, 0.3, 0.2), np.array([-1]), id="negative outcome"),
    ],
)
def test_what_is_not_a_forecast_is_refused_by_every_score(scoring, probabilities, outcomes):
    with pytest.raises(InvalidProbabilities):
        scoring(probabilities, outcomes)
