"""What MLflow keeps of a fit: a card people can read, pictures, a bundle, and never a pickle; where MLflow may be."""

from __future__ import annotations

import pickletools
import socket
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pandas as pd
import psycopg
import pytest
from mlflow import MlflowClient
from psycopg import sql

from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.models.recipes import ALL_RECIPES
from footpred_dagster.core.settings import Settings
from footpred_dagster.core.tracking import mlflow_log, model_card_data
from footpred_dagster.core.tracking.mlflow_log import MlflowUnavailable, client, registered_name
from footpred_dagster.core.training import train
from tests.support.features import judged_history

AS_OF = datetime(2025, 7, 1, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return judged_history()


@pytest.fixture
def store(tmp_path, database_url, server_url):
    """Settings of an empty home whose MLflow database does not exist yet; that is dropped in the end."""
    yield Settings(home=tmp_path / "home", database_url=database_url)
    beside = sql.Identifier(urlsplit(database_url).path.strip("/") + "_mlflow")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(beside))


def log(connection, settings: Settings, frame: pd.DataFrame, name: str):
    """Train and log ``name``: the fit and where MLflow has it."""
    return log_with(client(settings), connection, settings, frame, name)


def log_with(mlflow, connection, settings: Settings, frame: pd.DataFrame, name: str):
    archive = LocalArchive(settings.home / "archive")
    fit = train.train(connection, archive, name, frame, AS_OF)
    facts = model_card_data.gather(fit, frame, AS_OF, "What it is.", {"origin": "real", "data_version": "d1"})
    scores = train.scores_by_season(fit, frame, AS_OF)
    return fit, mlflow_log.log_fit(mlflow, archive, fit, scores, facts, {})


def artifacts(settings: Settings, run_id: str, folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    whole = Path(client(settings).download_artifacts(run_id, "", str(folder)))
    return {path.relative_to(whole).as_posix(): path.read_bytes() for path in whole.rglob("*") if path.is_file()}


def is_pickle(body: bytes) -> bool:
    try:
        return [op.name for op, _, _ in pickletools.genops(body)][-1] == "STOP"
    except Exception:  # whatever it makes of bytes that are none
        return False


def test_a_fit_comes_with_its_card_pictures_and_bundle_and_none_of_them_is_a_pickle(connection, store, frame, tmp_path):
    fit, logged = log(connection, store, frame, "strength_logit")
    found = artifacts(store, logged.run_id, tmp_path / "found")
    assert {"model_card.md", "calibration.png", "feature_importance.png", "feature_importance.json"} <= set(found)
    assert {"bundle/bundle.json", "bundle/model.onnx", "bundle/native/parameters.json"} <= set(found)
    assert {Path(name).suffix for name in found} == {".md", ".png", ".json", ".onnx", ".txt"}
    assert not any(is_pickle(body) for body in found.values())
    assert found["calibration.png"].startswith(PNG)
    assert found["feature_importance.png"].startswith(PNG)
    card = found["model_card.md"].decode()
    for told in ("What it is.", fit.version.fingerprint, "2018-19", "log-loss", "football-data.co.uk", "±"):
        assert told in card, told
    version = client(store).get_model_version("footpred", str(logged.version))
    assert "strength_logit 1" in version.description or "What it is." in version.description


def test_the_market_aware_model_is_registered_by_itself_and_says_that_it_reads_odds(connection, store, frame, tmp_path):
    _, logged = log(connection, store, frame, "market_aware")
    apart = client(store).get_model_version_by_alias("footpred_market_aware", "champion")
    assert apart.run_id == logged.run_id
    assert client(store).search_model_versions("name = 'footpred'") == []
    assert {registered_name(name) for name in ALL_RECIPES} == {"footpred", "footpred_market_aware"}
    card = artifacts(store, logged.run_id, tmp_path / "found")["model_card.md"].decode()
    assert "opening odds" in card


def test_artifacts_go_to_the_bucket_the_archive_is_in(connection, store, frame, s3, tmp_path, monkeypatch):
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    bucket = s3.new_bucket()
    there = Settings(home=store.home, database_url=store.database_url, storage_url=f"s3://{bucket}/some/prefix")
    _, logged = log(connection, there, frame, "base_rate")
    keys = [item["Key"] for item in s3.client().list_objects_v2(Bucket=bucket)["Contents"]]
    assert all(key.startswith("some/prefix/mlflow/") for key in keys)
    assert "model_card.md" in artifacts(there, logged.run_id, tmp_path / "found")


def test_faults_28_an_mlflow_that_does_not_answer_is_named_soon_and_nothing_is_half_registered(
    connection, store, frame, monkeypatch
):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    deaf = Settings(home=store.home, database_url=store.database_url, mlflow_uri=f"http://127.0.0.1:{port}")
    begun = time.monotonic()
    with pytest.raises(MlflowUnavailable, match=rf"http://127.0.0.1:{port}.*MLFLOW_TRACKING_URI"):
        client(deaf)
    assert time.monotonic() - begun < 30
    # What the assets do: one transaction around the fit and its entry in the log.
    with pytest.raises(MlflowUnavailable), psycopg.connect(store.database_url) as transaction:
        log_with(MlflowClient(deaf.mlflow_uri), transaction, store, frame, "base_rate")
    assert connection.execute("select count(*) from models.versions").fetchone() == (0,)
    again, _ = log(connection, store, frame, "base_rate")
    assert again.version.version == 1
