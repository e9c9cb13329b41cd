"""One asset per recipe: judged out of season, refitted on everything before as_of, registered."""

import dagster as dg

from footpred_dagster.core import backtest, contract, training
from footpred_dagster.core.dataset import played_before
from footpred_dagster.core.models import RECIPES, base, baselines
from footpred_dagster.defs.resources import ArchiveStore, Clock, Warehouse
from footpred_dagster.versions import CUT, code_version, cut_version

FEATURE_TABLE = dg.AssetKey(["features", "fct_match_features"])
DESCRIPTIONS = {
    "base_rate": "Class frequencies of each league over five seasons: the bar.",
    "elo_logit": "Multinomial logit on the Elo difference.",
}


def candidate(name: str) -> dg.AssetsDefinition:
    @dg.asset(
        key=["models", name],
        group_name="models",
        owners=["team:footpred"],
        kinds={"python", "scikitlearn"},
        description=DESCRIPTIONS[name],
        code_version=code_version(base, baselines, backtest, contract, training),
        deps=[FEATURE_TABLE],
    )
    def asset(warehouse: Warehouse, archive: ArchiveStore, clock: Clock) -> dg.MaterializeResult:
        as_of = clock.now()
        with warehouse.connect() as connection:
            frame = played_before(connection, as_of)
            version, judged = training.train(connection, archive.open(), name, frame, as_of)
            cut = training.training_cut(connection, as_of)
        return dg.MaterializeResult(
            metadata={
                "version": version.version,
                "artifact sha256": version.artifact_sha256,
                "feature contract": version.fingerprint,
                "training matches": len(frame),
                "matches predicted out of season": judged,
                "as of": as_of.isoformat(),
                CUT: cut,
            },
            data_version=cut_version(version.artifact_sha256, cut),
        )

    return asset


candidates = [candidate(name) for name in RECIPES]
