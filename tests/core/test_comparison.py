"""Paired comparisons: by hand, by week, and honest about how little a few weeks prove."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from footpred_dagster.core.comparison import compare


def saturdays(weeks: int, matches: int) -> pd.Series:
    """Kickoffs of ``matches`` matches on each of ``weeks`` Saturdays."""
    return pd.Series(np.repeat(pd.date_range("2024-08-03", periods=weeks, freq="7D", tz="UTC"), matches))


def test_the_difference_is_that_of_the_means_and_its_sign_says_who_is_better():
    kickoffs = saturdays(10, 5)
    found = compare(np.full(50, 1.0), np.full(50, 1.1), kickoffs)
    assert (found.n, found.difference) == (50, pytest.approx(0.1))
    assert found.low == pytest.approx(found.high) == pytest.approx(0.1)
    assert compare(np.full(50, 1.1), np.full(50, 1.0), kickoffs).difference == pytest.approx(-0.1)


def test_equal_forecasts_are_not_better():
    losses = np.random.default_rng(1).gamma(2, 0.5, 300)
    found = compare(losses, losses, saturdays(30, 10))
    assert (found.difference, found.low, found.high, found.p_worse) == (0, 0, 0, 1)


def test_the_standard_error_is_that_of_the_mean_when_matches_are_independent():
    chance = np.random.default_rng(2)
    gains = chance.normal(0.01, 0.3, 4000)
    found = compare(np.zeros(4000), gains, saturdays(100, 40))
    assert found.se == pytest.approx(0.3 / np.sqrt(4000), rel=0.2)
    assert found.high - found.low == pytest.approx(2 * 1.96 * found.se, rel=0.05)


def test_matches_of_a_week_that_share_their_surprise_prove_no_more_than_one():
    """Resampled match by match, the interval would be six times too narrow."""
    shared = np.repeat(np.random.default_rng(3).normal(0, 0.3, 100), 40)
    found = compare(np.zeros(4000), shared, saturdays(100, 40))
    assert found.se == pytest.approx(0.3 / np.sqrt(100), rel=0.2)


def test_a_single_week_proves_nothing():
    found = compare(np.zeros(9), np.ones(9), saturdays(1, 9))
    assert (found.low, found.high, found.p_worse) == (-np.inf, np.inf, 1.0)


def test_p_worse_is_small_only_where_the_model_is_surely_worse():
    chance, kickoffs = np.random.default_rng(4), saturdays(50, 20)
    noise = chance.normal(0, 0.2, 1000)
    assert compare(0.1 + noise, noise, kickoffs).p_worse == 0
    assert compare(noise, noise + chance.normal(0, 0.2, 1000), kickoffs).p_worse > 0.01


def test_losses_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="only refused"):
        compare(np.array([1.0, np.inf]), np.ones(2), saturdays(2, 1))
