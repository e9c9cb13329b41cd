"""One asset per recipe: judged out of season, refitted on everything before as_of, registered, logged in MLflow."""

import dagster as dg

from footpred_dagster.core import backtest, contract, provenance, tracking, training
from footpred_dagster.core.dataset import played_before
from footpred_dagster.core.models import base, baselines, boosting, bundle, calibration, graphs, logit
from footpred_dagster.core.models.bundle import TOLERANCE
from footpred_dagster.core.models.recipes import RECIPES
from footpred_dagster.core.registry import candidate as candidate_version
from footpred_dagster.core.registry import link_to_mlflow
from footpred_dagster.defs.resources import ArchiveStore, Clock, Warehouse
from footpred_dagster.sources.load import raw_version
from footpred_dagster.tracking import ExperimentLog, run_link
from footpred_dagster.versions import CUT, code_version, cut_version

FEATURE_TABLE = dg.AssetKey(["features", "fct_match_features"])
DESCRIPTIONS = {
    "base_rate": "Class frequencies of each league over five seasons: the bar.",
    "elo_logit": "Multinomial logit on the Elo difference.",
    "strength_logit": "Multinomial logit on expected goals from attack and defence, and on the Elo difference.",
    "xgboost": "Gradient-boosted trees on every feature, calibrated out of fold.",
}
KINDS = {"base_rate": "python", "elo_logit": "scikitlearn", "strength_logit": "scikitlearn", "xgboost": "xgboost"}
EVALUATOR = (base, backtest, bundle, calibration, contract, graphs, training)
CODE = {
    "base_rate": code_version(*EVALUATOR, baselines),
    "elo_logit": code_version(*EVALUATOR, baselines),
    "strength_logit": code_version(*EVALUATOR, baselines, logit),
    "xgboost": code_version(*EVALUATOR, boosting, data=boosting.HYPERPARAMETERS.read_bytes()),
}
AGREEMENT_MATCHES = 5000
"""Newest matches on which the bundle is compared with the native model."""


def candidate(name: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=["models", name],
        group_name="models",
        owners=["team:footpred"],
        kinds={"mlflow", KINDS[name]},
        description=DESCRIPTIONS[name],
        code_version=CODE[name],
        deps=[FEATURE_TABLE],
    )
    def asset(
        warehouse: Warehouse, archive: ArchiveStore, clock: Clock, experiments: ExperimentLog
    ) -> dg.MaterializeResult:
        as_of = clock.now()
        with warehouse.connect() as connection, experiments.fit() as tags:
            frame = played_before(connection, as_of)
            fit = training.train(connection, archive.open(), name, frame, as_of)
            scores = training.scores_by_season(fit, frame, as_of)
            about = {
                "data_version": raw_version(connection, fixtures=False),
                "feature_contract": fit.version.fingerprint,
                "origin": provenance.label(connection),
            }
            logged = tracking.log_fit(experiments.client, archive.open(), fit, scores, {**tags, **about})
            link_to_mlflow(connection, fit.version, logged.run_id, logged.version)
            cut = training.training_cut(connection, as_of)
        return dg.MaterializeResult(
            metadata={
                "version": fit.version.version,
                "artifact sha256": fit.version.artifact_sha256,
                "training matches": len(frame),
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
            frame = played_before(connection, clock.now()).tail(AGREEMENT_MATCHES)
            version = candidate_version(connection, name)
        difference = training.bundle_difference(archive.open(), version, frame) if version else 1.0
        return dg.AssetCheckResult(
            passed=difference <= TOLERANCE, metadata={"greatest difference": difference, "matches": len(frame)}
        )

    return bundle_equals_native


candidates = [candidate(name) for name in RECIPES]
agreements = [agreement(asset, name) for asset, name in zip(candidates, RECIPES, strict=True)]
