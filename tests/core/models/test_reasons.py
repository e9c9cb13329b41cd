"""Reasons: they add up to what was said, and name what it was said for."""

from __future__ import annotations

import subprocess
import sys
import time
from functools import cache

import numpy as np
import pandas as pd
import pytest
import xgboost

from footpred_dagster.core.domain.scorelines import outcomes
from footpred_dagster.core.features import contract
from footpred_dagster.core.features.contract import (
    FEATURE_NAMES,
    FEATURES,
    HOME_ADVANTAGE,
    MARKET_AWARE_FEATURES,
    fingerprint,
)
from footpred_dagster.core.models.base import Model
from footpred_dagster.core.models.dixon_coles import HIGHEST_RATE, LOWEST_RATE, DixonColes
from footpred_dagster.core.models.reasons import leading, reasons
from footpred_dagster.core.models.recipes import ALL_RECIPES
from footpred_dagster.core.models.scaling import Scaling
from footpred_dagster.core.models.stack import pool_weights
from tests.support.features import judged_history, random_features

READING = [name for name in ALL_RECIPES if name != "base_rate"]
OPTIONAL = [feature.name for feature in FEATURES if feature.nullable]
RATED = [name for name in FEATURE_NAMES if contract.group(name) == "rating gap"]


@cache
def history() -> pd.DataFrame:
    """Home and away ratings that say the same as the differences, as they do in the tables; home sides win more."""
    frame = judged_history()
    chance = np.random.default_rng(11)
    gap = frame["log_goals_difference"]
    ratings = {"elo_difference": 150 * gap, "home_elo": 1500 + 75 * gap, "away_elo": 1500 - 75 * gap}
    edge = gap + 0.35 + chance.logistic(0, 0.6, len(gap))
    outcome = np.where(edge > 0.5, 0, np.where(edge > -0.5, 1, 2))
    goals = {"home_goals": chance.poisson(1.5 * np.exp(gap / 4)), "away_goals": chance.poisson(1.1 * np.exp(-gap / 4))}
    return frame.assign(**ratings, outcome=outcome, **goals)


@cache
def fitted(name: str) -> Model:
    """As the pipeline has it when it explains: read back from its own files."""
    model: Model = ALL_RECIPES[name]().fit(history())
    return ALL_RECIPES[name].from_files(model.files())


def asked(n: int = 200) -> pd.DataFrame:
    """Matches nobody learned from: values missing, one far out of range, divisions never seen."""
    chance = np.random.default_rng(12)
    frame = random_features(n, chance).assign(league=np.resize([*contract.LEAGUES, "XX"], n), season="2025-26")
    frame["elo_difference"] *= 150
    frame[OPTIONAL] = frame[OPTIONAL].mask(chance.random((n, len(OPTIONAL))) < 0.3)
    frame.loc[0, OPTIONAL] = np.nan
    frame.loc[1, ["log_goals_difference", "home_log_goals", "elo_difference"]] = 5_000.0
    return frame


def untempered(model: Model, frame: pd.DataFrame) -> np.ndarray:
    predicted = model.predict_proba(frame)
    return model.temperature * np.log(predicted[:, 0] / predicted[:, 2])


@pytest.mark.parametrize("name", ALL_RECIPES)
def test_contributions_add_up_to_the_log_odds_before_calibration(name):
    model, frame = fitted(name), asked()
    found = model.contributions(frame)
    assert found.shape == (len(frame), len(model.contract) + 1)
    np.testing.assert_allclose(found.sum(axis=1), untempered(model, frame), atol=1e-6)
    sums = [sum(row.values()) for row in reasons(model, frame)]
    np.testing.assert_allclose(sums, untempered(model, frame), atol=1e-6)


def test_some_models_here_are_tempered():
    """Else the tests above would not tell log-odds before calibration from those after it."""
    temperatures = {name: fitted(name).temperature for name in ("dixon_coles", "xgboost")}
    assert all(abs(value - 1) > 0.01 for value in temperatures.values()), temperatures


def test_the_stack_says_what_its_members_say_by_their_weights():
    stack, frame = fitted("stack"), asked(50)
    expected = sum(
        weight / fitted(name).temperature * fitted(name).contributions(frame) for name, weight in pool_weights().items()
    )
    np.testing.assert_allclose(stack.contributions(frame), expected, atol=1e-12)


@pytest.mark.parametrize("name", READING)
def test_a_stronger_home_side_is_a_reason_called_rating_gap(name):
    model, frame = fitted(name), history().tail(100)
    weaker, stronger = (
        reasons(model, frame.assign(**{each: frame[each] + frame[each].std() * sign for each in moved}))
        for sign, moved in ((0.0, ()), (1.0, ("elo_difference", "home_elo", "log_goals_difference")))
    )
    gains = [after["rating gap"] - before["rating gap"] for before, after in zip(weaker, stronger, strict=True)]
    assert np.mean(gains) > 0.1
    assert min(gains) > -1e-9


@pytest.mark.parametrize("name", ALL_RECIPES)
def test_an_average_match_speaks_for_the_home_side(name):
    average = history().head(22).assign(**history()[list(FEATURE_NAMES)].mean())
    found = pd.DataFrame(reasons(fitted(name), average))
    assert (found[HOME_ADVANTAGE] > 0).mean() > 0.8


@pytest.mark.parametrize("name", ["strength_logit", "dixon_coles", "market_aware"])
def test_of_an_average_match_home_advantage_is_the_only_reason(name):
    model = fitted(name)
    average = history().head(22).assign(**dict(zip(model.scaling.names, model.scaling.means, strict=True)))
    found = model.contributions(average)
    assert np.abs(found[:, :-1]).max() < 1e-6
    np.testing.assert_allclose(found[:, -1], untempered(model, average), atol=1e-6)


@pytest.mark.parametrize("name", ["strength_logit", "dixon_coles", "market_aware", "elo_logit"])
def test_what_is_missing_or_not_read_is_no_reason(name):
    model, frame = fitted(name), asked()
    by_feature = model.contributions(frame)[:, : len(FEATURES)]
    missing = frame[list(FEATURE_NAMES)].isna().to_numpy()
    assert missing.sum() > 1000
    assert (by_feature[missing] == 0).all()
    read = set(getattr(model, "inputs", ["elo_difference"]))
    unread = [place for place, feature in enumerate(FEATURE_NAMES) if feature not in read]
    assert (by_feature[:, unread] == 0).all()


def test_linear_models_are_explained_by_their_weights():
    """One input moved by one: its own contribution moves by its weight, and no other moves."""
    model, frame = fitted("elo_logit"), asked(20)
    moved = model.contributions(frame.assign(elo_difference=frame["elo_difference"] + 40)) - model.contributions(frame)
    place = FEATURE_NAMES.index("elo_difference")
    predicted = np.log(np.divide(*model.predict_proba(pd.DataFrame({"elo_difference": [40.0, 0.0]}))[:, [0, 2]].T))
    np.testing.assert_allclose(moved[2:, place], predicted[0] - predicted[1], atol=1e-9)
    assert (np.delete(moved, place, axis=1) == 0).all()


def test_trees_are_explained_by_the_margins_of_home_and_away():
    """Taking out the error of single precision must not cover for a wrong column."""
    model, frame = fitted("xgboost"), asked(50)
    inputs = xgboost.DMatrix(frame[list(FEATURE_NAMES)].to_numpy(dtype=np.float32))
    margins = model.booster.predict(inputs, pred_contribs=True)
    np.testing.assert_allclose(model.contributions(frame), margins[:, 0] - margins[:, 2], atol=1e-5)


def goals_model(size: float) -> DixonColes:
    """Three inputs count: one for home goals alone, one for away goals, one for the difference."""
    weights = np.zeros((len(DixonColes.inputs), 2))
    weights[:3] = size * np.array([[1.0, 0.0], [0.0, 1.0], [0.5, -0.5]])
    nothing, one = (tuple([value] * len(weights)) for value in (0.0, 1.0))
    return DixonColes(Scaling(DixonColes.inputs, nothing, one), weights.tolist(), [0.36, 0.13], {}, -0.04)


@pytest.mark.parametrize(
    ("size", "apart", "within"),
    [
        pytest.param(0.18, [[3.0, -1.0, 2.5], [0.5, 2.0, -3.0], [-3.0, -3.0, 0.1]], 2e-6, id="as far as teams get"),
        pytest.param(0.5, [[6.0, 2.0, 0.0], [1.0, 6.0, -1.0]], 0.4, id="beyond the bounds of the rates"),
    ],
)
def test_goals_are_explained_along_the_way_from_the_average_match(size, apart, within):
    """Against the integral taken in two thousand steps; where a rate is cut, more of its input explains no more."""
    model, known = goals_model(size), DixonColes.inputs[:3]
    frame = asked(len(apart)).fillna(0.0).assign(**dict.fromkeys(DixonColes.inputs, 0.0))
    frame[list(known)] = apart
    expected, weights, steps = np.zeros((len(apart), 3)), np.array(model.weights)[:3], 2000

    def says(logs: np.ndarray) -> np.ndarray:
        predicted = outcomes(np.exp(np.clip(logs, LOWEST_RATE, HIGHEST_RATE)), model.correction)
        return np.log(predicted[:, 0] / predicted[:, 2])

    for node in (np.arange(steps) + 0.5) / steps:
        logs = np.array(model.common) + node * np.array(apart) @ weights
        for place, step in enumerate(1e-5 * weights):
            expected[:, place] += (says(logs + step) - says(logs - step)) / 2e-5 / steps
    found = model.contributions(frame)[:, [FEATURE_NAMES.index(name) for name in known]]
    np.testing.assert_allclose(found, expected * apart, atol=within)


def test_the_market_is_a_reason_of_the_market_aware_model_alone():
    frame = asked(30)
    assert all("market" in row for row in reasons(fitted("market_aware"), frame))
    assert not any("market" in row for name in READING[:-1] for row in reasons(fitted(name), frame))


def test_every_feature_has_a_word_and_every_word_a_feature():
    words = {contract.group(feature.name) for feature in MARKET_AWARE_FEATURES}
    assert words == set(contract.GROUPS.values())
    assert 6 <= len(words) <= 9
    assert HOME_ADVANTAGE not in words
    with pytest.raises(KeyError):
        contract.group("home_shirt_colour")


def test_words_are_not_part_of_the_contract(monkeypatch):
    before = fingerprint()
    monkeypatch.setattr(contract, "GROUPS", dict.fromkeys(contract.GROUPS, "something"))
    assert fingerprint() == before


def test_reasons_are_led_by_the_weightiest_for_either_side():
    found = {"form": 0.1, "rest": -0.4, "rating gap": 0.9, "head-to-head": -0.1}
    assert leading(found, 3) == [("rating gap", 0.9), ("rest", -0.4), ("form", 0.1)]
    assert leading(found, 9)[3] == ("head-to-head", -0.1)
    assert leading({}, 3) == []


@pytest.mark.parametrize("name", ALL_RECIPES)
def test_no_matches_have_no_reasons(name):
    assert reasons(fitted(name), asked().iloc[:0]) == []


def test_two_hundred_matches_are_explained_by_the_stack_within_a_second():
    model, frame = fitted("stack"), asked(200)
    began = time.perf_counter()
    assert len(reasons(model, frame)) == 200
    assert time.perf_counter() - began < 1


def test_what_shows_reasons_and_scorelines_loads_no_more_than_numpy():
    code = (
        "import sys, footpred_dagster.core.models.reasons, footpred_dagster.core.domain.scorelines; "
        "print({'pandas', 'scipy', 'xgboost', 'sklearn'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.strip() == "set()"
