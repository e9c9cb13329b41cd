"""The gates: who is refused, in which words, and who is chosen among those that pass."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from footpred_dagster.core.backtest import PROBABILITIES
from footpred_dagster.core.metrics import ranked_probability_scores
from footpred_dagster.core.promotion import decide
from footpred_dagster.core.registry import Decision

N = 600
CHANCE = np.random.default_rng(3)
INDEX = pd.Index(CHANCE.permutation(np.arange(5000))[:N], name="match")
OUTCOMES = pd.Series(CHANCE.choice(3, N, p=[0.45, 0.26, 0.29]), index=INDEX)
HAPPENED = np.eye(3)[OUTCOMES.to_numpy()]
BASE = np.tile([0.45, 0.26, 0.29], (N, 1))
NO_MARKET = pd.DataFrame(columns=PROBABILITIES, dtype=float)


def frame(probabilities: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(probabilities, index=INDEX, columns=PROBABILITIES)


def knowing(share: float) -> np.ndarray:
    """A forecast that moves ``share`` of the way from the base rate to what happened."""
    return (1 - share) * BASE + share * HAPPENED


def rps(probabilities: np.ndarray) -> float:
    return float(ranked_probability_scores(probabilities, OUTCOMES.to_numpy()).mean())


def better_by(margin: float, closing: np.ndarray) -> np.ndarray:
    """A forecast whose RPS is ``closing``'s less ``margin``."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rps(closing) - rps(knowing(middle)) < margin else (low, middle)
    return knowing((low + high) / 2)


def judge(closing: pd.DataFrame = NO_MARKET, **candidates: np.ndarray) -> Decision:
    predictions = {name: frame(probabilities) for name, probabilities in candidates.items()}
    return decide(list(candidates), {"base_rate": frame(BASE)} | predictions, OUTCOMES, closing)


def test_a_candidate_that_beats_the_base_rate_wins_and_is_told_by_how_much_it_passed():
    decision = judge(elo=knowing(0.1))
    assert decision.winner == "elo"
    (reason,) = decision.reasons["elo"]
    assert reason.startswith("passes all gates, log-loss ")
    assert reason.endswith(f" on {N} matches")


@pytest.mark.parametrize(
    ("probabilities", "reason"),
    [
        pytest.param(BASE[:, ::-1], "does not beat the base rate's", id="worse"),
        pytest.param(BASE.copy(), "does not beat the base rate's", id="equal"),
        pytest.param(np.where(HAPPENED == 1, 0.0, 0.5), "log-loss inf does not beat", id="certain and wrong"),
        pytest.param(np.full((N, 3), np.nan), "not a forecast: probabilities hold NaN", id="nan"),
        pytest.param(np.full((N, 3), 0.5), "not a forecast: probabilities must be non-negative", id="unnormalised"),
        pytest.param(np.tile([1.2, -0.1, -0.1], (N, 1)), "not a forecast", id="negative"),
    ],
)
def test_a_candidate_that_is_no_better_or_no_forecast_is_refused_and_told_why(probabilities, reason):
    decision = judge(bad=probabilities)
    assert decision.winner is None
    assert reason in decision.reasons["bad"][0]


def test_one_nan_among_good_predictions_is_enough_to_be_refused():
    almost = knowing(0.2)
    almost[17, 1] = np.nan
    decision = judge(almost=almost, sound=knowing(0.1))
    assert decision.winner == "sound"
    assert "NaN" in decision.reasons["almost"][0]


@pytest.mark.parametrize(("margin", "winner"), [(0.00201, None), (0.00199, "candidate")])
def test_beating_the_closing_line_by_more_than_the_margin_is_a_leak_until_proven_otherwise(margin, winner):
    closing = knowing(0.1)
    decision = judge(frame(closing), candidate=better_by(margin, closing))
    assert decision.winner == winner
    if winner is None:
        assert decision.reasons["candidate"] == [f"leak flag: RPS beats the closing line by 0.0020 on {N} matches"]


def test_a_leak_on_the_few_matches_that_have_a_price_is_found():
    priced = frame(knowing(0.1)).sample(50, random_state=1)
    oracle = BASE.copy()
    oracle[INDEX.get_indexer(priced.index)] = knowing(0.5)[INDEX.get_indexer(priced.index)]
    decision = judge(priced, oracle=oracle)
    assert decision.winner is None
    assert "on 50 matches" in decision.reasons["oracle"][0]


def test_the_leak_gate_compares_match_by_match_whatever_the_order_of_the_rows():
    closing = knowing(0.1)
    shuffled = frame(closing).sample(frac=1, random_state=2)
    assert judge(shuffled, same=closing.copy()).winner == "same"


def test_a_leaking_candidate_does_not_keep_a_sound_one_from_winning():
    decision = judge(frame(knowing(0.1)), oracle=knowing(0.9), sound=knowing(0.05))
    assert decision.winner == "sound"
    assert "leak flag" in decision.reasons["oracle"][0]


def test_every_fault_is_told_not_only_the_first():
    certain = knowing(0.9)
    certain[0] = np.roll(HAPPENED[0], 1)
    assert [reason.partition(" ")[0] for reason in judge(frame(BASE), bad=certain).reasons["bad"]] == [
        "log-loss",
        "leak",
    ]


def test_without_a_complete_season_nobody_wins_and_each_is_told_why():
    nothing = {"base_rate": frame(BASE), "elo": frame(BASE)}
    decision = decide(["base_rate", "elo"], nothing, OUTCOMES.iloc[:0], NO_MARKET)
    assert decision == Decision(None, {name: ["no complete season to select on"] for name in nothing})


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_of_tied_candidates_the_one_listed_first_wins(names):
    assert judge(**{name: knowing(0.1) for name in names}).winner == names[0]


def test_the_best_candidate_wins_wherever_it_is_listed():
    shares = {"a": 0.1, "b": 0.2, "c": 0.15}
    assert judge(**{name: knowing(share) for name, share in shares.items()}).winner == "b"


def test_the_base_rate_never_wins_not_even_alone_or_as_the_best():
    assert judge(base_rate=BASE).winner is None
    decision = judge(base_rate=knowing(0.5), worse=BASE)
    assert decision.winner is None
    assert decision.reasons["base_rate"] == ["the base rate is the bar, not a contender"]


def test_extra_predictions_of_other_seasons_do_not_count():
    more = frame(knowing(0.1))
    other = pd.DataFrame(np.nan, index=[-1, -2], columns=PROBABILITIES)
    decision = decide(["elo"], {"base_rate": frame(BASE), "elo": pd.concat([other, more])}, OUTCOMES, NO_MARKET)
    assert decision.winner == "elo"
