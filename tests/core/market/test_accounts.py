"""Bets settled by hand and by simulation: what a claim returns, and that a loss is never left out."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest

from footpred_dagster.core.domain import TOP_FIVE
from footpred_dagster.core.market.accounts import EDGES, LINES, Returns, accounts, best_claims, settle
from footpred_dagster.core.market.value import KELLY_CAP
from footpred_dagster.core.statistics.bootstrap import compare
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES

SIDES = ("home", "draw", "away")
COUNTED = ("matches", "bets", "staked", "profit", "kelly_staked", "kelly_profit")


def claims(*rows: tuple[str, float, float, float]) -> pd.DataFrame:
    """Day, claimed edge, Kelly's stake and profit of a unit, a row each."""
    frame = pd.DataFrame(rows, columns=["kickoff", "edge", "stake", "profit"])
    return frame.assign(kickoff=pd.to_datetime(frame["kickoff"], utc=True, format="ISO8601"))


def season(n: int = 3000, margin: float = 0.06, seed: int = 4) -> tuple[pd.DataFrame, np.ndarray]:
    """Matches of the top five over two seasons, priced with a margin from the true probabilities, and those."""
    chance = np.random.default_rng(seed)
    truth = chance.dirichlet((4, 2.5, 3), n)
    starts = np.repeat(pd.to_datetime(["2023-08-05", "2024-08-05"], utc=True), n // 2)
    odds = 1 / (truth * (1 + margin))
    frame = pd.DataFrame(
        {
            "season": np.repeat(["2023-24", "2024-25"], n // 2),
            "league": np.resize(TOP_FIVE, n),
            "kickoff": starts + pd.to_timedelta(np.arange(n) % (n // 2) * 280 // (n // 2), unit="D"),
            "outcome": (truth.cumsum(axis=1) < chance.random((n, 1))).sum(axis=1).clip(max=2),
            **{f"{line}_odds_{side}": odds[:, place] for line in LINES for place, side in enumerate(SIDES)},
        },
        index=chance.permutation(10 * n)[:n],
    )
    return frame[(odds > 1).all(axis=1)], truth[(odds > 1).all(axis=1)]


def forecast(frame: pd.DataFrame, probabilities: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(probabilities, index=frame.index, columns=PROBABILITIES)


def noisy(truth: np.ndarray) -> np.ndarray:
    raised = truth * np.exp(np.random.default_rng(9).normal(0, 0.25, truth.shape))
    return raised / raised.sum(axis=1, keepdims=True)


def test_a_season_settled_by_hand():
    found = settle(
        claims(
            ("2024-08-03 14:00", 0.10, 0.05, 1.5),
            ("2024-08-03 16:00", 0.20, 0.02, -1.0),
            ("2024-08-10", 0.30, 0.04, -1.0),
            ("2024-08-17", 0.06, 0.01, -1.0),
            ("2024-08-24", 0.40, 0.03, 2.0),
            ("2024-08-25", 0.05, 0.05, -1.0),
        ),
        0.05,
    )
    assert (found.matches, found.bets, found.staked) == (6, 5, 5.0)
    assert found.profit == pytest.approx(0.5)
    assert found.roi == pytest.approx(0.1)
    assert found.max_drawdown == pytest.approx(2.0)
    assert found.kelly_staked == pytest.approx(0.15)
    assert found.kelly_profit == pytest.approx(0.075 - 0.02 - 0.04 - 0.01 + 0.06)
    assert found.kelly_roi == pytest.approx(0.065 / 0.15)
    assert found.kelly_growth == pytest.approx(1.055 * 0.96 * 0.99 * 1.06 - 1)
    assert found.kelly_drawdown == pytest.approx(1 - 0.96 * 0.99)


def test_a_fall_from_the_start_is_a_drawdown_too():
    found = settle(claims(("2024-08-03", 0.1, 0.05, -1.0), ("2024-08-10", 0.1, 0.05, -1.0)), 0.0)
    assert found.max_drawdown == 2
    assert found.kelly_drawdown == pytest.approx(1 - 0.95**2) == -found.kelly_growth


def test_no_more_is_staked_in_a_day_than_there_is():
    """Forty bets at the cap would be twice the bankroll: all lost, nothing is left, and nothing is owed."""
    lost = settle(claims(*[("2024-08-03", 0.3, KELLY_CAP, -1.0)] * 40, ("2024-08-10", 0.3, KELLY_CAP, 9.0)), 0.0)
    assert lost.kelly_growth == pytest.approx(-1)
    assert lost.kelly_drawdown == pytest.approx(1)
    won = settle(claims(*[("2024-08-03", 0.3, KELLY_CAP, 1.0)] * 40), 0.0)
    assert won.kelly_growth == pytest.approx(1.0)


def test_an_edge_has_to_be_exceeded_and_without_bets_nothing_is_claimed_about_them():
    found = settle(claims(("2024-08-03", 0.05, 0.01, 3.0), ("2024-08-10", -0.02, 0.0, 3.0)), 0.05)
    assert found == Returns(matches=2)
    empty = {field.name for field in fields(found) if getattr(found, field.name) is None}
    assert empty == {field.name for field in fields(found)} - set(COUNTED)
    assert settle(claims(), 0.0) == Returns(matches=0)


@pytest.mark.parametrize("weeks", [1, 5, 6])
def test_fewer_than_six_weeks_give_no_interval(weeks):
    days = pd.date_range("2024-08-06", periods=weeks, freq="7D").strftime("%Y-%m-%d")
    found = settle(claims(*[(day, 0.1, 0.02, profit) for day in days for profit in (1.0, -1.0, 0.3)]), 0.0)
    bounds = (found.roi_low, found.roi_high, found.kelly_roi_low, found.kelly_roi_high)
    assert found.roi == pytest.approx(0.1)
    assert (bounds == (None,) * 4) == (weeks < 6)


def test_the_interval_is_that_of_paired_comparisons_by_match_week():
    frame, truth = season()
    within = best_claims(forecast(frame, noisy(truth)), frame, "closing")
    found, bets = settle(within, 0.05), within[within["edge"] > 0.05]
    paired = compare(-bets["profit"].to_numpy(), np.zeros(len(bets)), bets["kickoff"])
    assert (found.roi, found.roi_low, found.roi_high) == pytest.approx((paired.difference, paired.low, paired.high))


def test_one_bet_a_match_on_the_greatest_claim_settled_at_its_own_price():
    frame = pd.DataFrame(
        {
            "kickoff": pd.to_datetime(["2024-08-03", "2024-08-04", "2024-08-05"], utc=True),
            "outcome": [1, 0, 2],
            **{f"opening_odds_{side}": price for side, price in zip(SIDES, (2.0, 3.5, 4.0), strict=True)},
        },
        index=[7, 3, 5],
    )
    frame.loc[5, "opening_odds_home"] = 0.0
    predicted = forecast(frame, np.array([[0.40, 0.33, 0.27], [0.40, 0.33, 0.27], [0.1, 0.1, 0.8]]))
    found = best_claims(predicted, frame, "opening")
    assert found.index.tolist() == [7, 3]  # the match without a sound quote is no bet
    assert found["edge"].tolist() == pytest.approx([0.155, 0.155])
    assert found["profit"].tolist() == [2.5, -1.0]
    assert found["stake"].tolist() == pytest.approx([0.25 * 0.155 / 2.5] * 2)


def test_who_knows_no_more_than_the_market_loses_more_the_surer_the_claim():
    """Forbids an account in which noise pays: prices hold the truth and a margin, claims are made of noise."""
    frame, truth = season(20_000)
    found = accounts({"noise": forecast(frame, noisy(truth))}, frame, ["2023-24", "2024-25"], ())
    closing = [each.returns for each in found if each.line == "closing"]
    assert all(got.roi_high < 0 and got.profit < 0 and got.kelly_growth < 0 for got in closing)
    assert closing[0].roi == pytest.approx(1 / 1.06 - 1, abs=0.02)
    assert [got.bets for got in closing] == sorted((got.bets for got in closing), reverse=True)


def test_who_knows_the_truth_behind_wrong_prices_wins_what_was_claimed():
    frame, truth = season(20_000, margin=0.0)
    wrong = 1 / (noisy(truth) * 1.02)
    for place, side in enumerate(SIDES):
        frame[f"opening_odds_{side}"] = wrong[:, place]
    found = best_claims(forecast(frame, truth), frame, "opening")
    got = settle(found, 0.05)
    assert got.roi == pytest.approx(found.loc[found["edge"] > 0.05, "edge"].mean(), abs=0.05)
    assert got.roi_low > 0
    assert got.kelly_growth > 0


def test_every_model_line_and_edge_has_an_account_and_slices_add_up():
    frame, truth = season()
    frame.iloc[::4, frame.columns.get_loc("opening_odds_away")] = np.nan
    models = {"noise": forecast(frame, noisy(truth)), "honest": forecast(frame, truth)}
    found = accounts(models, frame, ["2023-24", "2024-25"], ["noise"])
    keys = [(each.model, each.line, each.edge, each.slice, each.value) for each in found]
    values = {("all", "all"), ("season", "2023-24"), ("season", "2024-25")} | {
        ("league", group) for group in ("top5", *TOP_FIVE)
    }
    whole = {(model, line, edge, "all", "all") for model in models for line in LINES for edge in EDGES}
    detail = {("noise", line, edge, *value) for line in LINES for edge in EDGES for value in values}
    assert len(keys) == len(set(keys))
    assert set(keys) == whole | detail
    by_key = dict(zip(keys, (each.returns for each in found), strict=True))
    for line in LINES:
        total = by_key["noise", line, 0.05, "all", "all"]
        for kind, names in (("season", ("2023-24", "2024-25")), ("league", TOP_FIVE)):
            parts = [by_key["noise", line, 0.05, kind, name] for name in names]
            for count in COUNTED:
                assert sum(getattr(part, count) for part in parts) == pytest.approx(getattr(total, count))
    assert by_key["noise", "opening", 0.0, "all", "all"].matches < by_key["noise", "closing", 0.0, "all", "all"].matches
    # Knowing exactly what the prices know, nobody claims an edge over them.
    assert by_key["honest", "closing", 0.0, "all", "all"].bets == 0


def test_only_matches_of_the_seasons_asked_for_are_bet_on_and_none_of_no_season():
    frame, truth = season()
    models = {"noise": forecast(frame, noisy(truth))}
    (first, *_) = accounts(models, frame, ["2023-24"], ())
    assert first.returns.matches == (frame["season"] == "2023-24").sum()
    assert [each.returns for each in accounts(models, frame, [], ["noise"])] == [Returns(0)] * len(LINES) * len(EDGES)
