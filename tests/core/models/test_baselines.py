"""The two bars: exact, stable when written down, and honest about data that teaches nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from footpred_dagster.core.models.base import DegenerateData, Model
from footpred_dagster.core.models.baselines import BASE_RATE_PRIOR, BaseRate, EloLogit
from footpred_dagster.core.models.recipes import RECIPES
from footpred_dagster.core.statistics.scoring_rules import check
from tests.support.features import random_features


def history(n: int = 400, seed: int = 4) -> pd.DataFrame:
    chance = np.random.default_rng(seed)
    difference = chance.normal(0, 150, n)
    home = 1 / (1 + np.exp(-(difference + 60) / 200))
    point = chance.random(n)
    return pd.DataFrame(
        {
            "league": chance.choice(["E0", "D1", "SP1"], n),
            "season": chance.choice(["2022-23", "2023-24", "2024-25"], n),
            **random_features(n, chance),
            "log_goals_difference": difference / 400,
            "elo_difference": difference,
            "outcome": np.where(point < 0.75 * home, 0, np.where(point < 0.75 * home + 0.25, 1, 2)),
        }
    )


def results(season: str, league: str, *outcomes: int) -> pd.DataFrame:
    return pd.DataFrame({"season": season, "league": league, "outcome": outcomes})


def of(*leagues: str) -> pd.DataFrame:
    return pd.DataFrame({"league": leagues})


def test_candidates_are_registered_under_their_own_names():
    assert {name: recipe.name for name, recipe in RECIPES.items()} == {name: name for name in RECIPES}


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_forecasts_are_strictly_positive_and_sum_to_one_however_unequal_the_teams(recipe):
    model = recipe().fit(history())
    gaps = np.array([-1500.0, -300.0, 0.0, 300.0, 1500.0])
    asked = history(n=5).assign(league="XX", elo_difference=gaps, log_goals_difference=gaps / 400)
    predicted = model.predict_proba(asked)
    check(predicted, np.zeros(5, dtype=np.int64))
    assert (predicted > 0).all()
    assert np.abs(predicted.sum(axis=1) - 1).max() < 1e-9  # what the ledger demands


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_parameters_written_as_json_and_read_back_predict_the_same_bits(recipe):
    frame = history()
    model = recipe().fit(frame)
    written = model.files()
    again: Model = recipe.from_files(written)
    np.testing.assert_array_equal(again.predict_proba(frame), model.predict_proba(frame))
    assert again.files() == written


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_fit_is_the_same_each_time_and_alters_no_data(recipe):
    frame = history()
    before = frame.copy()
    assert recipe().fit(frame).files() == recipe().fit(frame).files()
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
@pytest.mark.parametrize(
    ("degrade", "reason"),
    [
        pytest.param(lambda frame: frame.iloc[:0], "0 matches to learn from", id="empty"),
        pytest.param(lambda frame: frame.iloc[:2], "2 matches to learn from", id="two matches"),
        pytest.param(lambda frame: frame[frame["outcome"] == 0], r"outcomes \[1, 2\] never happen", id="one outcome"),
        pytest.param(lambda frame: frame[frame["outcome"] != 1], r"outcomes \[1\] never happen", id="no draw"),
    ],
)
def test_data_that_teaches_nothing_is_refused_by_a_named_error(recipe, degrade, reason):
    with pytest.raises(DegenerateData, match=reason):
        recipe().fit(degrade(history()))


def test_elo_logit_needs_thirty_matches():
    with pytest.raises(DegenerateData, match="29 matches to learn from, 30 needed"):
        EloLogit().fit(history(29))


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_no_matches_get_no_forecasts(recipe):
    assert recipe().fit(history()).predict_proba(history().iloc[:0]).shape == (0, 3)


def test_base_rate_by_hand_draws_each_league_towards_the_overall_rate():
    frame = pd.concat([results("2024-25", "E0", 0, 0, 1), results("2024-25", "D1", 2)])
    found = BaseRate().fit(frame).predict_proba(of("E0", "D1", "SP1"))
    overall = np.array([2, 1, 1]) / 4
    assert BASE_RATE_PRIOR == 30
    np.testing.assert_allclose(found[0], (np.array([2, 1, 0]) + 30 * overall) / 33, rtol=1e-15)
    np.testing.assert_allclose(found[1], (np.array([0, 0, 1]) + 30 * overall) / 31, rtol=1e-15)
    np.testing.assert_array_equal(found[2], overall)


def test_base_rate_forgets_what_is_older_than_five_seasons():
    recent = [results(f"20{year}-{year + 1}", "E0", 0, 1, 2) for year in range(20, 25)]
    ancient = pd.concat([results("2019-20", "E0", *[0] * 500), results("2019-20", "I1", *[2] * 500)])
    with_past, without = BaseRate().fit(pd.concat([ancient, *recent])), BaseRate().fit(pd.concat(recent))
    assert with_past.files() == without.files()
    np.testing.assert_allclose(with_past.predict_proba(of("I1")), [[1 / 3] * 3])


def test_base_rate_counts_all_five_seasons():
    frames = [results(f"20{year}-{year + 1}", "E0", 0, 1, 2) for year in range(21, 25)]
    oldest = results("2020-21", "E0", *[0] * 100)
    assert BaseRate().fit(pd.concat([oldest, *frames])).predict_proba(of("E0"))[0, 0] > 0.8


def test_elo_logit_predicts_what_scikit_learn_itself_predicts():
    frame = history(2000)
    inputs = frame[["elo_difference"]].to_numpy() / 400
    reference = LogisticRegression(C=1e6, tol=1e-8, max_iter=500).fit(inputs, frame["outcome"])
    np.testing.assert_allclose(
        EloLogit().fit(frame).predict_proba(frame), reference.predict_proba(inputs), rtol=0, atol=1e-12
    )


def test_elo_logit_learns_from_the_last_six_seasons_and_from_all_six():
    frame = history(2000).assign(season=np.resize([f"20{year}-{year + 1}" for year in range(17, 25)], 2000))
    recent = frame[frame["season"] >= "2019-20"]
    assert EloLogit().fit(frame).files() == EloLogit().fit(recent).files()
    assert EloLogit().fit(frame).files() != EloLogit().fit(frame[frame["season"] >= "2020-21"]).files()


def test_elo_logit_is_at_the_maximum_of_the_likelihood():
    """There, mean forecasts equal frequencies: an optimiser stopped early or a heavy penalty would break that."""
    frame = history(2000)
    predicted = EloLogit().fit(frame).predict_proba(frame)
    np.testing.assert_allclose(predicted.mean(axis=0), np.bincount(frame["outcome"]) / 2000, atol=1e-6)


def test_elo_logit_moves_from_away_to_home_as_the_difference_grows_and_sees_nothing_else():
    asked = pd.DataFrame({"elo_difference": np.linspace(-400, 400, 9)})
    predicted = EloLogit().fit(history(2000)).predict_proba(asked)
    assert (np.diff(predicted[:, 0]) > 0).all()
    assert (np.diff(predicted[:, 2]) < 0).all()
