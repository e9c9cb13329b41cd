"""Reliability by hand, and the ECE that chance leaves to a forecast that is right."""

from __future__ import annotations

import numpy as np
import pytest

from footpred_dagster.core.statistics.reliability import Bin, bin_covariance, chance_ece, ece_limit, reliability, wilson
from footpred_dagster.core.statistics.scoring_rules import InvalidProbabilities, expected_calibration_error

HOME, DRAW, AWAY = 0, 1, 2


def forecasts(n: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet([4, 3, 3], n)


def happened(probabilities: np.ndarray, seed: int) -> np.ndarray:
    points = np.random.default_rng(seed).random(len(probabilities))
    return (points[:, None] > probabilities.cumsum(axis=1)[:, :2]).sum(axis=1)


def overconfident(probabilities: np.ndarray) -> np.ndarray:
    return probabilities**1.5 / (probabilities**1.5).sum(axis=1, keepdims=True)


def test_bins_by_hand():
    """Four claims of 0.2 to 0.3 of which one came true, and two of half a chance of which one did."""
    found = reliability(np.array([[0.5, 0.28, 0.22], [0.5, 0.26, 0.24]]), np.array([HOME, DRAW]))
    assert [(each.n, each.claimed, each.observed) for each in found] == [
        (4, pytest.approx(0.25), 0.25),
        (2, pytest.approx(0.5), 0.5),
    ]
    assert (found[0].low, found[0].high) == pytest.approx((0.045587, 0.699358), abs=1e-5)


@pytest.mark.parametrize(
    ("hits", "n", "expected"),
    [(81, 263, (0.2553, 0.3662)), (0, 20, (0.0, 0.1611)), (20, 20, (0.8389, 1.0))],
    ids=["Newcombe 1998, table I", "nothing came true", "everything did"],
)
def test_wilson_intervals_as_published(hits, n, expected):
    assert wilson(hits, n) == pytest.approx(expected, abs=5e-5)


def test_certainty_falls_into_the_highest_bin():
    found = reliability(np.array([[1.0, 0.0, 0.0]]), np.array([AWAY]))
    assert [(each.n, each.claimed, each.observed) for each in found] == [(2, 0, 0.5), (1, 1, 0)]


def test_the_bins_add_up_to_the_ece():
    probabilities = forecasts(3000)
    outcomes = happened(overconfident(probabilities), seed=5)
    bins = reliability(probabilities, outcomes)
    gaps = sum(each.n * abs(each.claimed - each.observed) for each in bins)
    assert gaps / sum(each.n for each in bins) == pytest.approx(expected_calibration_error(probabilities, outcomes))


def test_a_calibrated_forecast_is_honest_in_its_bins_and_an_overconfident_one_is_not():
    truth = forecasts(8000)
    outcomes = happened(truth, seed=3)
    assert sum(not each.honest for each in reliability(truth, outcomes)) <= 1
    claimed = overconfident(truth)
    bins = reliability(claimed, outcomes)
    assert sum(not each.honest for each in bins) >= 6
    assert bins[0].observed > bins[0].claimed
    assert bins[-1].observed < bins[-1].claimed


def test_honest_is_a_claim_within_the_interval():
    assert Bin(place=2, n=10, claimed=0.3, observed=0.5, low=0.3, high=0.7).honest
    assert not Bin(place=2, n=10, claimed=0.29, observed=0.5, low=0.3, high=0.7).honest


def test_chance_by_hand_on_one_match():
    """Home happens (0.6): both claims are 0.4 off, an ECE of 0.8/3. Draw happens (0.4): both are 0.6 off, 1.2/3."""
    found = chance_ece(np.array([[0.6, 0.4, 0.0]]), draws=4000)
    assert found.mean == pytest.approx(0.6 * 0.8 / 3 + 0.4 * 1.2 / 3, abs=0.005)
    assert found.upper == pytest.approx(1.2 / 3)


@pytest.mark.parametrize("sure", [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]], ids=["certainty", "errors of one bin cancel"])
def test_where_nothing_can_go_wrong_chance_leaves_nothing(sure):
    found = chance_ece(np.array([sure] * 50) if sure[0] == 1 else np.array([sure]))
    assert (found.mean, found.upper) == (0, 0)


def test_chance_is_what_samples_of_a_right_forecast_show():
    truth = forecasts(2000)
    seen = [expected_calibration_error(truth, happened(truth, seed)) for seed in range(400)]
    found = chance_ece(truth)
    assert found.mean == pytest.approx(np.mean(seen), rel=0.05)
    assert found.upper == pytest.approx(np.quantile(seen, 0.95), rel=0.08)
    assert found.mean < found.upper


def test_chance_shrinks_with_the_root_of_the_number_of_matches():
    small, large = chance_ece(forecasts(1000)), chance_ece(forecasts(16_000))
    assert small.mean / large.mean == pytest.approx(4, rel=0.15)
    assert chance_ece(forecasts(1000)) == small


def test_an_overconfident_forecast_is_far_beyond_chance_and_a_right_one_is_not():
    truth = forecasts(8000)
    outcomes = happened(truth, seed=3)
    assert expected_calibration_error(truth, outcomes) <= chance_ece(truth).upper
    claimed = overconfident(truth)
    assert expected_calibration_error(claimed, outcomes) > 3 * chance_ece(claimed).upper


@pytest.mark.parametrize("bad", [np.empty((0, 3)), np.array([[0.5, 0.5]]), np.array([[0.9, 0.9, -0.8]])])
def test_what_is_no_forecast_is_refused(bad):
    with pytest.raises(InvalidProbabilities):
        chance_ece(bad)
    with pytest.raises(InvalidProbabilities):
        reliability(bad, np.zeros(len(bad), dtype=int))


def test_the_limit_of_a_right_forecast_is_exceeded_as_often_as_it_says():
    truth = forecasts(600)
    errors = [expected_calibration_error(truth, happened(truth, seed)) for seed in range(3000)]
    for alpha in (0.05, 0.01):
        assert np.mean(np.array(errors) > ece_limit(truth, alpha)) == pytest.approx(alpha, rel=0.35)
    assert np.max(errors) < ece_limit(truth, 1e-5)


def test_certainty_leaves_no_error_to_chance():
    assert ece_limit(np.array([[1.0, 0.0, 0.0]] * 50), 0.01) == 0


def test_claims_of_a_match_that_share_a_bin_are_one_chance():
    found = bin_covariance(np.array([[0.35, 0.33, 0.32]]))
    assert np.abs(found).max() == pytest.approx(0, abs=1e-12), "one of the three happens for sure"
    apart = bin_covariance(np.array([[0.6, 0.3, 0.1]] * 50))
    assert (apart[6, 6], apart[6, 3]) == pytest.approx((50 * 0.24, -50 * 0.18))
