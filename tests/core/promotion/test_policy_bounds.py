"""Every bound of the promotion policy, with evidence that lies just on either side of it."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from footpred_dagster.core.promotion.policy import Evidence, Incumbent, decide, live_rollback
from footpred_dagster.core.registry.decision import Decision
from footpred_dagster.core.statistics.bootstrap import anytime_p_worse, compare
from footpred_dagster.core.statistics.reliability import chance_ece
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES, expected_calibration_error
from tests.support.forecasts import (
    BASE,
    CONTRACT,
    HAPPENED,
    INDEX,
    MATCHES,
    NO_MARKET,
    OUTCOMES,
    N,
    contender,
    faults,
    frame,
    jittered,
    judge,
    knowing,
    reigning,
)

NOISE = np.repeat(np.random.default_rng(21).normal(0, 0.02, N // 10), 10)
"""Of gains: alike for all ten matches of a week, as their spread from week to week is what intervals are made of."""
NOISE -= NOISE.mean()
LOSS = 1.0
"""Of the champion, on every match."""
MONTH = timedelta(days=30)
A_MOMENT = timedelta(seconds=1)


def losing(losses: np.ndarray) -> np.ndarray:
    """A forecast with these log-losses, match by match."""
    given = np.repeat((1 - np.exp(-losses))[:, None] / 2, 3, axis=1)
    given[np.arange(N), OUTCOMES.to_numpy()] = np.exp(-losses)
    return given


def gaining(gains: np.ndarray, matches: pd.DataFrame = MATCHES, **champion: object) -> Decision:
    """A challenger that gains so much log-loss, match by match, on a champion."""
    rival = reigning(losing(np.full(N, LOSS)), **champion)
    return judge(matches=matches, incumbent=rival, challenger=losing(LOSS - gains))


def gains_of_low(low: float) -> np.ndarray:
    """Gains whose 95 % interval begins at ``low``: it moves along with the mean."""
    return NOISE + low - compare(LOSS - NOISE, np.full(N, LOSS), MATCHES["kickoff"]).low


def losses_of_p(loss: float, p: float) -> np.ndarray:
    """Gains of -``loss`` on average with this ``p_worse``, which grows with their spread."""
    narrow, wide = 1e-3, 1e3
    for _ in range(80):
        spread = np.sqrt(narrow * wide)
        small = compare(LOSS + loss - spread * NOISE, np.full(N, LOSS), MATCHES["kickoff"]).p_worse < p
        narrow, wide = (spread, wide) if small else (narrow, spread)
    return wide * NOISE - loss


@pytest.mark.parametrize(("low", "passes"), [(-1e-6, False), (1e-6, True)])
def test_the_interval_of_what_a_challenger_gains_must_lie_above_zero(low, passes):
    assert ("champion" not in faults(gaining(gains_of_low(low)), "challenger")) == passes


@pytest.mark.parametrize(
    ("low", "age", "passes"),
    [
        (-0.000499, MONTH + A_MOMENT, True),
        (-0.000501, MONTH + A_MOMENT, False),
        (-0.000499, MONTH, False),
        (-0.000501, MONTH, False),
    ],
)
def test_a_champion_of_more_than_a_month_gives_way_to_one_that_is_not_worse_by_the_margin(low, age, passes):
    assert ("champion" not in faults(gaining(gains_of_low(low), age=age), "challenger")) == passes


@pytest.mark.parametrize(("surely", "winner"), [(False, "stack"), (True, "challenger")])
def test_a_refit_goes_before_a_challenger_that_is_not_surely_better(surely, winner):
    """Of a stale champion, too, whom a challenger that is merely not worse would replace."""
    champion = reigning(knowing(0.4), name="stack", age=2 * MONTH)
    reigns = -np.log(knowing(0.4)[np.arange(N), OUTCOMES.to_numpy()])
    small, large = 0.0, 0.5
    for _ in range(60):
        share = (small + large) / 2
        mixed = (1 - share) * jittered(knowing(0.4)) + share * (0.9 * HAPPENED + 0.1 * BASE)
        found = compare(-np.log(mixed[np.arange(N), OUTCOMES.to_numpy()]), reigns, MATCHES["kickoff"])
        small, large = (share, large) if found.low < (1e-6 if surely else -1e-6) else (small, share)
    assert judge(incumbent=champion, stack=knowing(0.4), challenger=mixed).winner == winner


@pytest.mark.parametrize(
    ("matches", "loss", "p", "passes"),
    [
        (N, 0.0101, 0.0099, False),
        (N, 0.0099, 0.0001, True),
        (N, 0.0101, 0.0101, True),
        (N, 0.0101, 0.0021, False),
    ],
)
def test_a_league_may_not_get_surely_worse_by_more_than_the_bound(matches, loss, p, passes):
    decision = gaining(losses_of_p(loss, p), MATCHES.iloc[:matches])
    assert ("leagues" not in faults(decision, "challenger")) == passes


@pytest.mark.parametrize(("count", "passes"), [(499, True), (500, False)])
def test_a_league_of_fewer_matches_than_the_bound_decides_nothing(count, passes):
    decision = gaining(np.full(N, -0.04) + NOISE, MATCHES.iloc[:count])
    assert ("leagues" not in faults(decision, "challenger")) == passes


def skewed(count: int, home_wins: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """``count`` matches forecast as the base rate, of which so many were won at home, the others as forecast."""
    away = round((count - home_wins) * 0.29 / 0.55)
    outcomes = np.repeat([0, 1, 2], [home_wins, count - home_wins - away, away])
    weeks = pd.to_datetime("2023-08-05", utc=True) + pd.to_timedelta(np.arange(count) % 40, unit="W")
    matches = pd.DataFrame({"outcome": outcomes, "league": "E0", "kickoff": weeks})
    return matches, pd.DataFrame(np.tile(BASE[0], (count, 1)), columns=PROBABILITIES)


@pytest.mark.parametrize("count", [40_000, 400])
def test_the_calibration_error_may_be_the_floor_or_what_chance_explains(count):
    """Of many matches the floor, of few what a calibrated forecast may show by chance."""
    _, forecast = skewed(count, 0)
    chance = chance_ece(forecast.to_numpy()).upper
    bound = max(0.02, chance)
    assert (chance > 0.02) == (count == 400)

    def error(home_wins: int) -> float:
        return expected_calibration_error(forecast.to_numpy(), skewed(count, home_wins)[0]["outcome"].to_numpy())

    fair = round(0.45 * count)
    first = next(wins for wins in range(fair, count) if error(wins) > bound)
    for wins, passes in ((first - 1, True), (first, False)):
        matches, forecast = skewed(count, wins)
        evidence = Evidence(matches, NO_MARKET, {"base_rate": forecast, "each": forecast})
        decision = decide([contender("each")], evidence, CONTRACT)
        assert ("calibration" not in faults(decision, "each")) == passes


def test_a_model_that_trails_the_closing_line_is_no_leak_however_far():
    assert "leak" not in faults(judge(frame(knowing(0.9)), far_behind=knowing(0.1)), "far_behind")


def test_without_prices_there_is_no_leak_to_look_for():
    decision = judge(good=knowing(0.1))
    assert "leak" not in {verdict.gate for verdict in decision.verdicts["good"]}
    priced = judge(frame(knowing(0.1)), good=knowing(0.1))
    assert "leak" in {verdict.gate for verdict in priced.verdicts["good"]}


@pytest.mark.parametrize(
    ("name", "recipe", "refit"),
    [
        ("stack", "recipe of stack", True),
        ("stack", "other code", False),
        ("another", "recipe of stack", False),
    ],
)
def test_only_a_fit_of_the_same_name_and_recipe_is_a_refit(name, recipe, refit):
    champion = Incumbent(contender(name, recipe=recipe), MONTH / 2, frame(knowing(0.4)))
    assert (judge(incumbent=champion, stack=knowing(0.4)).winner == "stack") == refit


def test_neither_a_champion_of_another_contract_nor_the_best_there_was_is_compared_with():
    gone = reigning(knowing(0.6), fingerprint="before")
    decision = judge(incumbent=gone, best=reigning(knowing(0.9), name="best"), good=knowing(0.2))
    gates = {verdict.gate for verdict in decision.verdicts["good"]}
    assert (decision.winner, gates & {"champion", "best champion ever", "leagues"}) == ("good", set())
    assert decision.why == "best of those that pass all gates"


def test_without_a_complete_season_the_champion_of_any_recipe_stays():
    decision = judge(incumbent=reigning(knowing(0.4), name="stack"), matches=MATCHES.iloc[:0], stack=knowing(0.4))
    assert (decision.winner, decision.why) == (None, "no complete season to select on")


def test_a_pin_without_a_champion_to_pin_holds_nobody_back():
    evidence = Evidence(MATCHES, NO_MARKET, {"base_rate": frame(BASE), "good": frame(knowing(0.2))})
    assert decide([contender("good")], evidence, CONTRACT, pinned=True).winner == "good"
    gone = reigning(knowing(0.6), fingerprint="before")
    assert decide([contender("good")], evidence, CONTRACT, gone, pinned=True).winner == "good"


def test_whoever_fails_a_gate_of_its_own_is_not_compared_with_the_champion():
    decision = judge(incumbent=reigning(knowing(0.1)), bad=BASE[:, ::-1])
    assert "champion" not in {verdict.gate for verdict in decision.verdicts["bad"]}


def test_the_best_of_several_challengers_takes_over():
    decision = judge(incumbent=reigning(knowing(0.05)), good=knowing(0.5), better=knowing(0.7))
    assert decision.winner == "better"


def test_a_model_exactly_as_good_as_the_base_rate_is_refused_and_as_the_elo_logit_is_not():
    assert "base rate" in faults(judge(equal=BASE.copy()), "equal")
    assert "Elo logit" not in faults(judge(elo_logit=knowing(0.1), equal=knowing(0.1)), "equal")


@pytest.mark.parametrize(("p", "falls"), [(0.0099, True), (0.0101, False)])
def test_live_scores_end_a_reign_below_the_bound_and_not_above_it(p, falls):
    rival = np.full(N, LOSS)
    small, large = 0.0, 1.0
    for _ in range(60):
        lean = (small + large) / 2
        found = anytime_p_worse(rival + NOISE + lean, rival, MATCHES["kickoff"])
        small, large = (lean, large) if found > p else (small, lean)
    champion = rival + NOISE + (large if falls else small)
    assert (live_rollback(champion, rival, MATCHES["kickoff"]) is not None) == falls


def test_without_a_match_nobody_is_rolled_back():
    nothing = np.empty(0)
    assert live_rollback(nothing, nothing, MATCHES["kickoff"].iloc[:0]) is None


def test_matches_are_compared_by_their_own_row():
    """The champion's rows in another order, as a table may give them."""
    champion = reigning(knowing(0.4), name="stack", age=2 * MONTH)
    turned = Incumbent(champion.contender, champion.age, champion.predictions.reindex(INDEX[::-1]))
    assert judge(incumbent=turned, equal=knowing(0.4)).winner == "equal"
