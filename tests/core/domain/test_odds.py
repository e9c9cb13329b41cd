"""The market line: each method solved a second time in another way, and quotes no line can be drawn from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from footpred_dagster.core.domain.odds import METHODS, devig, overround, power_devig

BOOK = (1.5, 4.2, 7.0)
OVER_ONE = st.floats(min_value=1.001, max_value=1000)
BOOKS = st.tuples(OVER_ONE, OVER_ONE, OVER_ONE).filter(lambda odds: sum(1 / odd for odd in odds) > 1)
REALISTIC = [BOOK, (2.0, 3.4, 3.9), (1.02, 21.0, 67.0), (3.2, 3.3, 2.1), (9.0, 6.5, 1.28)]
many = settings(derandomize=True, max_examples=100, deadline=None)
each_method = pytest.mark.parametrize("method", METHODS)


def line(*odds: float, method: str = "power") -> np.ndarray:
    return devig(np.array([odds], dtype=float), method)[0]


def power(odds: tuple[float, ...]) -> np.ndarray:
    inverse = 1 / np.array(odds)
    found = inverse ** brentq(lambda exponent: (inverse**exponent).sum() - 1, 0, 5000, xtol=1e-14)
    return found / found.sum()


def proportional(odds: tuple[float, ...]) -> np.ndarray:
    total = sum(1 / odd for odd in odds)
    return np.array([1 / odd / total for odd in odds])


def shin(odds: tuple[float, ...]) -> np.ndarray:
    """The textbook's form, its share of insiders found by Brent's method."""
    inverse = 1 / np.array(odds)
    shares = inverse**2 / inverse.sum()

    def believed(z: float) -> np.ndarray:
        return (np.sqrt(z**2 + 4 * (1 - z) * shares) - z) / (2 * (1 - z))

    return believed(brentq(lambda z: believed(z).sum() - 1, 0, 1 - 1e-9, xtol=1e-15))


def shin_by_fixed_point(odds: tuple[float, ...]) -> np.ndarray:
    """Štrumbelj's (2014) iteration, which for three outcomes reads z = sum of roots - 2."""
    inverse, z = 1 / np.array(odds), 0.0
    shares = inverse**2 / inverse.sum()
    for _ in range(5000):
        z = np.sqrt(z**2 + 4 * (1 - z) * shares).sum() - 2
    return (np.sqrt(z**2 + 4 * (1 - z) * shares) - z) / (2 * (1 - z))


REFERENCES = {"proportional": proportional, "power": power, "shin": shin}


@each_method
@pytest.mark.parametrize("odds", REALISTIC)
def test_agrees_with_a_reference_on_real_books(odds, method):
    assert line(*odds, method=method) == pytest.approx(REFERENCES[method](odds), abs=1e-10)


@each_method
@many
@given(odds=BOOKS)
def test_agrees_with_a_reference_on_any_book(odds, method):
    assert line(*odds, method=method) == pytest.approx(REFERENCES[method](odds), abs=1e-6)


@pytest.mark.parametrize("odds", REALISTIC)
def test_shins_share_of_insiders_is_what_the_usual_iteration_settles_on(odds):
    assert line(*odds, method="shin") == pytest.approx(shin_by_fixed_point(odds), abs=1e-9)


def test_a_worked_example():
    """1/1.5 + 1/4.2 + 1/7 = 1.0476; raised to 1.055418 (brentq, once) they sum to one."""
    assert line(*BOOK) == pytest.approx([0.65185369, 0.21989306, 0.12825325], abs=1e-8)


def test_a_worked_example_of_shin():
    """With 2.4130 % of insiders (fixed point, once): between proportional and power at both ends."""
    found = line(*BOOK, method="shin")
    assert found == pytest.approx([0.64709511, 0.22344055, 0.12946434], abs=1e-8)
    assert proportional(BOOK)[0] < found[0] < line(*BOOK)[0]
    assert proportional(BOOK)[2] > found[2] > line(*BOOK)[2]


@each_method
@many
@given(odds=BOOKS)
def test_any_book_gives_probabilities_in_the_order_of_the_prices(odds, method):
    found = line(*odds, method=method)
    assert found.sum() == pytest.approx(1, abs=1e-12)
    assert ((found >= 0) & (found <= 1)).all()
    by_price = np.argsort(odds, kind="stable")
    assert (np.diff(found[by_price]) <= 1e-12).all()


@many
@given(st.lists(BOOKS, min_size=1, max_size=8))
def test_books_together_get_the_lines_they_get_alone(books):
    for method in METHODS:
        alone = np.array([line(*odds, method=method) for odds in books])
        np.testing.assert_allclose(devig(np.array(books), method), alone, rtol=0, atol=1e-15)


def test_a_favourite_loses_a_smaller_share_of_its_price_than_an_outsider():
    """The favourite-longshot bias; proportional scaling would take the same share off all."""
    kept = line(*BOOK) * np.array(BOOK)
    proportional = 1 / (1 / np.array(BOOK)).sum()
    assert kept[0] > proportional > kept[2]
    assert kept[0] > kept[1] > kept[2]


@each_method
@pytest.mark.parametrize("odds", [(2.0, 4.0, 4.0), (3.0, 3.0, 3.0), (1.5, 6.0, 6.0)])
def test_a_fair_book_is_left_as_it_is(odds, method):
    assert line(*odds, method=method) == pytest.approx(1 / np.array(odds), abs=1e-9)
    assert overround(np.array([odds]))[0] == pytest.approx(0, abs=1e-15)


BROKEN = {
    "zero": (0.0, 3.4, 3.9),
    "one, which pays nothing": (1.0, 3.4, 3.9),
    "less than the stake": (2.0, 0.99, 3.9),
    "negative": (2.0, 3.4, -2.0),
    "no number": (2.0, np.nan, 3.9),
    "infinite": (2.0, 3.4, np.inf),
    "minus infinite": (-np.inf, 3.4, 3.9),
    "pays out more than it takes": (2.2, 4.4, 4.4),
    "pays out more, barely": (2.0, 4.0, 4.001),
    "an exchange's ghost prices": (2.0, 50.0, 60.0),
}


@each_method
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_quote_gives_no_line_and_spoils_no_other(broken, method):
    found = devig(np.array([BOOK, broken, BOOK]), method)
    assert np.isnan(found[1]).all()
    assert found[[0, 2]] == pytest.approx(np.array([line(*BOOK, method=method)] * 2), abs=1e-15)
    margins = overround(np.array([BOOK, broken, BOOK]))
    assert np.isnan(margins).tolist() == [False, True, False]


def test_the_overround_is_what_the_book_takes_over_a_fair_one():
    assert overround(np.array([BOOK]))[0] == pytest.approx(1 / 1.5 + 1 / 4.2 + 1 / 7 - 1)


def test_the_method_in_use_is_power_and_another_name_is_refused():
    books = np.array(REALISTIC)
    np.testing.assert_array_equal(power_devig(books), devig(books))
    np.testing.assert_array_equal(power_devig(books), devig(books, "power"))
    with pytest.raises(KeyError):
        devig(books, "guess")


def test_nothing_priced_gives_nothing():
    for method in METHODS:
        assert np.isnan(devig(np.full((2, 3), np.nan), method)).all()
        assert devig(np.empty((0, 3)), method).shape == (0, 3)
    assert overround(np.empty((0, 3))).shape == (0,)


def test_the_odds_given_are_not_altered():
    odds = np.array([BOOK, (np.nan, 2.0, 3.0)])
    before = odds.copy()
    for method in METHODS:
        devig(odds, method)
    np.testing.assert_array_equal(odds, before)
