"""What it costs to refit the champion's recipe in the first weeks of a season, when few matches of it are played."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import psycopg
import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.core.features.dataset import played_before
from footpred_dagster.core.models.stack import Stack, temperatures
from footpred_dagster.core.statistics.scoring_rules import log_losses
from tests.performance.test_features import Warehouse
from tests.support.warehouse import run_dbt

pytestmark = [pytest.mark.bench, pytest.mark.real_data, pytest.mark.timeout(4 * 3600)]
SEASONS = range(2012, 2025)
MONDAYS, NEXT = 6, 200
MOST_LOST = 0.002


@pytest.fixture(scope="module")
def history(module_database_url: str, data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """Every match of the 22 divisions with its features."""
    target = tmp_path_factory.mktemp("dbt")
    run_dbt(module_database_url, target, "seed")
    warehouse = Warehouse(module_database_url, data_dir, target, times=1)
    warehouse.add_matchday()
    warehouse.build("--full-refresh")
    warehouse.connection.close()
    with psycopg.connect(module_database_url) as connection:
        return played_before(connection, datetime(2025, 7, 1, tzinfo=UTC))


def before(history: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """What a fit learned from then: a season that was not over is not whole."""
    known = history[history["kickoff"] < as_of]
    over = known["season"].map({season: Season.stored(season).end <= as_of for season in known["season"].unique()})
    return known.assign(whole=known["whole"] & over.astype(bool))


def loss(model: Stack, matches: pd.DataFrame) -> float:
    return float(log_losses(model.predict_proba(matches), matches["outcome"].to_numpy(dtype=np.int64)).mean())


def test_a_refit_in_the_first_six_weeks_is_no_worse_than_the_summers(history: pd.DataFrame) -> None:
    lost: dict[int, list[float]] = defaultdict(list)
    for start in SEASONS:
        summer = datetime(start, 9 if start == 2020 else 7, 1, tzinfo=UTC)
        base = Stack().fit(before(history, summer))
        first = history.loc[history["season"] == str(Season(start)), "kickoff"].min()
        monday = (first + timedelta(days=-first.weekday() % 7 or 7)).normalize().to_pydatetime()
        for week in range(1, MONDAYS + 1):
            refit = Stack().fit(before(history, monday))
            matches = history[history["kickoff"] >= monday].head(NEXT)
            lost[week].append(loss(refit, matches) - loss(base, matches))
            told = ", ".join(f"{name} {value:.3f}" for name, value in temperatures(refit).items())
            print(f"{Season(start)} {monday:%Y-%m-%d}: {lost[week][-1]:+.5f} ({told})", flush=True)  # noqa: T201
            monday += timedelta(days=7)
    means = {week: float(np.mean(values)) for week, values in lost.items()}
    for week, mean in means.items():
        error = np.std(lost[week], ddof=1) / np.sqrt(len(lost[week]))
        print(f"Monday {week}: {mean:+.5f} (s.e. {error:.5f}) of log-loss on the next {NEXT} matches")  # noqa: T201
    assert max(means.values()) <= MOST_LOST
