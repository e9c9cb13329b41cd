"""The market line: the power method solved a second time by scipy, and rows no line can be drawn from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from footpred_dagster.core.odds import power_devig

BOOK = (1.5, 4.2, 7.0)
OVER_ONE = st.floats(min_value=1.001, max_value=1000)


def line(*odds: float) -> np.ndarray:
    return power_devig(np.array([odds], dtype=float))[0]


def by_root_finding(odds: tuple[float, ...]) -> np.ndarray:
    inverse = 1 / np.array(odds)
    return inverse ** brentq(lambda exponent: (inverse**exponent).sum() - 1, 1e-3, 50, xtol=1e-14)


@pytest.mark.parametrize("odds", [BOOK, (2.0, 3.4, 3.9), (1.02, 21.0, 67.0), (3.2, 3.3, 2.1), (9.0, 6.5, 1.28)])
def test_agrees_with_an_independent_root_finder(odds):
    assert line(*odds) == pytest.approx(by_root_finding(odds), abs=1e-10)


def test_a_worked_example():
    """1/1.5 + 1/4.2 + 1/7 = 1.0476; raised to 1.055418 (brentq, once) they sum to one."""
    assert line(*BOOK) == pytest.approx([0.65185369, 0.21989306, 0.12825325], abs=1e-8)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.tuples(OVER_ONE, OVER_ONE, OVER_ONE))
def test_any_three_odds_above_one_give_probabilities_in_the_order_of_the_prices(odds):
    found = line(*odds)
    assert found.sum() == pytest.approx(1, abs=1e-12)
    assert ((found >= 0) & (found <= 1)).all()
    by_price = np.argsort(odds, kind="stable")
    assert (np.diff(found[by_price]) <= 1e-12).all()


def test_a_favourite_loses_a_smaller_share_of_its_price_than_an_outsider():
    """The favourite-longshot bias; proportional scaling would take the same share off all."""
    kept = line(*BOOK) * np.array(BOOK)
    proportional = 1 / (1 / np.array(BOOK)).sum()
    assert kept[0] > proportional > kept[2]
    assert kept[0] > kept[1] > kept[2]


def test_a_fair_book_is_left_as_it_is():
    assert line(2.0, 4.0, 4.0) == pytest.approx([0.5, 0.25, 0.25], abs=1e-12)


@pytest.mark.parametrize("odds", [(2.2, 4.4, 4.4), (3.5, 3.5, 3.5), (10.0, 10.0, 10.0), (2.0, 50.0, 60.0)])
def test_an_under_round_book_still_gives_a_line(odds):
    assert sum(1 / odd for odd in odds) < 1
    assert line(*odds) == pytest.approx(by_root_finding(odds), abs=1e-10)


@pytest.mark.parametrize("bad", [1.0, 0.99, 0.0, -2.0, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_row_without_three_odds_above_one_gives_no_line_and_spoils_no_other(bad, place):
    odds = np.array([BOOK, BOOK, BOOK])
    odds[1, place] = bad
    found = power_devig(odds)
    assert np.isnan(found[1]).all()
    assert found[[0, 2]] == pytest.approx(np.array([line(*BOOK)] * 2), abs=1e-15)


def test_nothing_priced_gives_nothing():
    assert np.isnan(power_devig(np.full((2, 3), np.nan))).all()
    assert power_devig(np.empty((0, 3))).shape == (0, 3)


def test_the_odds_given_are_not_altered():
    odds = np.array([BOOK, (np.nan, 2.0, 3.0)])
    before = odds.copy()
    power_devig(odds)
    np.testing.assert_array_equal(odds, before)
