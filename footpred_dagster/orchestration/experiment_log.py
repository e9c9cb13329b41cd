"""MLflow as Dagster sees it: one MLflow run per Dagster run, opened by dagster-mlflow, every fit a run nested in it."""

from __future__ import annotations

import os
import subprocess
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import PrivateAttr

from footpred_dagster.core.lineage.trace import RunIds
from footpred_dagster.core.services import url_of
from footpred_dagster.core.settings import PACKAGE_ROOT, Settings
from footpred_dagster.core.tracking import mlflow_log

if TYPE_CHECKING:
    from mlflow import MlflowClient

CORRELATION_TAG = "footpred/correlation_id"
COMMIT_VARIABLE = "FOOTPRED_GIT_COMMIT"
"""Set in images, which hold no repository."""


class ExperimentLog(dg.ConfigurableResource):
    """Opened with the first fit of a Dagster run, closed with that run whatever happened; mlflow is imported then.

    A store that did not answer once is not asked again in that Dagster run: every fit would wait for it in turn.
    """

    _context: dg.InitResourceContext = PrivateAttr()
    _client: MlflowClient | None = PrivateAttr(default=None)
    _tags: dict[str, str] = PrivateAttr(default_factory=dict)
    _failed: bool = PrivateAttr(default=False)
    _silent: mlflow_log.MlflowUnavailable | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[ExperimentLog]:
        self._context = context
        try:
            yield self
        finally:
            if self._client:
                self._close(self._client)

    @property
    def client(self) -> MlflowClient:
        """Raises MlflowUnavailable."""
        if self._silent:
            raise self._silent
        if self._client is None:
            with self._watched():
                self._client = self._open()
        return self._client

    @contextmanager
    def fit(self, **tags: str) -> Iterator[Mapping[str, str]]:
        """Tags of a fit, the parent run among them; a failure inside also ends the parent as failed.

        Raises MlflowUnavailable on entry, before anything was fitted that could not be logged.
        """
        _ = self.client
        with self._watched():
            yield self._tags | tags

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except BaseException as error:
            self._failed = True
            if isinstance(error, mlflow_log.MlflowUnavailable):
                self._silent = error
            raise

    def _open(self) -> MlflowClient:
        """The client, after dagster-mlflow opened the run of this Dagster run, in which the fits are nested."""
        context, settings = self._context, Settings.from_env()
        client = mlflow_log.client(settings)
        run = context.dagster_run
        correlation = run.tags.get(CORRELATION_TAG, "") if run else ""
        common = {"dagster_run_id": context.run_id or "", CORRELATION_TAG: correlation, "git_commit": git_commit()}
        with mlflow_log.answering(client.tracking_uri), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # dagster-mlflow says that it is beta
            import mlflow
            from dagster_mlflow.resources import MlFlow

            config = {"experiment_name": mlflow_log.EXPERIMENT, "mlflow_tracking_uri": client.tracking_uri}
            MlFlow(context.replace_config({**config, "extra_tags": {**common, "mlflow.source.name": "footpred"}}))
            parent = mlflow.active_run()
            assert parent is not None  # MlFlow has just begun or resumed it
            client.set_tag(parent.info.run_id, "mlflow.runName", f"Dagster run {str(context.run_id)[:8]}")
        self._tags = {**common, "mlflow.parentRunId": parent.info.run_id, "mlflow.source.name": "footpred"}
        mlflow_log.end_abandoned(client, self._is_over)
        return client

    def _is_over(self, dagster_run_id: str) -> bool:
        instance = self._context.instance
        found = instance.get_run_by_id(dagster_run_id) if instance and dagster_run_id else None
        return found is not None and found.is_finished

    def _close(self, client: MlflowClient) -> None:
        """A store that is gone need not be told; the next Dagster run that finds it ends what was left open."""
        import mlflow

        with suppress(mlflow_log.MlflowUnavailable), mlflow_log.answering(client.tracking_uri):
            mlflow.end_run("FAILED" if self._failed else "FINISHED")


def run_link(run_id: str) -> dg.MetadataValue:
    """An MLflow run: a link while its UI is up here or a server has it, else the bare id."""
    settings = Settings.from_env()
    url = settings.mlflow_uri if (settings.mlflow_uri or "").startswith("http") else url_of(settings, "mlflow")
    return dg.MetadataValue.url(f"{url}/#/runs/{run_id}") if url else dg.MetadataValue.text(run_id)


def run_ids(context: dg.AssetExecutionContext) -> RunIds:
    """Of the run an asset is materialized in."""
    return RunIds(context.run.run_id, context.run.tags.get(CORRELATION_TAG, ""))


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
