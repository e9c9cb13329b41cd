"""``evaluate``: the rows a user asked for, each by a fit strictly before, or a reason why there are none."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from footpred_dagster.cli.output import print_evaluation
from footpred_dagster.core.domain import TOP_FIVE, Season
from footpred_dagster.core.evaluation.report import MODEL_NAMES, NothingToEvaluate, as_pair, as_row, evaluate_models
from footpred_dagster.core.evaluation.walk_forward import walk_forward
from footpred_dagster.core.models.baselines import EloLogit
from footpred_dagster.core.statistics.scoring_rules import score
from tests.support.features import random_features

KEYS = ["model", "league", "seasons", "n", "log_loss", "rps", "brier", "ece", "accuracy", "se"]


def warehouse(first: int = 2021, last: int = 2024, leagues: tuple[str, ...] = TOP_FIVE) -> pd.DataFrame:
    chance = np.random.default_rng(8)
    seasons = [str(Season(start)) for start in range(first, last + 1)]
    n = len(seasons) * len(leagues) * 40
    frame = pd.DataFrame(
        {
            "season": np.repeat(seasons, n // len(seasons)),
            "league": np.resize(leagues, n),
            "elo_difference": chance.normal(0, 150, n),
            "outcome": chance.choice(3, n, p=[0.45, 0.25, 0.3]),
        }
    )
    odds = {f"{line}_odds_{side}": 2.9 for line in ("opening", "closing") for side in ("home", "draw", "away")}
    others = random_features(n, chance).drop(columns="elo_difference")
    clubs = {side: chance.choice(list("abcdefgh"), n) for side in ("home_id", "away_id")}
    days = pd.to_datetime(frame["season"].str[:4] + "-09-01", utc=True) + pd.to_timedelta(np.arange(n) % 200, unit="D")
    return frame.assign(**odds, **clubs, kickoff=days).join(others)


def rows(models=MODEL_NAMES, seasons=("2023-24", "2024-25"), groups=("all", "top5"), champion="elo_logit", frame=None):
    return evaluate_models(warehouse() if frame is None else frame, models, seasons, groups, champion).rows


def scores(found, model: str, league: str = "all"):
    return next(row.scores for row in found if (row.model, row.league) == (model, league))


def test_the_documented_models_have_a_row_in_each_group_and_echo_the_seasons_as_site_codes():
    found = rows()
    models = [
        "champion",
        "base_rate",
        "elo_logit",
        "strength_logit",
        "dixon_coles",
        "xgboost",
        "stack",
        "market_aware",
        "elo",
        "market_opening",
        "market_closing",
    ]
    assert [(row.league, row.model) for row in found] == [(g, model) for g in ("all", "top5") for model in models]
    assert {row.seasons for row in found} == {"2324,2425"}


def test_champion_and_elo_are_scored_by_the_recipe_behind_their_name():
    found = rows()
    assert scores(found, "champion") == scores(found, "elo") == scores(found, "elo_logit")
    assert scores(rows(champion="base_rate"), "champion") == scores(found, "base_rate") != scores(found, "elo")


def test_while_there_is_no_champion_its_rows_are_left_out_and_the_others_are_not():
    found = rows(champion=None)
    assert {row.model for row in found} == set(MODEL_NAMES) - {"champion"}
    assert rows(models=["champion"], champion=None) == []


def test_each_season_is_predicted_by_a_fit_strictly_before_it():
    frame = warehouse()
    predicted = pd.concat(p for _, p in walk_forward(EloLogit, frame, ["2023-24", "2024-25"]))
    expected = score(predicted.to_numpy(), frame.loc[predicted.index, "outcome"].to_numpy())
    assert scores(rows(models=["elo"], frame=frame), "elo") == expected


def test_later_matches_change_no_row_of_earlier_seasons():
    short, long = warehouse(last=2023), warehouse(last=2024)
    grown = pd.concat([short, long[long["season"] > "2023-24"]])
    assert rows(seasons=["2023-24"], frame=grown) == rows(seasons=["2023-24"], frame=short)


def test_seasons_the_warehouse_does_not_hold_are_left_out_and_not_echoed():
    assert {row.seasons for row in rows(seasons=["2023-24", "2024-25", "2025-26"])} == {"2324,2425"}


def test_only_the_groups_asked_for_are_given():
    assert {row.league for row in rows(groups=["D1", "all"])} == {"D1", "all"}
    assert {row.scores.n for row in rows(groups=["D1"])} == {80}


def test_the_top_five_are_no_group_while_one_of_them_is_missing():
    assert {row.league for row in rows(frame=warehouse(leagues=("E0", "D1")))} == {"all"}


def test_seasons_that_are_not_there_are_named_with_the_way_out():
    with pytest.raises(NothingToEvaluate, match=r"no played matches of 1994-95, 1995-96 .* footpred run"):
        rows(seasons=["1994-95", "1995-96"])


def test_a_season_without_an_earlier_one_is_named_with_the_way_out():
    with pytest.raises(NothingToEvaluate, match=r"nothing before 2021-22 to learn from: .* footpred run"):
        rows(seasons=["2021-22", "2022-23"])


def test_a_row_is_what_programs_were_promised_and_is_json():
    row = as_row(rows(models=["elo"])[0])
    assert list(row) == KEYS
    assert json.loads(json.dumps(row, allow_nan=False)) == row


def test_a_season_under_way_is_scored_as_far_as_it_is_loaded():
    frame = warehouse()
    under_way = frame.assign(whole=frame["season"] < "2024-25")
    models = ("elo_logit", "market_closing")
    assert rows(models, ("2024-25",), frame=under_way) == rows(models, ("2024-25",), frame=frame)


def test_a_few_weeks_are_printed_with_differences_and_without_intervals(capsys):
    frame = warehouse()
    early = frame[(frame["season"] < "2024-25") | (frame["kickoff"] < pd.Timestamp("2024-09-20", tz="UTC"))]
    found = evaluate_models(early, ("elo_logit", "base_rate"), ["2024-25"], ["all"], None)
    pairs = [as_pair(each) for each in found.paired]
    assert [(pair["weeks"], pair["low"], pair["high"], pair["se"]) for pair in pairs] == [(4, None, None, None)]
    tables = {"rows": [as_row(each) for each in found.rows], "paired": pairs, "slices": []}
    print_evaluation(json.loads(json.dumps(tables, allow_nan=False)), detail=True)
    printed = capsys.readouterr().out
    assert f"{abs(pairs[0]['difference']):.4f}" in printed
    assert " to " not in printed
