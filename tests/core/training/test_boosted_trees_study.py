"""The search for hyperparameters: shared by workers, resumed, pruned, blind to what comes after selection."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.core.features.contract import LEAGUES
from footpred_dagster.core.models.boosted_trees import Boosting, boost, hyperparameters
from footpred_dagster.core.training import boosted_trees_study
from footpred_dagster.core.training.boosted_trees_study import NothingToTune, Task
from tests.support.features import random_features

AS_OF = datetime(2025, 7, 1, tzinfo=UTC)
FAR = 1e9
"""A deadline nobody reaches."""


def history(per_season: int = 80) -> pd.DataFrame:
    """Nine complete seasons: three of them select, 2019-20 to 2021-22."""
    chance = np.random.default_rng(6)
    seasons = [str(Season(start)) for start in range(2016, 2025)]
    n = per_season * len(seasons)
    frame = random_features(n, chance)
    edge = frame["log_goals_difference"] + chance.logistic(0, 1, n)
    outcomes = np.where(edge > 0.5, 0, np.where(edge > -0.5, 1, 2))
    return frame.assign(season=np.repeat(seasons, per_season), league=chance.choice(LEAGUES, n), outcome=outcomes)


@pytest.fixture
def url(empty_database_url) -> str:
    return "postgresql+psycopg2://" + empty_database_url.partition("://")[2]


@pytest.fixture(scope="module")
def task() -> Task:
    return Task.of(history(), AS_OF)


def test_only_seasons_that_select_are_tuned_on_and_later_ones_are_not_even_at_hand(task):
    assert task.seasons == ("2019-20", "2020-21", "2021-22")
    assert task.frame["season"].max() == "2021-22"


def test_without_a_complete_season_there_is_nothing_to_tune():
    with pytest.raises(NothingToTune, match="no complete season"):
        Task.of(history(), datetime(2017, 1, 1, tzinfo=UTC))


def test_the_first_trial_is_what_is_committed_and_the_result_says_what_was_gained(url, task):
    study = boosted_trees_study.open_study(url, task)
    with pytest.raises(NothingToTune, match="no trial was completed"):
        boosted_trees_study.result(study)
    boosted_trees_study.work(study, task, FAR, trials=2)
    found = boosted_trees_study.result(study)
    first = study.get_trials()[0]
    assert first.params == boosted_trees_study._flat(hyperparameters())
    assert found["log_loss_committed"] == first.value >= found["log_loss"]
    assert set(found["parameters"]) == set(hyperparameters()["parameters"])
    assert Boosting(boost(task.frame, found)).predict_proba(task.frame).shape == (len(task.frame), 3)


def test_a_study_goes_on_where_it_was_left_and_another_task_is_another_study(url, task):
    for _ in range(2):
        boosted_trees_study.work(boosted_trees_study.open_study(url, task), task, FAR, trials=1)
    trials = boosted_trees_study.open_study(url, task).get_trials()
    assert [trial.number for trial in trials] == [0, 1]
    fewer = Task.of(history(70), AS_OF)
    assert boosted_trees_study.open_study(url, fewer).get_trials()[0].state.name == "WAITING"
    assert fewer.study_name != task.study_name


def test_a_trial_that_starts_far_worse_than_the_others_is_pruned(url, task, monkeypatch):
    monkeypatch.setattr(boosted_trees_study, "FIRST_FULL_TRIALS", 2)
    study = boosted_trees_study.open_study(url, task)
    boosted_trees_study.work(study, task, FAR, trials=2)
    bold = {"eta": 0.12, "max_depth": 5, "lambda": 1, "min_child_weight": 10, "rounds": 400, "seasons": 6}
    study.enqueue_trial(bold | {"subsample": 1.0, "colsample_bytree": 1.0})
    boosted_trees_study.work(study, task, FAR, trials=1)
    newest = study.get_trials()[-1]
    assert newest.state.name == "PRUNED"
    assert len(newest.intermediate_values) == 1
    assert boosted_trees_study.counts(study) == {"complete": 2, "pruned": 1}


def _join(url: str, task: Task, trials: int) -> None:
    boosted_trees_study.work(boosted_trees_study.open_study(url, task), task, FAR, trials)


def test_two_workers_share_one_study_and_what_a_killed_one_leaves_behind_is_tried_again(url, task, monkeypatch):
    boosted_trees_study.open_study(url, task)
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=_join, args=(url, task, 2)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=120)
    assert [worker.exitcode for worker in workers] == [0, 0]
    study = boosted_trees_study.open_study(url, task)
    assert sorted(trial.number for trial in study.get_trials()) == [0, 1, 2, 3]

    monkeypatch.setattr(boosted_trees_study, "SILENCE", 1)
    monkeypatch.setattr(boosted_trees_study, "HEARTBEAT", 1)
    doomed = spawn.Process(target=_join, args=(url, Task(pd.concat([task.frame] * 40), task.seasons), 1))
    slow = boosted_trees_study.open_study(url, Task(pd.concat([task.frame] * 40), task.seasons))
    doomed.start()
    deadline = time.monotonic() + 60
    while "running" not in boosted_trees_study.counts(slow) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert doomed.pid is not None
    os.kill(doomed.pid, signal.SIGKILL)
    doomed.join(timeout=10)
    deadline = time.monotonic() + 60
    while "running" in boosted_trees_study.counts(slow) and time.monotonic() < deadline:
        time.sleep(2)
        boosted_trees_study.work(slow, task, FAR, trials=1)
    assert boosted_trees_study.counts(slow)["fail"] == 1


def test_the_same_matches_with_other_results_are_another_study(task):
    corrected = task.frame.assign(outcome=2 - task.frame["outcome"])
    assert Task(corrected, task.seasons).study_name != task.study_name


def test_committed_values_that_were_never_measured_are_offered_again(url, task, monkeypatch):
    boosted_trees_study.work(boosted_trees_study.open_study(url, task), task, FAR, trials=1)
    other = hyperparameters() | {"rounds": 70}
    monkeypatch.setattr(boosted_trees_study, "hyperparameters", lambda: other)
    study = boosted_trees_study.open_study(url, task)
    assert boosted_trees_study.open_study(url, task).get_trials()[-1].state.name == "WAITING"
    boosted_trees_study.work(study, task, FAR, trials=1)
    assert boosted_trees_study.result(study)["log_loss_committed"] == study.get_trials()[-1].value
    assert len(boosted_trees_study.open_study(url, task).get_trials()) == 2
