"""The demo: fictional football through the whole house, held against the truth that only its simulator knows."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import psycopg
import pytest

from footpred_dagster.core.database.connection import NEWEST_REVISION
from footpred_dagster.core.evaluation.market_lines import market_line
from footpred_dagster.core.evaluation.walk_forward import predictions_for
from footpred_dagster.core.features.contract import fingerprint
from footpred_dagster.core.features.dataset import played_before
from footpred_dagster.core.models.recipes import ALL_RECIPES, RECIPES
from footpred_dagster.core.models.temperature import fit_temperature
from footpred_dagster.core.promotion.policy import Contender, Evidence, decide
from footpred_dagster.core.settings import Settings
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES, log_losses
from footpred_dagster.core.tracking.mlflow_log import CHAMPION_ALIAS, EXPERIMENT, REGISTERED, aliased_bundle, client
from footpred_dagster.sources.simulator import World, true_probabilities
from tests.support.site import build_site


@pytest.fixture(scope="module")
def connection(demo):
    with psycopg.connect(demo.home.database_url, options="-c timezone=UTC") as connection:
        yield connection


@pytest.fixture(scope="module")
def frame(connection) -> pd.DataFrame:
    return played_before(connection, datetime.now(UTC))


@pytest.fixture(scope="module")
def judged(connection) -> pd.DataFrame:
    """Out-of-season predictions of the champion and the base rate beside the truth, a row per match."""
    rows = connection.execute("""
        select matches.league, matches.season, matches.match_date::text, matches.home_name, matches.away_name,
            matches.outcome, champion.p_home, champion.p_draw, champion.p_away, base.p_home, base.p_draw, base.p_away
        from intermediate.int_matches as matches
        inner join models.walk_forward as champion using (match_id)
        inner join models.walk_forward as base using (match_id)
        where base.model = 'base_rate'
            and champion.model = (select name from models.promotions order by promotion_id desc limit 1)
    """).fetchall()
    key = ["league", "season", "date", "home", "away"]
    names = [*key, "outcome", *PROBABILITIES, *(f"base_{name}" for name in PROBABILITIES)]
    truth = pd.DataFrame(true_probabilities(World(), datetime.now(UTC)))
    truth = truth.rename(columns={name: f"true_{name}" for name in PROBABILITIES})
    return pd.DataFrame(rows, columns=names).merge(truth, on=key, validate="one_to_one")


def test_it_ends_with_live_sealed_predictions_of_matches_to_come(demo, connection):
    summary = demo.summary
    assert (summary["simulated"], summary["errors"], summary["checks"]["failed"]) == (True, [], 0)
    assert summary["predictions"]["sealed"] == summary["predictions"]["predicted"] > 20
    rows = connection.execute("""
        select bool_and(kind = 'live' and kickoff > sealed_at and latest_input < as_of), count(*)
        from predictions.ledger where role = 'champion'
    """).fetchone()
    assert rows == (True, summary["predictions"]["sealed"])


def test_the_champion_comes_within_four_thousandths_of_the_truth_and_the_base_rate_does_not(demo, judged):
    assert demo.summary["matches"] >= 20_000
    assert len(judged) >= 10_000
    outcomes = judged["outcome"].to_numpy(dtype=np.int64)

    def told(prefix: str) -> np.ndarray:
        return judged[[f"{prefix}{name}" for name in PROBABILITIES]].to_numpy(dtype=float)

    def loss(prefix: str) -> float:
        return float(log_losses(told(prefix), outcomes).mean())

    truth = loss("true_")
    assert -0.002 < loss("") - truth < 0.004  # nobody beats the truth but by luck
    assert loss("base_") - truth > 0.04
    # The slope of what happens on what is claimed, in log-odds.
    assert 1 / fit_temperature(told(""), outcomes) == pytest.approx(1, abs=0.05)


def test_a_leaking_feature_put_in_on_purpose_is_caught_by_the_leak_flag(frame):
    """Half a goal of the result, hidden in a rating: what a window that includes the match itself would do."""
    names = [name for name in RECIPES if name != "base_rate"]
    seasons = sorted(frame["season"].unique())[-3:-1]
    leaking = frame.assign(
        elo_difference=frame["elo_difference"] + 100 * (1 - frame["outcome"]),
        log_goals_difference=frame["log_goals_difference"] + 0.5 * (1 - frame["outcome"]),
    )
    selection = frame[frame["season"].isin(seasons)]
    closing = market_line(selection, "market_closing")

    def decision(data: pd.DataFrame):
        found = predictions_for(list(RECIPES), data, seasons)
        contenders = [Contender(name, 1, "", fingerprint()) for name in names]
        return decide(contenders, Evidence(selection, closing, found), fingerprint())

    honest, cheating = decision(frame), decision(leaking)
    assert honest.winner in names
    assert cheating.winner is None
    assert all(any("leak flag" in reason for reason in reasons) for reasons in cheating.reasons.values())


def test_a_second_demo_asks_conditionally(demo, connection):
    (before,) = connection.execute("select max(fetch_id) from raw.fetches").fetchone()
    connection.commit()
    again = demo.home.json("demo", "--no-serve")
    assert again["errors"] == []
    asked = connection.execute("select path, status from raw.fetches where fetch_id > %s", [before]).fetchall()
    # The season in progress and the fixtures; a match may have ended meanwhile, but never in every league at once.
    assert {path for path, _ in asked} >= {"fixtures.csv"}
    assert len(asked) == 7
    assert 304 in {status for _, status in asked} <= {200, 304}


def test_real_files_are_never_mixed_in(demo, tmp_path):
    build_site(tmp_path, ["E0"], 2022, 2023)
    said = demo.home.run("run", "--source", str(tmp_path), "--leagues", "E0", code=1)
    assert "is real football and this home holds simulated" in said
    assert "FOOTPRED_HOME" in said
    assert demo.home.json("status")["simulated"] is True


def test_a_home_that_was_filled_from_the_simulator_goes_on_asking_it(demo):
    assert demo.home.json("doctor")["source"] == "simulator"


def test_every_fit_is_in_mlflow_and_linked_both_ways(demo, connection, monkeypatch):
    monkeypatch.setenv("FOOTPRED_HOME", str(demo.home.path))
    mlflow = client(Settings(demo.home.path))
    experiment = mlflow.get_experiment_by_name(EXPERIMENT)
    runs = mlflow.search_runs([experiment.experiment_id])
    assert {run.info.status for run in runs} == {"FINISHED"}
    parents = {run.info.run_id: run for run in runs if "mlflow.parentRunId" not in run.data.tags}
    fits = {run.data.tags["footpred/model"]: run for run in runs if "mlflow.parentRunId" in run.data.tags}
    assert set(fits) == {f"{name} 1" for name in ALL_RECIPES}
    versions = connection.execute("select name || ' ' || version, mlflow_run_id from models.versions").fetchall()
    assert dict(versions) == {name: run.info.run_id for name, run in fits.items()}
    with psycopg.connect(demo.home.database_url + "_dagster") as dagster:
        known = {run_id for (run_id,) in dagster.execute("select run_id from runs")}
    for name, run in fits.items():
        tags, metrics = run.data.tags, run.data.metrics
        assert tags["mlflow.parentRunId"] in parents
        assert tags["dagster_run_id"] in known
        assert tags["origin"] == "simulated"
        assert {"git_commit", "data_version", "feature_contract", "footpred/correlation_id"} <= set(tags)
        assert 0.9 < metrics["final all/log_loss"] < 1.1, name
        assert {item.path for item in mlflow.list_artifacts(run.info.run_id, "bundle")} >= {"bundle/model.onnx"}
    steps = {point.step for point in mlflow.get_metric_history(fits["xgboost 1"].info.run_id, "all/log_loss")}
    assert len(steps) == 6
    (sha256,) = connection.execute("""
        select artifact_sha256 from models.versions inner join models.promotions using (name, version)
        order by promotion_id desc limit 1
    """).fetchone()
    assert aliased_bundle(mlflow) == sha256
    assert (
        mlflow.get_model_version_by_alias(REGISTERED, CHAMPION_ALIAS).tags["recipe"] == demo.summary["champion"]["name"]
    )


def test_the_truth_is_exported_for_whoever_wants_to_compare(judged):
    assert judged[[f"true_{name}" for name in PROBABILITIES]].sum(axis=1).to_numpy() == pytest.approx(1)
    assert date.fromisoformat(judged["date"].max()) < date.today()


def test_migrating_what_is_at_this_version_changes_nothing(demo):
    assert demo.home.json("migrate") == {"schema": NEWEST_REVISION, "before": NEWEST_REVISION, "roles_sql": None}
    assert NEWEST_REVISION in demo.home.run("migrate")
