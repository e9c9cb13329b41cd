"""Temperatures: what they undo, on which matches they are fitted, and that few matches leave them near 1."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from footpred_dagster.core.models.recipes import RECIPES
from footpred_dagster.core.models.temperature import SPREAD, fit_temperature, out_of_fold, tempered
from footpred_dagster.core.statistics.scoring_rules import log_losses
from tests.support.features import judged_history


def forecasts(n: int, distortion: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (n, 3) that are ``distortion`` times too careful, and what happened."""
    chance = np.random.default_rng(seed)
    truth = chance.dirichlet((4, 3, 3), n)
    return tempered(truth, distortion), (truth.cumsum(axis=1) < chance.random((n, 1))).sum(axis=1)


@pytest.mark.parametrize("distortion", [0.7, 1.4])
@pytest.mark.parametrize("spread", [np.inf, SPREAD])
def test_the_temperature_undoes_what_was_too_bold_or_too_careful(distortion, spread):
    told, outcomes = forecasts(20_000, distortion)
    found = fit_temperature(told, outcomes, spread)
    assert found == pytest.approx(1 / distortion, abs=0.05)
    assert log_losses(tempered(told, found), outcomes).mean() < log_losses(told, outcomes).mean()


def test_the_fewer_the_matches_the_nearer_the_temperature_is_to_one():
    """One matchday of favourites that all won is not to make a model bolder."""
    favourites = np.tile([0.6, 0.2, 0.2], (10, 1))
    assert fit_temperature(favourites, np.zeros(10, dtype=int)) == pytest.approx(0.5, abs=0.01)
    assert fit_temperature(favourites, np.zeros(10, dtype=int), SPREAD) == pytest.approx(1, abs=0.05)
    away = [abs(np.log(fit_temperature(*forecasts(n, 2.0), SPREAD))) for n in (10, 300, 9000)]
    assert away == sorted(away)


class Recorder:
    """Stands for a recipe: writes down what it learned from and was calibrated on."""

    def __init__(self) -> None:
        self.learned: pd.DataFrame | None = None
        self.judged: pd.DataFrame | None = None

    def __call__(self, learned: pd.DataFrame):
        self.learned = learned

        def predict(judged: pd.DataFrame) -> np.ndarray:
            self.judged = judged
            return np.tile([0.45, 0.26, 0.29], (len(judged), 1))

        return predict


def seasons(recorder: Recorder) -> tuple[list[str], list[str]]:
    assert recorder.learned is not None
    assert recorder.judged is not None
    return sorted(recorder.learned["season"].unique()), sorted(recorder.judged["season"].unique())


def test_a_season_in_progress_is_learned_from_and_never_calibrated_on():
    frame = judged_history()
    frame = frame[frame["season"] >= "2021-22"]
    out_of_fold(summer := Recorder(), frame[frame["season"] < "2024-25"])
    in_progress = frame.assign(whole=frame["season"] < "2024-25")
    out_of_fold(autumn := Recorder(), in_progress)
    assert seasons(summer) == seasons(autumn) == (["2021-22", "2022-23"], ["2023-24"])


def test_a_league_that_is_not_whole_is_left_out_of_the_calibration():
    frame = judged_history()
    frame = frame.assign(whole=(frame["season"] != "2024-25") | (frame["league"] != "E0"))
    out_of_fold(found := Recorder(), frame)
    assert found.judged is not None
    assert set(found.judged["season"]) == {"2024-25"}
    assert "E0" not in set(found.judged["league"])
    mostly = frame.assign(whole=(frame["season"] != "2024-25") | (frame["league"] == "E0"))
    out_of_fold(found := Recorder(), mostly)
    assert found.judged is not None
    assert set(found.judged["season"]) == {"2023-24"}


def test_without_a_whole_season_or_anything_before_it_nothing_is_changed():
    frame = judged_history()
    one = frame[frame["season"] == "2024-25"]
    assert out_of_fold(Recorder(), one) == 1
    assert out_of_fold(Recorder(), frame.assign(whole=False)) == 1


@pytest.mark.parametrize("name", ["xgboost", "dixon_coles"])
@pytest.mark.parametrize("matches", [1, 7, 40])
def test_the_first_matches_of_a_season_leave_the_temperature_as_it_was(name, matches):
    frame = judged_history(60)
    frame = frame[frame["season"] >= "2022-23"].assign(whole=lambda each: each["season"] < "2024-25")
    before = frame[frame["season"] < "2024-25"]
    after = pd.concat([before, frame[frame["season"] == "2024-25"].head(matches).assign(outcome=2)])
    found = [RECIPES[name]().fit(each).temperature for each in (before, after)]
    assert found[1] == pytest.approx(found[0], abs=0.03)
