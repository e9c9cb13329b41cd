"""Who takes over from a champion, and who does not: refits, challengers, pins, disasters and rollbacks."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from footpred_dagster.core.promotion.policy import Evidence, Incumbent, decide, live_rollback
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES
from tests.support.forecasts import (
    BASE,
    CONTRACT,
    HAPPENED,
    MATCHES,
    NO_MARKET,
    OLD,
    YOUNG,
    contender,
    faults,
    frame,
    jittered,
    judge,
    knowing,
    reigning,
)


def test_a_challenger_that_is_surely_better_takes_over_and_one_that_may_be_does_not():
    assert judge(incumbent=reigning(knowing(0.1)), better=knowing(0.6)).winner == "better"
    decision = judge(incumbent=reigning(knowing(0.1)), similar=jittered(knowing(0.1)))
    assert decision.winner is None
    assert faults(decision, "similar") == ["champion"]
    assert "than the champion reigning by 0.00" in decision.reasons["similar"][0]


def test_a_worse_challenger_does_not_take_over_and_an_equal_one_only_from_a_champion_of_a_month():
    assert judge(incumbent=reigning(knowing(0.4)), worse=knowing(0.1)).winner is None
    assert judge(incumbent=reigning(knowing(0.4), age=OLD), worse=knowing(0.1)).winner is None
    assert judge(incumbent=reigning(knowing(0.4)), equal=knowing(0.4)).winner is None
    assert judge(incumbent=reigning(knowing(0.4), age=OLD), equal=knowing(0.4)).winner == "equal"


def test_small_steps_down_are_measured_against_the_best_champion_ever():
    """Forbids a chain of champions each not much worse than the one before."""
    worn = reigning(knowing(0.2), age=OLD)
    decision = judge(incumbent=worn, best=reigning(knowing(0.6), name="glorious", age=OLD), next=knowing(0.2))
    assert decision.winner is None
    assert faults(decision, "next") == ["best champion ever"]


def test_the_champions_own_recipe_refitted_takes_its_place_and_changed_it_must_be_better():
    same = reigning(knowing(0.3), name="stack")
    assert judge(incumbent=same, stack=knowing(0.3)).winner == "stack"
    other = reigning(knowing(0.3), name="stack", recipe="older code")
    assert judge(incumbent=other, stack=knowing(0.3)).winner is None


def test_a_refit_that_fails_a_gate_leaves_the_champion_as_it_is():
    same = reigning(knowing(0.3), name="stack")
    assert judge(frame(knowing(0.1)), incumbent=same, stack=0.9 * HAPPENED + 0.1 * BASE).winner is None


def test_a_surely_better_challenger_goes_before_a_refit():
    same = reigning(knowing(0.1), name="stack")
    assert judge(incumbent=same, stack=knowing(0.1), better=knowing(0.6)).winner == "better"


def test_a_champion_that_cannot_be_loaded_any_more_is_succeeded_by_the_best_that_can():
    gone = reigning(knowing(0.6), fingerprint="before")
    assert judge(incumbent=gone, good=knowing(0.2)).winner == "good"


def test_a_pinned_champion_stays_whoever_is_better():
    evidence = Evidence(MATCHES, NO_MARKET, {"base_rate": frame(BASE), "better": frame(knowing(0.6))})
    decision = decide([contender("better")], evidence, CONTRACT, reigning(knowing(0.1)), pinned=True)
    assert decision.winner is None
    assert "is pinned" in decision.why
    assert decision.reasons["better"] == ["passes all gates"]


def test_a_disaster_in_one_league_is_not_paid_for_by_gains_in_another():
    """2 400 matches in two leagues: much better in one, surely worse by over .01 in the other."""
    count = 1200
    index = pd.RangeIndex(2 * count)
    chance = np.random.default_rng(5)
    outcomes = chance.choice(3, 2 * count, p=[0.45, 0.26, 0.29])
    base = np.tile([0.45, 0.26, 0.29], (2 * count, 1))
    raised = base * np.exp(0.3 * np.eye(3)[outcomes] + np.sqrt(0.3) * chance.normal(0, 1, (2 * count, 3)))
    informed = raised / raised.sum(axis=1, keepdims=True)
    leagues = np.repeat(["E0", "D1"], count)
    weeks = pd.date_range("2023-08-05", periods=60, freq="7D", tz="UTC")
    matches = pd.DataFrame(
        {"outcome": outcomes, "league": leagues, "kickoff": np.tile(np.repeat(weeks, count // 60), 2)}, index=index
    )
    in_england = (leagues == "E0")[:, None]
    challenger, champion = np.where(in_england, informed, base), np.where(in_england, base, informed)
    predictions = {
        "base_rate": pd.DataFrame(np.tile([0.40, 0.28, 0.32], (2 * count, 1)), index=index, columns=PROBABILITIES),
        "lopsided": pd.DataFrame(challenger, index=index, columns=PROBABILITIES),
    }
    rival = Incumbent(contender("champion"), YOUNG, pd.DataFrame(champion, index=index, columns=PROBABILITIES))
    decision = decide([contender("lopsided")], Evidence(matches, NO_MARKET, predictions), CONTRACT, rival)
    assert "leagues" in faults(decision, "lopsided")
    assert any(reason.startswith("D1 gets worse by") for reason in decision.reasons["lopsided"])
    assert decision.winner is None


def test_a_small_sample_promotes_nobody_over_a_champion_by_luck():
    """A demo's few weeks: an edge that 600 matches would show is within chance on 40."""
    few = MATCHES.iloc[:40]
    decision = judge(matches=few, incumbent=reigning(knowing(0.1)), better=jittered(knowing(0.12)))
    assert decision.winner is None
    assert faults(decision, "better") == ["champion"]


def test_a_stale_champion_is_refitted_and_not_replaced_by_a_challenger_that_is_merely_not_worse():
    """Forbids two equal recipes that take turns every month."""
    stale = reigning(knowing(0.4), name="stack", age=OLD)
    assert judge(incumbent=stale, stack=knowing(0.4), equal=knowing(0.4)).winner == "stack"
    assert judge(incumbent=stale, stack=knowing(0.1)[:, ::-1], equal=knowing(0.4)).winner == "equal"
    worn = reigning(knowing(0.1), name="stack", age=OLD)
    assert judge(incumbent=worn, stack=knowing(0.1), better=knowing(0.6)).winner == "better"


def test_a_champion_without_stored_predictions_is_not_replaced_uncompared():
    unknown = Incumbent(contender("older", recipe="no longer in the code"), OLD, frame(BASE)[:0])
    decision = judge(incumbent=unknown, good=knowing(0.6))
    assert decision.winner is None
    assert faults(decision, "good") == ["champion"]
    assert "nothing to compare" in decision.reasons["good"][0]
    assert judge(incumbent=unknown, older=knowing(0.6)).winner is None
    past = reigning(knowing(0.1))
    assert judge(incumbent=past, best=unknown, good=knowing(0.6)).winner == "good"


@pytest.mark.parametrize(
    ("matches", "lean", "falls"),
    [(600, 0.5, True), (120, 0.5, True), (110, 0.5, False), (600, 0.0, False), (600, -0.5, False)],
)
def test_a_champion_that_is_surely_worse_live_is_rolled_back_but_not_before_the_twelfth_week(matches, lean, falls):
    """Recorded log-losses of champion and predecessor, ten matches a week."""
    chance = np.random.default_rng(7)
    rival = chance.gamma(4, 0.25, matches)
    champion = rival + lean * chance.random(matches) * 0.2
    reason = live_rollback(champion, rival, MATCHES["kickoff"].iloc[:matches])
    assert (reason is not None) == falls
    assert not falls or "live log-loss worse by" in str(reason)
