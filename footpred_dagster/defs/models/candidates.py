"""One asset per recipe: judged out of season, refitted on everything before as_of, registered, logged in MLflow."""

from typing import Literal

import dagster as dg

from footpred_dagster.core.code_versions import code_version
from footpred_dagster.core.evaluation import scores as scores_
from footpred_dagster.core.evaluation import walk_forward
from footpred_dagster.core.features.dataset import played_before
from footpred_dagster.core.lineage.trace import FitRecord, record_fit
from footpred_dagster.core.matches import data_origin
from footpred_dagster.core.models import titles
from footpred_dagster.core.models.bundle import TOLERANCE
from footpred_dagster.core.models.recipes import ALL_RECIPES, recipe_version
from footpred_dagster.core.models.stack import MEMBERS, Stack
from footpred_dagster.core.registry.replays import candidate as candidate_version
from footpred_dagster.core.registry.versions import link_to_mlflow
from footpred_dagster.core.tracking import mlflow_log, model_card_data
from footpred_dagster.core.training import train
from footpred_dagster.defs.resources import ArchiveStore, Clock, Warehouse
from footpred_dagster.orchestration.asset_keys import MATCH_FEATURES, model
from footpred_dagster.orchestration.experiment_log import ExperimentLog, git_commit, run_ids, run_link
from footpred_dagster.orchestration.versions import CUT, code_of_fit, cut_version
from footpred_dagster.sources.football_data.load import raw_version
from footpred_dagster.sources.input_manifest import keep_inputs

CODE = {
    name: code_version(__name__, recipe.__module__, data=recipe_version(name).encode())
    for name, recipe in ALL_RECIPES.items()
}
NOT_RECORDED = "not recorded: results were loaded that the features have not taken in"
AGREEMENT_MATCHES = 5000
"""Newest matches on which the bundle is compared with the native model."""


class Training(dg.Config):
    """``smoke`` learns from a few thousand matches, to see the wiring hold; what it gives never becomes champion."""

    profile: Literal["production", "smoke"] = "production"


def candidate(name: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=["models", name],
        group_name="models",
        owners=["team:footpred"],
        pool="training",
        kinds={"mlflow", titles.RECIPES[name].library},
        description=titles.RECIPES[name].description,
        code_version=CODE[name],
        deps=[MATCH_FEATURES, *(model(member) for member in MEMBERS if ALL_RECIPES[name] is Stack)],
    )
    def asset(
        context: dg.AssetExecutionContext,
        config: Training,
        warehouse: Warehouse,
        archive: ArchiveStore,
        clock: Clock,
        experiments: ExperimentLog,
    ) -> dg.MaterializeResult:
        as_of = clock.now()
        with warehouse.connect() as connection, experiments.fit() as tags:
            frame = walk_forward.readable(ALL_RECIPES[name], played_before(connection, as_of))
            inputs, code = keep_inputs(connection, archive.open()), code_of_fit(connection, CODE[name])
            fit = train.train(connection, archive.open(), name, frame, as_of, config.profile)
            scores = train.scores_by_season(fit, frame, as_of)
            about = {
                "data_version": raw_version(connection, fixtures=False),
                "feature_contract": fit.version.fingerprint,
                "origin": data_origin.label(connection),
            }
            facts = model_card_data.gather(
                fit, frame, as_of, titles.RECIPES[name].description, {**about, "git_commit": tags["git_commit"]}
            )
            logged = mlflow_log.log_fit(experiments.client, archive.open(), fit, scores, facts, {**tags, **about})
            link_to_mlflow(connection, fit.version, logged.run_id, logged.version)
            metrics = [scores_.as_row(row) for row in scores]
            record = FitRecord(inputs, metrics, as_of, code, git_commit(), run_ids(context))
            record_fit(connection, name, fit.version.version, record)
            cut = train.training_cut(connection, as_of)
        return dg.MaterializeResult(
            metadata={
                "version": fit.version.version,
                "recipe": fit.version.recipe,
                "profile": config.profile,
                "artifact sha256": fit.version.artifact_sha256,
                "inputs sha256": inputs or NOT_RECORDED,
                "training matches": fit.version.training_rows,
                "matches predicted out of season": len(fit.predictions),
                "MLflow run": run_link(logged.run_id),
                "as of": as_of.isoformat(),
                CUT: cut,
                **about,
            },
            data_version=cut_version(fit.version.artifact_sha256, cut),
        )

    return asset


def agreement(asset: dg.AssetsDefinition, name: str) -> dg.AssetChecksDefinition:
    @dg.asset_check(asset=asset, blocking=True)
    def bundle_equals_native(warehouse: Warehouse, archive: ArchiveStore, clock: Clock) -> dg.AssetCheckResult:
        """What the service will run answers as what was fitted, on real matches, missing values included."""
        with warehouse.connect() as connection:
            as_of = clock.now()
            frame = played_before(connection, as_of, newest=AGREEMENT_MATCHES)
            version = candidate_version(connection, name, as_of)
        difference = train.bundle_difference(archive.open(), version, frame) if version else 1.0
        return dg.AssetCheckResult(
            passed=difference <= TOLERANCE, metadata={"greatest difference": difference, "matches": len(frame)}
        )

    return bundle_equals_native


candidates = [candidate(name) for name in ALL_RECIPES]
agreements = [agreement(asset, name) for asset, name in zip(candidates, ALL_RECIPES, strict=True)]
