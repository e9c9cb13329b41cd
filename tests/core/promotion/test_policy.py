"""The gates: who is refused, in which words, and who is chosen among those that pass."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from footpred_dagster.core.promotion.policy import Evidence, decide
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES
from tests.support.forecasts import (
    BASE,
    CONTRACT,
    HAPPENED,
    INDEX,
    MATCHES,
    NO_MARKET,
    N,
    better_by,
    contender,
    faults,
    frame,
    judge,
    knowing,
)


def test_a_candidate_that_beats_the_base_rate_wins_and_every_gate_is_told():
    decision = judge(elo=knowing(0.1))
    assert decision.winner == "elo"
    assert decision.reasons["elo"] == ["passes all gates"]
    assert [verdict.gate for verdict in decision.verdicts["elo"]] == [
        *("profile", "contract", "bundle", "temperature", "base rate", "calibration"),
    ]


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


@pytest.mark.parametrize(
    ("facts", "gate"),
    [({"profile": "smoke"}, "profile"), ({"fingerprint": "another"}, "contract")],
)
def test_smoke_fits_and_fits_of_another_contract_are_refused(facts, gate):
    decision = judge(facts=facts, good=knowing(0.2))
    assert decision.winner is None
    assert faults(decision, "good") == [gate]


def test_a_vetoed_version_is_refused_with_the_reason_given():
    evidence = Evidence(MATCHES, NO_MARKET, {"base_rate": frame(BASE), "good": frame(knowing(0.2))})
    decision = decide([contender("good")], evidence, CONTRACT, vetoed={("good", 1): "draws look wrong"})
    assert decision.winner is None
    assert decision.reasons["good"] == ["vetoed: draws look wrong"]
    assert decide([contender("good")], evidence, CONTRACT, vetoed={("good", 2): "x"}).winner == "good"


def test_what_is_worse_than_the_elo_logit_is_refused_and_the_elo_logit_itself_is_not():
    decision = judge(elo_logit=knowing(0.2), worse=knowing(0.1))
    assert decision.winner == "elo_logit"
    assert faults(decision, "worse") == ["Elo logit"]
    assert judge(elo_logit=knowing(0.1), equal=knowing(0.1)).reasons["equal"] == ["passes all gates"]


def test_an_overconfident_forecast_is_refused_for_its_calibration():
    bold = knowing(0.6) ** 3
    decision = judge(bold=bold / bold.sum(axis=1, keepdims=True))
    assert "calibration" in faults(decision, "bold")


@pytest.mark.parametrize(("margin", "leaks"), [(0.00201, True), (0.00199, False)])
def test_beating_the_closing_line_by_more_than_the_margin_is_a_leak_until_proven_otherwise(margin, leaks):
    closing = knowing(0.1)
    decision = judge(frame(closing), candidate=better_by(margin, closing))
    assert ("leak" in faults(decision, "candidate")) == leaks
    if leaks:
        assert f"leak flag: RPS beats the closing line by 0.0020 on {N} matches" in decision.reasons["candidate"]


def test_a_leak_on_the_few_matches_that_have_a_price_is_found():
    priced = frame(knowing(0.1)).sample(50, random_state=1)
    oracle = BASE.copy()
    oracle[INDEX.get_indexer(priced.index)] = (0.5 * BASE + 0.5 * HAPPENED)[INDEX.get_indexer(priced.index)]
    decision = judge(priced, oracle=oracle)
    assert decision.winner is None
    assert any("on 50 matches" in reason for reason in decision.reasons["oracle"])


def test_the_leak_gate_compares_match_by_match_whatever_the_order_of_the_rows():
    closing = knowing(0.1)
    shuffled = frame(closing).sample(frac=1, random_state=2)
    assert judge(shuffled, same=closing.copy()).winner == "same"


def test_a_leaking_candidate_does_not_keep_a_sound_one_from_winning():
    decision = judge(frame(knowing(0.1)), oracle=0.9 * HAPPENED + 0.1 * BASE, sound=knowing(0.05))
    assert decision.winner == "sound"
    assert "leak" in faults(decision, "oracle")


def test_without_a_complete_season_nobody_wins_and_each_is_told_why():
    decision = judge(matches=MATCHES.iloc[:0], elo=knowing(0.1))
    assert decision.winner is None
    assert decision.reasons["elo"] == ["no complete season to select on"]


@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_of_tied_candidates_the_one_listed_first_wins(names):
    assert judge(**{name: knowing(0.1) for name in names}).winner == names[0]


def test_the_best_candidate_wins_wherever_it_is_listed():
    shares = {"a": 0.1, "b": 0.3, "c": 0.2}
    assert judge(**{name: knowing(share) for name, share in shares.items()}).winner == "b"


def test_the_base_rate_never_wins_not_even_alone():
    decision = judge(base_rate=BASE)
    assert decision.winner is None
    assert decision.reasons["base_rate"] == ["the base rate is the bar, not a contender"]


def test_extra_predictions_of_other_seasons_do_not_count():
    other = pd.DataFrame(np.nan, index=[-1, -2], columns=PROBABILITIES)
    predictions = {"base_rate": frame(BASE), "elo": pd.concat([other, frame(knowing(0.1))])}
    assert decide([contender("elo")], Evidence(MATCHES, NO_MARKET, predictions), CONTRACT).winner == "elo"
