"""The experiment log: every fit as an MLflow run, the champion as an alias that mirrors ``models.promotions``.

MLflow's store is a database beside ours (or the server MLFLOW_TRACKING_URI names). It is read by people and never by
the service. What does not answer raises MlflowUnavailable, within half a minute. mlflow takes seconds to import: only
functions import it.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.database.credentials import without_password
from footpred_dagster.core.database.sibling_databases import sibling_database
from footpred_dagster.core.domain import Season
from footpred_dagster.core.settings import Bucket, Settings, parse_storage_url
from footpred_dagster.core.tracking import artifacts, model_card

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from footpred_dagster.core.evaluation.scores import Evaluation
    from footpred_dagster.core.tracking.model_card_data import CardFacts
    from footpred_dagster.core.training.train import Fit

EXPERIMENT = "footpred"
REGISTERED = "footpred"
"""Name of the main model in MLflow's registry; its versions are fits of any recipe."""
REGISTRY = {
    REGISTERED: "Home, draw, away: the main model, no odds among its inputs.",
    "footpred_market_aware": "Home, draw, away with the opening odds among its inputs: never served as the main model.",
}
CHAMPION_ALIAS = "champion"
OPEN_RUNS = "attributes.status = 'RUNNING'"
METRICS_A_BATCH = 1000
"""MLflow's limit."""
PATIENCE = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
}
"""Unless the environment says otherwise. MLflow's own retries wait four minutes for a server that is down."""
PROBE_SECONDS = 10


class MlflowUnavailable(ConnectionError):
    """MLflow's store does not answer; the message says where it should be and the way out. A later try may succeed."""

    def __init__(self, uri: str) -> None:
        super().__init__(
            f"MLflow does not answer at {_place(uri)}: start it, or correct MLFLOW_TRACKING_URI (while that is unset, "
            "fits are logged into a database beside ours), then run again"
        )


def tracking_uri(settings: Settings) -> str:
    """MLFLOW_TRACKING_URI, else the database ``<name>_mlflow`` beside ours; its password stays in a libpq file."""
    if settings.mlflow_uri:
        return settings.mlflow_uri
    settings.mlflow_home.mkdir(parents=True, exist_ok=True)
    url = without_password(sibling_database(settings, "mlflow"), settings.mlflow_home / "pgpass")
    return "postgresql+psycopg2://" + url.partition("://")[2]


def artifact_place(settings: Settings) -> str:
    """URI under which runs keep their files: in the archive's bucket or folder when FOOTPRED_STORAGE_URL names one.

    It is asked once, when the experiment is made: an experiment that exists keeps its place, and the files of a run
    stay where its experiment had them. A server (http) decides itself.
    """
    if settings.storage_url is None:
        return (settings.mlflow_home / "artifacts").as_uri()
    place = parse_storage_url(settings.storage_url)
    if isinstance(place, Bucket):
        return "/".join(filter(None, (f"s3://{place.name}", place.prefix, "mlflow")))
    return (place / "mlflow").as_uri()


def client(settings: Settings) -> MlflowClient:
    """A client whose store, experiment and registered model exist, made on first use by one process at a time.

    Raises MlflowUnavailable, and MlflowException when the store answers and refuses any of them.
    """
    settings.mlflow_home.mkdir(parents=True, exist_ok=True)
    _set_environment(settings)
    uri = tracking_uri(settings)
    with (settings.mlflow_home / "lock").open("w") as lock, warnings.catch_warnings(), answering(uri):
        warnings.simplefilter("ignore")  # mlflow's own deprecations
        fcntl.flock(lock, fcntl.LOCK_EX)
        _probe(uri)
        from mlflow import MlflowClient

        for chatty in ("mlflow", "alembic"):  # a new store narrates its migrations; importing mlflow resets the levels
            logging.getLogger(chatty).setLevel(logging.WARNING)
        found = MlflowClient(uri, uri)
        if found.get_experiment_by_name(EXPERIMENT) is None:
            found.create_experiment(EXPERIMENT, artifact_location=None if _is_server(uri) else artifact_place(settings))
        for name, description in REGISTRY.items():
            with _answers("RESOURCE_ALREADY_EXISTS"):
                found.create_registered_model(name, description=description)
    return found


@contextmanager
def answering(uri: str) -> Iterator[None]:
    """Take a failure to reach the store at ``uri``, or to hear from it in time, for MlflowUnavailable.

    What MLflow said about it is not repeated: that may hold an address with a password in it.
    """
    try:
        yield
    except Exception as error:
        if not _is_silence(error):
            raise
        raise MlflowUnavailable(uri) from None


def _is_silence(error: Exception) -> bool:
    """MLflow has one type for no answer and for a refusal; the first has a code of its own, or is told by its words."""
    if "mlflow" not in sys.modules:
        return False
    from mlflow.exceptions import MlflowException, RestException

    if not isinstance(error, MlflowException):
        return False
    told = error.error_code == "TEMPORARILY_UNAVAILABLE"
    return told or (not isinstance(error, RestException) and str(error).startswith("API request to "))


def _probe(uri: str) -> None:
    """Knock at a PostgreSQL store: MLflow itself would retry a closed one for two minutes."""
    scheme, _, rest = uri.partition("://")
    if not scheme.startswith("postgres"):
        return
    try:
        psycopg.connect(f"postgresql://{rest}", connect_timeout=PROBE_SECONDS).close()
    except psycopg.OperationalError:
        raise MlflowUnavailable(uri) from None


def _is_server(uri: str) -> bool:
    return uri.startswith(("http://", "https://"))


def _place(uri: str) -> str:
    """``uri`` without account, password and options."""
    parts = urlsplit(uri)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _set_environment(settings: Settings) -> None:
    """What MLflow reads from the environment of this process; whatever is set there already stays."""
    wanted = {
        **PATIENCE,
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        "MPLCONFIGDIR": str(settings.mlflow_home / "matplotlib"),
    }
    endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if endpoint:
        wanted["MLFLOW_S3_ENDPOINT_URL"] = endpoint
    for name, value in wanted.items():
        os.environ.setdefault(name, value)


@dataclass(frozen=True, slots=True)
class Logged:
    """Where a fit stands in MLflow: its run, and its version in the registry."""

    run_id: str
    version: int


def log_fit(
    mlflow: MlflowClient,
    archive: Archive,
    fit: Fit,
    scores: Sequence[Evaluation],
    facts: CardFacts,
    tags: Mapping[str, str],
) -> Logged:
    """One finished run with parameters, scores, the pages of ``fit_pages``, and a version in the registry.

    ``tags`` should name the parent run as ``mlflow.parentRunId``. A fit that gave a version MLflow knows keeps it; its
    description is that of the newest run. Raises MlflowUnavailable.
    """
    version, about = fit.version, model_card.summary(facts)
    names = {"mlflow.runName": facts.title, "footpred/model": facts.title, "mlflow.note.content": about}
    with answering(mlflow.tracking_uri):
        with _finished_run(mlflow, {**tags, **names}) as run:
            times = {"as_of": version.as_of.isoformat(), "training_matches": version.training_rows}
            for key, value in {**facts.hyperparameters, **times, "temperature": facts.temperature}.items():
                mlflow.log_param(run, key, value)
            metrics = _metrics(scores)
            for start in range(0, len(metrics), METRICS_A_BATCH):
                mlflow.log_batch(run, metrics=metrics[start : start + METRICS_A_BATCH])
            with tempfile.TemporaryDirectory() as folder:
                artifacts.write(Path(folder), archive, facts)
                mlflow.log_artifacts(run, folder)
        name = registered_name(version.name)
        registered = _known(mlflow, name, version.artifact_sha256)
        if registered is None:
            source = f"{mlflow.get_run(run).info.artifact_uri}/{artifacts.BUNDLE}"
            of = {"recipe": version.name, "version": str(version.version), "sha256": version.artifact_sha256}
            registered = int(mlflow.create_model_version(name, source, run, tags=of).version)
        mlflow.update_model_version(name, str(registered), about)
        if name != REGISTERED:  # it has no rival: the newest fit is the one in force
            mlflow.set_registered_model_alias(name, CHAMPION_ALIAS, str(registered))
    return Logged(run, registered)


def mirror_champion(mlflow: MlflowClient, sha256: str) -> int | None:
    """Point the alias at the version with that bundle; None when MLflow does not know it. Raises MlflowUnavailable."""
    with answering(mlflow.tracking_uri):
        known = _known(mlflow, REGISTERED, sha256)
        if known is not None:
            mlflow.set_registered_model_alias(REGISTERED, CHAMPION_ALIAS, str(known))
    return known


def registered_name(recipe: str) -> str:
    """Where fits of a recipe are registered: candidates together, the market-aware model by itself."""
    apart = f"{REGISTERED}_{recipe}"
    return apart if apart in REGISTRY else REGISTERED


def _known(mlflow: MlflowClient, name: str, sha256: str) -> int | None:
    found = mlflow.search_model_versions(f"name = '{name}' and tag.sha256 = '{sha256}'")
    return int(found[0].version) if found else None


def aliased_bundle(mlflow: MlflowClient) -> str | None:
    """sha256 of the bundle the champion alias points at, None without alias. Raises MlflowUnavailable."""
    with answering(mlflow.tracking_uri), _answers("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
        return str(mlflow.get_model_version_by_alias(REGISTERED, CHAMPION_ALIAS).tags.get("sha256"))
    return None


def end_abandoned(mlflow: MlflowClient, over: Callable[[str], bool]) -> None:
    """Mark the runs as killed that Dagster runs left open which are ``over``: nobody else will end them.

    Their process died, or MLflow did not answer when they ended. Raises MlflowUnavailable.
    """
    with answering(mlflow.tracking_uri):
        experiment = mlflow.get_experiment_by_name(EXPERIMENT)
        for run in mlflow.search_runs([experiment.experiment_id], OPEN_RUNS) if experiment else []:
            if over(run.data.tags.get("dagster_run_id", "")):
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
    except BaseException as error:
        if not (isinstance(error, Exception) and _is_silence(error)):  # who does not answer need not be told
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
