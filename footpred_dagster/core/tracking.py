"""The experiment log: every fit as an MLflow run, the champion as an alias that mirrors ``models.promotions``.

MLflow's store is a database beside ours (or the server MLFLOW_TRACKING_URI names). It is read by people and never by
the service. mlflow takes seconds to import: only functions import it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version as package_version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from footpred_dagster.core.database import database_url, sibling_database
from footpred_dagster.core.domain import Season
from footpred_dagster.core.models import bundle
from footpred_dagster.core.private import without_password
from footpred_dagster.core.settings import Settings
from footpred_dagster.core.storage import Archive

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from footpred_dagster.core.backtest import Evaluation
    from footpred_dagster.core.training import Fit

EXPERIMENT = "footpred"
REGISTERED = "footpred"
"""Name of the main model in MLflow's registry; its versions are fits of any recipe."""
CHAMPION_ALIAS = "champion"
BUNDLE_REQUIREMENTS = ("onnxruntime", "numpy")
METRICS_A_BATCH = 1000
"""MLflow's limit."""


def tracking_uri(settings: Settings) -> str:
    """MLFLOW_TRACKING_URI, else the database ``<name>_mlflow`` beside ours; its password stays in a libpq file."""
    if settings.mlflow_uri:
        return settings.mlflow_uri
    settings.mlflow_home.mkdir(parents=True, exist_ok=True)
    url = without_password(sibling_database(database_url(settings), "mlflow"), settings.mlflow_home / "pgpass")
    return "postgresql+psycopg2://" + url.partition("://")[2]


def artifact_place(settings: Settings) -> str:
    """URI under which runs keep their files; a server of somebody else's decides that itself."""
    return (settings.mlflow_home / "artifacts").as_uri()


def client(settings: Settings) -> MlflowClient:
    """A client whose store, experiment and registered model exist, made on first use by one process at a time.

    Raises MlflowException when the store refuses any of them.
    """
    settings.mlflow_home.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    with (settings.mlflow_home / "lock").open("w") as lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # mlflow's own deprecations
        fcntl.flock(lock, fcntl.LOCK_EX)
        from mlflow import MlflowClient

        for chatty in ("mlflow", "alembic"):  # a new store narrates its migrations; importing mlflow resets the levels
            logging.getLogger(chatty).setLevel(logging.WARNING)
        found = MlflowClient(tracking_uri(settings), tracking_uri(settings))
        if found.get_experiment_by_name(EXPERIMENT) is None:
            # A server decides itself where artifacts go.
            place = None if settings.mlflow_uri else artifact_place(settings)
            found.create_experiment(EXPERIMENT, artifact_location=place)
        with _answers("RESOURCE_ALREADY_EXISTS"):
            found.create_registered_model(
                REGISTERED, description="Home, draw, away: the main model, no odds among its inputs."
            )
    return found


@dataclass(frozen=True, slots=True)
class Logged:
    """Where a fit stands in MLflow: its run, and its version in the registry."""

    run_id: str
    version: int


def log_fit(
    mlflow: MlflowClient, archive: Archive, fit: Fit, scores: Sequence[Evaluation], tags: Mapping[str, str]
) -> Logged:
    """One finished run with parameters, scores, the bundle as artifact, and a version in the registry.

    ``tags`` should name the parent run as ``mlflow.parentRunId``. A fit that gave a version MLflow knows keeps it.
    """
    version = fit.version
    name = f"{version.name} {version.version}"
    with _finished_run(mlflow, {**tags, "mlflow.runName": name, "footpred/model": name}) as run:
        facts = {"as_of": version.as_of.isoformat(), "training_matches": version.training_rows}
        for key, value in {**fit.model.hyperparameters(), **facts, "temperature": fit.model.temperature}.items():
            mlflow.log_param(run, key, value)
        metrics = _metrics(scores)
        for start in range(0, len(metrics), METRICS_A_BATCH):
            mlflow.log_batch(run, metrics=metrics[start : start + METRICS_A_BATCH])
        if importance := fit.model.importance():
            mlflow.log_dict(run, importance, "feature_importance.json")
        pins = [f"{package}=={package_version(package)}" for package in BUNDLE_REQUIREMENTS]
        mlflow.log_text(run, "\n".join(pins) + "\n", "requirements.txt")
        with tempfile.TemporaryDirectory() as folder:
            bundle.write(archive, version.artifact_sha256, Path(folder))
            mlflow.log_artifacts(run, folder, "bundle")
    known = mlflow.search_model_versions(f"name = '{REGISTERED}' and tag.sha256 = '{version.artifact_sha256}'")
    if known:
        return Logged(run, int(known[0].version))
    source = f"{mlflow.get_run(run).info.artifact_uri}/bundle"
    about = {"recipe": version.name, "version": str(version.version), "sha256": version.artifact_sha256}
    return Logged(run, int(mlflow.create_model_version(REGISTERED, source, run, tags=about).version))


def mirror_champion(mlflow: MlflowClient, sha256: str) -> int | None:
    """Point the alias at the version with that bundle; None when MLflow does not know it."""
    known = mlflow.search_model_versions(f"name = '{REGISTERED}' and tag.sha256 = '{sha256}'")
    if not known:
        return None
    mlflow.set_registered_model_alias(REGISTERED, CHAMPION_ALIAS, str(known[0].version))
    return int(known[0].version)


def aliased_bundle(mlflow: MlflowClient) -> str | None:
    """sha256 of the bundle the champion alias points at, None without alias."""
    with _answers("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
        return str(mlflow.get_model_version_by_alias(REGISTERED, CHAMPION_ALIAS).tags.get("sha256"))
    return None


def end_abandoned(mlflow: MlflowClient, dagster_run_id: str) -> None:
    """Mark the runs a Dagster run left open as killed: the process that would have ended them is gone."""
    experiment = mlflow.get_experiment_by_name(EXPERIMENT)
    query = f"tags.dagster_run_id = '{dagster_run_id}' and attributes.status = 'RUNNING'"
    for run in mlflow.search_runs([experiment.experiment_id], query) if experiment else []:
        mlflow.set_terminated(run.info.run_id, "KILLED")


@contextmanager
def _answers(*codes: str) -> Iterator[None]:
    """Take a refusal with one of ``codes`` for an answer; any other MlflowException goes on."""
    from mlflow.exceptions import MlflowException

    try:
        yield
    except MlflowException as error:
        if error.error_code not in codes:
            raise


@contextmanager
def _finished_run(mlflow: MlflowClient, tags: Mapping[str, str]) -> Iterator[str]:
    experiment = mlflow.get_experiment_by_name(EXPERIMENT)
    if experiment is None:
        raise RuntimeError(f"MLflow has no experiment {EXPERIMENT}: it was deleted, restore it in the MLflow UI")
    run_id: str = mlflow.create_run(experiment.experiment_id, tags=dict(tags)).info.run_id
    try:
        yield run_id
    except BaseException:
        mlflow.set_terminated(run_id, "FAILED")
        raise
    mlflow.set_terminated(run_id)


def _metrics(scores: Sequence[Evaluation]) -> list[Any]:
    """``all/log_loss`` and the like. One season at a time is a step, its start year; several together are ``final``."""
    from mlflow.entities import Metric

    rows = []
    for row in scores:
        codes = row.seasons.split(",")
        key, step = (row.league, Season.parse(codes[0]).start) if len(codes) == 1 else (f"final {row.league}", 0)
        rows += [Metric(f"{key}/{name}", float(value), 0, step) for name, value in asdict(row.scores).items()]
    return rows
