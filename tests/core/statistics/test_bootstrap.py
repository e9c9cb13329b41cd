"""Paired comparisons: by hand, by week, and as right as they claim with few weeks and many looks."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_1samp, ttest_ind

from footpred_dagster.core.statistics.bootstrap import (
    LEAST_LIVE_WEEKS,
    LEAST_WEEKS,
    anytime_p_worse,
    change,
    compare,
    in_whole_weeks,
    log_evidence_worse,
    ratio,
    weekly_mean,
)
from tests.support.seasons import covered, detectable, rolled_back, synthetic

RUNS = 4000
NONE = (np.inf, -np.inf, np.inf)


def saturdays(weeks: int, matches: int) -> pd.Series:
    """Kickoffs of ``matches`` matches on each of ``weeks`` Saturdays."""
    return pd.Series(np.repeat(pd.date_range("2024-08-03", periods=weeks, freq="7D", tz="UTC"), matches))


def test_the_difference_is_that_of_the_means_and_its_sign_says_who_is_better():
    kickoffs = saturdays(10, 5)
    found = compare(np.full(50, 1.0), np.full(50, 1.1), kickoffs)
    assert (found.n, found.weeks, found.difference) == (50, 10, pytest.approx(0.1))
    assert found.low == pytest.approx(found.high) == pytest.approx(0.1)
    assert compare(np.full(50, 1.1), np.full(50, 1.0), kickoffs).difference == pytest.approx(-0.1)


def test_equal_forecasts_are_not_better():
    losses, kickoffs = np.random.default_rng(1).gamma(2, 0.5, 300), saturdays(30, 10)
    found = compare(losses, losses, kickoffs)
    assert (found.difference, found.low, found.high, found.p_worse) == (0, 0, 0, 1)
    assert anytime_p_worse(losses, losses, kickoffs) == 1


def test_the_standard_error_is_that_of_the_mean_when_matches_are_independent():
    chance = np.random.default_rng(2)
    gains = chance.normal(0.01, 0.3, 4000)
    found = compare(np.zeros(4000), gains, saturdays(100, 40))
    assert found.se == pytest.approx(0.3 / np.sqrt(4000), rel=0.2)
    assert found.high - found.low == pytest.approx(2 * 1.984 * found.se, rel=0.001)


def test_matches_of_a_week_that_share_their_surprise_prove_no_more_than_one():
    """Match by match, the interval would be six times too narrow."""
    shared = np.repeat(np.random.default_rng(3).normal(0, 0.3, 100), 40)
    found = compare(np.zeros(4000), shared, saturdays(100, 40))
    assert found.se == pytest.approx(0.3 / np.sqrt(100), rel=0.2)


@pytest.mark.parametrize("weeks", [6, 9, 30])
def test_weeks_of_one_size_give_the_t_test_of_their_means(weeks):
    means = np.random.default_rng(weeks).normal(0.1, 1, weeks)
    expected = ttest_1samp(means, 0, alternative="less")
    found = compare(np.zeros(4 * weeks), np.repeat(means, 4), saturdays(weeks, 4))
    assert found.p_worse == pytest.approx(expected.pvalue)
    assert found.difference / found.se == pytest.approx(expected.statistic)
    assert ratio(means, np.ones(weeks))[2] == pytest.approx(weeks - 1)


def test_weeks_of_other_sizes_have_fewer_degrees_of_freedom():
    sizes = np.array([200.0, *[10.0] * 11])
    _, se, df = ratio(np.random.default_rng(5).normal(0, np.sqrt(sizes), (20_000, 12)), np.tile(sizes, (20_000, 1)))
    assert 1 < df[0] < 5
    assert (se**2).mean() == pytest.approx(1 / sizes.sum(), rel=0.03), "unbiased where matches are independent"


def test_a_mean_by_weight_is_the_ratio_of_the_sums():
    values, weights = np.array([1.0, -1.0] * 10), np.array([1.0, 3.0] * 10)
    found = weekly_mean(values, saturdays(10, 2), weights)
    assert (found.mean, found.low, found.high) == pytest.approx((-0.5, -0.5, -0.5))


@pytest.mark.parametrize("weeks", range(1, LEAST_WEEKS + 1))
def test_with_fewer_than_six_weeks_there_is_a_difference_and_no_interval(weeks):
    gains = np.random.default_rng(weeks).normal(-1, 0.01, 9 * weeks)
    found = compare(np.zeros(9 * weeks), gains, saturdays(weeks, 9))
    assert found.difference == pytest.approx(-1, abs=0.02)
    if weeks < LEAST_WEEKS:
        assert (found.se, found.low, found.high, found.p_worse) == (*NONE, 1.0)
    else:
        assert found.low < -1 < found.high
        assert found.p_worse < 1e-6


def test_p_worse_is_small_only_where_the_model_is_surely_worse():
    chance, kickoffs = np.random.default_rng(4), saturdays(50, 20)
    noise = chance.normal(0, 0.2, 1000)
    assert compare(0.1 + noise, noise, kickoffs).p_worse < 1e-12
    assert compare(noise, 0.1 + noise, kickoffs).p_worse > 1 - 1e-12
    assert compare(noise, noise + chance.normal(0, 0.2, 1000), kickoffs).p_worse > 0.01


def test_losses_that_are_no_numbers_are_refused():
    for question in (compare, anytime_p_worse):
        with pytest.raises(ValueError, match="only refused"):
            question(np.array([1.0, np.inf]), np.ones(2), saturdays(2, 1))


def test_a_change_is_welchs_test_of_the_weeks():
    chance = np.random.default_rng(6)
    before, now = chance.normal(0, 1, 20), chance.normal(-0.5, 2, 8)
    moved, t, p = change(weekly_mean(before, saturdays(20, 1)), weekly_mean(now, saturdays(8, 1)))
    expected = ttest_ind(now, before, equal_var=False)
    assert (moved, t, p) == pytest.approx((now.mean() - before.mean(), expected.statistic, expected.pvalue))
    few = weekly_mean(now[:5], saturdays(5, 1))
    assert change(few, weekly_mean(before, saturdays(20, 1)))[1:] == (None, None)


@pytest.mark.parametrize("matches", [220, 10])
@pytest.mark.parametrize("weeks", [6, 9, 13, 26, 40])
def test_intervals_hold_the_truth_as_often_as_they_say(matches, weeks):
    equal = synthetic(matches).centred()
    assert 0.93 <= covered(*equal.seasons(RUNS, weeks)) <= 0.97


@pytest.mark.fault(47, "two equal models compared weekly for a season are rolled back at most once in a hundred")
@pytest.mark.parametrize("matches", [220, 10])
def test_equal_models_are_rolled_back_in_at_most_one_season_of_a_hundred(matches):
    equal = synthetic(matches).centred()
    found = rolled_back(*equal.seasons(RUNS))
    assert found[:, -1].mean() <= 0.01
    assert not found[:, : LEAST_LIVE_WEEKS - 1].any()


def test_a_worse_model_is_found_the_sooner_the_worse_it_is():
    found = detectable(synthetic(220), (15, 25, 38), runs=500)
    assert 0.001 < found[38] < found[25] < found[15] < 0.01


def test_the_e_value_of_equal_models_is_one_in_the_mean():
    """What makes it valid at any look (Ville's inequality); sizes differ."""
    chance, sizes = np.random.default_rng(7), np.array([3.0, 200.0, 20.0, 90.0])
    sums = chance.normal(0, np.sqrt(sizes), (400_000, 4))
    for weeks in (2, 3, 4):
        evidence = np.exp(log_evidence_worse(sums[:, :weeks], np.tile(sizes[:weeks], (400_000, 1))))
        assert evidence.mean() == pytest.approx(1, abs=0.05)


def test_no_certainty_decides_before_the_twelfth_week():
    worse = np.random.default_rng(8).normal(0.5, 0.01, 12)
    for weeks in (LEAST_LIVE_WEEKS - 1, LEAST_LIVE_WEEKS):
        p = anytime_p_worse(worse[:weeks], np.zeros(weeks), saturdays(weeks, 1))
        assert p == 1 if weeks < LEAST_LIVE_WEEKS else p < 0.001
    assert anytime_p_worse(-worse, np.zeros(12), saturdays(12, 1)) == 1


def test_a_week_counts_once_it_is_over():
    kickoffs = pd.Series(pd.to_datetime(["2024-08-04 23:59", "2024-08-05 00:00"], utc=True))
    sunday, monday = datetime(2024, 8, 11, 23, tzinfo=UTC), datetime(2024, 8, 12, tzinfo=UTC)
    assert in_whole_weeks(kickoffs, sunday).tolist() == [True, False]
    assert in_whole_weeks(kickoffs, monday).tolist() == [True, True]
