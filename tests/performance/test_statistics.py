"""How often decisions about real weeks are false, intervals right, and how large a difference is found how soon.

Weeks are those of two of our models on the real seasons; each is fitted on the seasons before it.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import psycopg
import pytest

from footpred_dagster.core.drift.findings import Window, feature_drift, prediction_drift
from footpred_dagster.core.evaluation.market_lines import market_line
from footpred_dagster.core.evaluation.walk_forward import predictions_for
from footpred_dagster.core.features.contract import FEATURE_NAMES
from footpred_dagster.core.features.dataset import played_before
from footpred_dagster.core.statistics.bootstrap import LEAST_WEEKS
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES, log_losses
from tests.performance.test_features import Warehouse
from tests.support.calibrated import Matches, alarms
from tests.support.seasons import Pool, covered, detectable, rolled_back
from tests.support.warehouse import run_dbt

pytestmark = [pytest.mark.bench, pytest.mark.real_data, pytest.mark.timeout(3600)]
RUNS = 4000
SEASONS = ("2021-22", "2022-23", "2023-24")
ONE, OTHER = "strength_logit", "dixon_coles"
HORIZONS = (15, 25, 38)
SHAPES, EARLY = 200, 4
"""Seasons and looks of which features are tested: each takes a tenth of a second, and chance alone makes a PSI of .25
from some hundred matches only."""


@pytest.fixture(scope="module")
def matches(module_database_url, data_dir, tmp_path_factory) -> pd.DataFrame:
    """SEASONS with outcome, kickoff, both models' log-losses, the forecasts of ONE, the closing line and features."""
    target = tmp_path_factory.mktemp("dbt")
    run_dbt(module_database_url, target, "seed")
    warehouse = Warehouse(module_database_url, data_dir, target, 1)
    warehouse.build("--full-refresh")
    warehouse.connection.close()
    with psycopg.connect(module_database_url) as connection:
        frame = played_before(connection, datetime(2024, 7, 1, tzinfo=UTC)).assign(whole=True)
    predictions = predictions_for([ONE, OTHER], frame, SEASONS)
    line = market_line(frame[frame["season"].isin(SEASONS)], "market_closing")
    chosen = frame.loc[line.index].join(predictions[ONE]).join(line, rsuffix="_line")
    outcomes = chosen["outcome"].to_numpy(dtype=np.int64)
    for name, predicted in predictions.items():
        chosen[name] = log_losses(predicted.loc[chosen.index, PROBABILITIES].to_numpy(), outcomes)
    return chosen


@pytest.fixture(scope="module")
def pools(matches) -> dict[str, Pool]:
    """Of all divisions, and of one."""
    parts = {"22 divisions": matches, "E0 alone": matches[matches["league"] == "E0"]}
    return {name: Pool.of((part[OTHER] - part[ONE]).to_numpy(), part["kickoff"]) for name, part in parts.items()}


def test_false_rollbacks_coverage_and_power(pools) -> None:
    for name, pool in pools.items():
        show(f"\n{name}: {len(pool.sums)} weeks of {pool.sizes.mean():.0f} matches, {ONE} beside {OTHER}")
        equal = pool.centred()
        false = rolled_back(*equal.seasons(RUNS))[:, -1].mean()
        show(f"false rollbacks in {RUNS} seasons of 40 looks: {false:.2%}")
        coverage = {weeks: covered(*equal.seasons(RUNS, weeks)) for weeks in range(2, 41)}
        show("coverage of 95 %:", ", ".join(f"{weeks}: {share:.1%}" for weeks, share in coverage.items()))
        found = detectable(pool, HORIZONS)
        show("found with power .8:", ", ".join(f"{weeks} weeks: {worse:.4f}" for weeks, worse in found.items()))
        assert false <= 0.01
        assert all(0.93 <= share <= 0.97 for weeks, share in coverage.items() if weeks >= LEAST_WEEKS)


def test_drift_alarms_of_calibrated_seasons(matches) -> None:
    forecasts, lines = (matches[names].to_numpy() for names in (PROBABILITIES, [f"{p}_line" for p in PROBABILITIES]))
    found = alarms(Matches.of(forecasts, lines, matches["kickoff"]), RUNS)
    raised = {name: each.any(axis=1).mean() for name, each in found.items()}
    together = np.logical_or.reduce([each.any(axis=1) for each in found.values()]).mean()
    show(f"\ndrift alarms in {RUNS} seasons:", ", ".join(f"{name} {share:.2%}" for name, share in raised.items()))
    show(f"any of them: {together:.2%}")
    assert together <= 0.01


def show(*what: str) -> None:
    print(*what)  # noqa: T201


def test_alarms_of_features_and_predictions_where_nothing_changes(matches) -> None:
    """The first weeks of all seasons, shuffled match by match: a third is the season, the rest its reference."""
    week = matches["kickoff"].dt.tz_convert(None).dt.to_period("W-SUN")
    number = week.groupby(matches["season"]).rank(method="dense")
    pool, chance, raised = matches[number <= EARLY], np.random.default_rng(1), 0
    for _ in range(SHAPES):
        order = chance.permutation(len(pool))
        for look in range(1, EARLY + 1):
            n = len(pool) * look // (3 * EARLY)
            now, before = (Window("", pool.iloc[part]) for part in (order[:n], order[-2 * n :]))
            found = [*feature_drift(before, now, FEATURE_NAMES), *prediction_drift(before, now)]
            if any(each.flagged for each in found):
                raised += 1
                break
    show(f"\nalarms of features and predictions in {SHAPES} seasons: {raised}")
    assert raised <= SHAPES / 100
