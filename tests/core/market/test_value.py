"""Value and stakes: the textbook's formulas against what they are meant to maximize, and nothing from broken quotes."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from footpred_dagster.core.market.value import KELLY_CAP, KELLY_SHARE, kelly, stake, value

BOOK = np.array([[2.0, 3.5, 4.0]])
FORECAST = np.array([[0.55, 0.25, 0.20]])


def test_value_is_the_expected_profit_of_one_unit():
    assert value(FORECAST, BOOK)[0] == pytest.approx([0.10, -0.125, -0.20])


def test_kelly_is_value_over_what_there_is_to_win_and_never_below_zero():
    assert kelly(FORECAST, BOOK)[0] == pytest.approx([0.10, 0, 0])


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.floats(0.02, 0.98), st.floats(1.05, 30))
def test_kelly_is_the_share_that_lets_a_bankroll_grow_fastest(probability, price):
    forecast = np.array([[probability, (1 - probability) / 2, (1 - probability) / 2]])
    # The other prices keep the book from paying out more than it takes.
    found = kelly(forecast, np.array([[price, 1.01, 1.01]]))[0, 0]

    def shrinks(share: float) -> float:
        return -(probability * np.log1p(share * (price - 1)) + (1 - probability) * np.log1p(-share))

    best = minimize_scalar(shrinks, bounds=(0, 1 - 1e-12), method="bounded", options={"xatol": 1e-10}).x
    assert found == pytest.approx(best, abs=1e-5)


def test_a_stake_is_a_share_of_kelly_and_no_more_than_the_cap():
    assert stake(FORECAST, BOOK)[0] == pytest.approx([KELLY_SHARE * 0.10, 0, 0])
    sure = np.array([[0.9, 0.05, 0.05]])
    assert kelly(sure, BOOK)[0, 0] == pytest.approx(0.8)
    assert stake(sure, BOOK)[0, 0] == KELLY_CAP < KELLY_SHARE * 0.8


@pytest.mark.parametrize(
    "broken", [(1.0, 3.5, 4.0), (0.0, 3.5, 4.0), (np.nan, 3.5, 4.0), (2.0, 3.5, np.inf), (2.2, 4.4, 4.4)]
)
def test_a_broken_quote_claims_and_stakes_nothing_and_spoils_no_other(broken):
    odds, forecasts = np.vstack([BOOK, [broken], BOOK]), np.repeat(FORECAST, 3, axis=0)
    for claimed in (value(forecasts, odds), kelly(forecasts, odds), stake(forecasts, odds)):
        assert np.isnan(claimed[1]).all()
        np.testing.assert_array_equal(claimed[0], claimed[2])
        assert np.isfinite(claimed[0]).all()


def test_the_service_can_price_a_forecast_with_numpy_alone():
    says = "import sys, footpred_dagster.core.market.value as _; "
    says += "print(sorted({'pandas', 'scipy', 'psycopg'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", says], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
