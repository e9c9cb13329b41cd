"""Fits a version again in a process, a home and a database of its own: ``footpred reproduce`` starts this.

Everything here is what a run does (parser, dbt, ratings, ``training.train``), on an instance of Dagster that is gone
when the process is. The order comes as JSON on stdin and the result goes as JSON to stdout.
"""

from __future__ import annotations

import json
import sys
import uuid
import warnings
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import dagster as dg
import psycopg
from dagster import DagsterEventType

from footpred_dagster.core.archive.base import ArchiveError
from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.archive.locations import archive_at
from footpred_dagster.core.database.connection import connect, database_url, migrate
from footpred_dagster.core.evaluation.scores import as_row
from footpred_dagster.core.features.dataset import played_before
from footpred_dagster.core.lineage.input_manifest import Inputs
from footpred_dagster.core.models.stack import Stack, pool_weights
from footpred_dagster.core.settings import Settings
from footpred_dagster.core.training.train import scores_by_season, train
from footpred_dagster.orchestration.asset_keys import MATCH_FEATURES, model
from footpred_dagster.orchestration.versions import code_of_fit
from footpred_dagster.runner.progress import LayerProgress, stdout_kept_for_results
from footpred_dagster.sources.input_manifest import InputsRefused, load_inputs


@dataclass(frozen=True, slots=True)
class Order:
    """``storage_url`` is the archive the manifest and its bodies are read from; nothing is written there."""

    name: str
    inputs_sha256: str
    as_of: str
    storage_url: str


@dataclass(frozen=True, slots=True)
class Reproduced:
    """As ``models.versions`` keeps it of a fit."""

    bundle_sha256: str
    metrics: list[dict[str, Any]]
    code: dict[str, str]


def reproduce(order: Order, progress: LayerProgress) -> Reproduced:
    """Load, build, rate, judge and refit; the bundle goes into the archive of this process's home."""
    settings = Settings.from_env()
    archive = archive_at(order.storage_url)
    inputs = Inputs.read(archive, order.inputs_sha256)
    migrate(database_url(settings))  # an empty database of its own
    progress.expect("raw", len(inputs.partitions))
    with connect(settings, autocommit=True) as connection:
        load_inputs(connection, archive, inputs, lambda partition: progress.advance("raw", partition.partition))
    definitions = _definitions()
    _build(definitions, progress)
    progress.expect("models", 1)
    with connect(settings) as connection:
        done = _refit(connection, LocalArchive(settings.archive), definitions, order)
    progress.advance("models", order.name)
    return done


def _definitions() -> dg.Definitions:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Dagster and dbt about themselves, while they are imported
        from footpred_dagster.definitions import defs

        return defs()


def _build(definitions: dg.Definitions, progress: LayerProgress) -> None:
    """The features and everything they are made of, without checks: these bytes passed them when they were new."""
    graph = definitions.resolve_asset_graph()
    wanted = dg.AssetSelection.assets(MATCH_FEATURES).upstream().required_multi_asset_neighbors()
    keys = (wanted - dg.AssetSelection.groups("raw")).resolve(graph)
    for layer, of_layer in groupby(sorted(keys), key=lambda key: key.path[0]):
        progress.expect(layer, len(list(of_layer)))
    job = definitions.resolve_implicit_global_asset_job_def().get_subset(
        asset_selection=keys, asset_check_selection=set()
    )
    run_id = str(uuid.uuid4())

    def watch(entry: dg.EventLogEntry, _cursor: str | None = None) -> None:
        event = entry.dagster_event
        if event and event.event_type == DagsterEventType.ASSET_MATERIALIZATION and event.asset_key:
            progress.advance(event.asset_key.path[0], event.asset_key.path[-1])

    with dg.DagsterInstance.ephemeral() as instance, stdout_kept_for_results():
        instance.add_event_listener(run_id, watch)
        job.execute_in_process(
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}, instance=instance, run_id=run_id
        )


def _refit(
    connection: psycopg.Connection, archive: LocalArchive, definitions: dg.Definitions, order: Order
) -> Reproduced:
    as_of = datetime.fromisoformat(order.as_of)
    frame = played_before(connection, as_of)
    for member in pool_weights() if order.name == Stack.name else ():
        train(connection, archive, member, frame, as_of)
    fit = train(connection, archive, order.name, frame, as_of)
    metrics = [as_row(row) for row in scores_by_season(fit, frame, as_of)]
    model_code = definitions.resolve_asset_graph().get(model(order.name)).code_version
    return Reproduced(fit.version.artifact_sha256, metrics, code_of_fit(connection, model_code or ""))


def main() -> None:
    """One order, one result; a failure is an exit code other than 0 and its reason the last line on stderr."""
    order = Order(**json.load(sys.stdin))
    try:
        with LayerProgress() as progress:
            done = reproduce(order, progress)
    except (ArchiveError, InputsRefused) as error:
        sys.exit(str(error))
    sys.stdout.write(json.dumps(asdict(done)))


if __name__ == "__main__":
    main()
