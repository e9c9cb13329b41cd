"""MLflow as Dagster sees it: one MLflow run per Dagster run, opened by dagster-mlflow, every fit a run nested in it."""

from __future__ import annotations

import os
import subprocess
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import PrivateAttr

from footpred_dagster.core import tracking
from footpred_dagster.core.settings import PACKAGE_ROOT, Settings
from footpred_dagster.services import url_of

if TYPE_CHECKING:
    from mlflow import MlflowClient

CORRELATION_TAG = "footpred/correlation_id"
COMMIT_VARIABLE = "FOOTPRED_GIT_COMMIT"
"""Set in images, which hold no repository."""


class ExperimentLog(dg.ConfigurableResource):
    """Opened for the Dagster run, closed with it whatever happened; mlflow is imported only then."""

    _client: MlflowClient = PrivateAttr()
    _tags: dict[str, str] = PrivateAttr(default_factory=dict)
    _failed: bool = PrivateAttr(default=False)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[ExperimentLog]:
        settings = Settings.from_env()
        self._client = tracking.client(settings)
        run = context.dagster_run
        correlation = run.tags.get(CORRELATION_TAG, "") if run else ""
        common = {"dagster_run_id": context.run_id or "", CORRELATION_TAG: correlation, "git_commit": git_commit()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # dagster-mlflow says that it is beta
            import mlflow
            from dagster_mlflow.resources import MlFlow

            config = {"experiment_name": tracking.EXPERIMENT, "mlflow_tracking_uri": tracking.tracking_uri(settings)}
            MlFlow(context.replace_config({**config, "extra_tags": {**common, "mlflow.source.name": "footpred"}}))
        parent = mlflow.active_run()
        self._client.set_tag(parent.info.run_id, "mlflow.runName", f"Dagster run {str(context.run_id)[:8]}")
        self._tags = {**common, "mlflow.parentRunId": parent.info.run_id, "mlflow.source.name": "footpred"}
        try:
            yield self
        finally:
            mlflow.end_run("FAILED" if self._failed else "FINISHED")

    @property
    def client(self) -> MlflowClient:
        return self._client

    @contextmanager
    def fit(self, **tags: str) -> Iterator[Mapping[str, str]]:
        """Tags of a fit, the parent run among them; a failure inside also ends the parent as failed."""
        try:
            yield self._tags | tags
        except BaseException:
            self._failed = True
            raise


def run_link(run_id: str) -> dg.MetadataValue:
    """An MLflow run: a link while its UI is up here or a server has it, else the bare id."""
    settings = Settings.from_env()
    url = settings.mlflow_uri if (settings.mlflow_uri or "").startswith("http") else url_of(settings, "mlflow")
    return dg.MetadataValue.url(f"{url}/#/runs/{run_id}") if url else dg.MetadataValue.text(run_id)


def git_commit() -> str:
    """The commit of a source checkout, or what the image says it was built from."""
    if commit := os.environ.get(COMMIT_VARIABLE):
        return commit
    try:
        found = subprocess.run(
            ["git", "-C", str(PACKAGE_ROOT), "rev-parse", "HEAD"],  # noqa: S607 - whichever git the user has
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return "unknown"
    return found.stdout.strip() or "unknown"
