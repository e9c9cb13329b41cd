"""Tests and effects of two samples: against other people's arithmetic, by chance alone, and at the edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from footpred_dagster.core.statistics.two_sample_tests import (
    PSI_BINS,
    adjusted,
    chi_square,
    kolmogorov_smirnov,
    stability_index,
    two_sided,
)

MEETING = 1000


def uniform(p: list[float]) -> float:
    """p of the hypothesis that ``p`` are uniform, as those of a true null are."""
    return float(stats.kstest(p, "uniform").pvalue)


def test_chi_square_is_the_textbooks():
    reference, current = np.array([3395, 2020, 2274]), np.array([3123, 2012, 2513])
    statistic, effect, p = chi_square(reference, current)
    theirs = stats.chi2_contingency(np.stack([reference, current]), correction=False)
    assert (statistic, p) == (pytest.approx(theirs.statistic), pytest.approx(theirs.pvalue))
    assert effect == pytest.approx(stats.contingency.association(np.stack([reference, current]), method="cramer"))


@pytest.mark.parametrize(
    ("reference", "current"), [([0, 0, 0], [0, 0, 0]), ([500, 300, 200], [0, 0, 0]), ([900, 90, 1], [900, 90, 2])]
)
def test_chi_square_says_nothing_where_too_little_is_expected(reference, current):
    assert chi_square(np.array(reference), np.array(current)) is None


def test_without_drift_p_is_uniform():
    chance = np.random.default_rng(1)
    mixes = [chi_square(*chance.multinomial(900, [0.44, 0.26, 0.3], size=2))[2] for _ in range(MEETING)]
    samples = [kolmogorov_smirnov(*chance.normal(0, 1, (2, 400)))[1] for _ in range(MEETING)]
    assert uniform(mixes) > 0.01
    # The asymptotic p of a D that comes in steps of 1/400 is a little conservative.
    assert np.mean(np.array(samples) < 0.05) == pytest.approx(0.05, abs=0.02)


def test_the_stability_index_of_a_shifted_normal_is_the_square_of_the_shift():
    """Symmetric Kullback-Leibler of N(0, 1) and N(d, 1); ten bins see nearly all of it."""
    chance = np.random.default_rng(2)
    for shift in (0.25, 0.5):
        found = stability_index(chance.normal(0, 1, 200_000), chance.normal(shift, 1, 200_000))
        assert found == pytest.approx(shift**2, rel=0.08)


def test_the_stability_index_of_chance_alone_is_as_small_as_its_docstring_says():
    chance = np.random.default_rng(3)
    found = [stability_index(chance.normal(0, 1, 500), chance.normal(0, 1, 250)) for _ in range(400)]
    assert np.mean(found) == pytest.approx((PSI_BINS - 1) * (1 / 500 + 1 / 250), rel=0.1)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.lists(st.floats(-5, 5) | st.just(float("nan")), min_size=2, max_size=60), st.integers(0, 2**31))
def test_a_sample_does_not_differ_from_itself_in_another_order(values, seed):
    sample = np.array(values)
    shuffled = np.random.default_rng(seed).permutation(sample)
    assert stability_index(sample, shuffled) == pytest.approx(0, abs=1e-12)
    assert kolmogorov_smirnov(sample, shuffled) == (0.0, 1.0)


def test_d_is_the_greatest_distance_of_the_distribution_functions():
    effect, p = kolmogorov_smirnov(np.arange(100.0), np.arange(100.0) + 30)
    assert effect == pytest.approx(0.3)
    assert p == pytest.approx(stats.ks_2samp(np.arange(100.0), np.arange(100.0) + 30, method="asymp").pvalue)


def test_values_that_stop_coming_are_a_difference():
    """Forbids a comparison of what is left: its distribution is the same."""
    whole = np.random.default_rng(4).normal(0, 1, 1000)
    half = np.where(np.arange(1000) % 2, np.nan, whole)
    assert kolmogorov_smirnov(whole, half)[0] == pytest.approx(0.5, abs=0.05)
    assert stability_index(whole, half) > 1
    nothing = np.full(1000, np.nan)
    assert kolmogorov_smirnov(nothing, nothing) == (0.0, 1.0)
    assert stability_index(nothing, nothing) == 0


def test_a_value_that_was_never_seen_makes_a_large_index_and_no_infinite_one():
    found = stability_index(np.zeros(200), np.ones(200))
    assert np.isfinite(found)
    assert found > 5


def test_rates_are_those_of_benjamini_and_hochberg():
    """By hand: p times n over rank, made monotone from the largest down."""
    assert adjusted([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert adjusted([0.01, None, 0.5]) == [pytest.approx(0.02), None, 0.5]
    assert adjusted([]) == []
    assert adjusted([None]) == [None]


def test_among_many_true_nulls_hardly_ever_one_is_called():
    chance = np.random.default_rng(5)
    rung = [any(p < 0.05 for p in adjusted(list(chance.random(22)))) for _ in range(400)]
    assert np.mean(rung) == pytest.approx(0.05, abs=0.03)


def test_two_sided_p_of_the_normal():
    assert two_sided(1.959964) == two_sided(-1.959964) == pytest.approx(0.05, abs=1e-6)
