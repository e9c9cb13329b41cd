"""The instance of a cluster: it loads with real parts, and heavy jobs choose their executor."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.storage.compute_log_manager import ComputeIOType

from deploy import check
from footpred_dagster.orchestration.executors import heavy_executor
from footpred_dagster.orchestration.instance import POLICY
from tests.support.s3 import S3Server

FILE = check.CHART / "files/dagster.yaml"


def test_policy_is_that_of_every_home() -> None:
    written = yaml.safe_load(FILE.read_text())
    assert {key: written[key] for key in POLICY} == POLICY
    assert set(written) - set(POLICY) == {"storage", "compute_logs", "local_artifact_storage"}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_compute_logs_are_kept_on_s3(
    tmp_path: Path, empty_database_url: str, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = s3.new_bucket()
    environment = {**s3.environment, "DAGSTER_DATABASE_URL": empty_database_url, "DAGSTER_LOGS_BUCKET": bucket}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "dagster.yaml").write_text(FILE.read_text())
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        with instance.compute_log_manager.open_log_stream(["run", "step"], ComputeIOType.STDOUT) as log:
            log.write("said by a step")
        keys = [entry["Key"] for entry in s3.client().list_objects_v2(Bucket=bucket)["Contents"]]
        assert len(keys) == 1
        assert s3.client().get_object(Bucket=bucket, Key=keys[0])["Body"].read() == b"said by a step"


@pytest.mark.parametrize(("chosen", "name"), [("", "in_process"), ("k8s", "k8s")])
def test_executor(chosen: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTPRED_EXECUTOR", chosen)
    assert heavy_executor().name == name


def test_an_unknown_executor_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTPRED_EXECUTOR", "celery")
    with pytest.raises(ValueError, match="celery"):
        heavy_executor()
