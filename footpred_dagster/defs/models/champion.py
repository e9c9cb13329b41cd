"""Who predicts: the promotion policy applied to the candidates' out-of-season predictions."""

import dagster as dg

from footpred_dagster.core import promotion, tracking, training
from footpred_dagster.core.dataset import played_before
from footpred_dagster.core.registry import champion as current_champion
from footpred_dagster.core.registry import record_decision
from footpred_dagster.defs.resources import Clock, Warehouse
from footpred_dagster.tracking import ExperimentLog
from footpred_dagster.versions import CUT, code_version, cut_version


@dg.asset(
    key=["models", "champion"],
    group_name="models",
    owners=["team:footpred"],
    kinds={"python", "postgres", "mlflow"},
    code_version=code_version(promotion, training),
    deps=[dg.AssetKey(["models", "evaluation"])],
)
def champion(warehouse: Warehouse, clock: Clock, experiments: ExperimentLog) -> dg.MaterializeResult:
    """The one version that predicts for all leagues. Each decision is a row; without a winner the champion stays."""
    as_of = clock.now()
    with warehouse.connect() as connection:
        decision, judged = training.choose(connection, played_before(connection, as_of), as_of)
        in_force = record_decision(connection, decision, as_of=as_of)
        cut = training.training_cut(connection, as_of)
    alias = tracking.mirror_champion(experiments.client, in_force.artifact_sha256) if in_force else None
    name = f"{in_force.name} version {in_force.version}" if in_force else "none"
    return dg.MaterializeResult(
        metadata={
            "champion": name,
            "winner of this decision": decision.winner or "none",
            "selected on": ", ".join(judged.selection) or "no complete season",
            "MLflow version": alias or "none",
            "gates": dg.MetadataValue.json(decision.reasons),
            CUT: cut,
        },
        data_version=cut_version(name, cut),
    )


@dg.asset_check(asset=champion)
def there_is_a_champion(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Without one nothing is predicted; the gates in the champion's metadata say why."""
    with warehouse.connect() as connection:
        in_force = current_champion(connection)
    return dg.AssetCheckResult(
        passed=in_force is not None,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"champion": f"{in_force.name} version {in_force.version}" if in_force else "none"},
    )


@dg.asset_check(asset=champion)
def alias_mirrors_the_champion(warehouse: Warehouse, experiments: ExperimentLog) -> dg.AssetCheckResult:
    """MLflow's alias points at the bundle that predicts; the promotions table is the truth if they differ."""
    with warehouse.connect() as connection:
        in_force = current_champion(connection)
    aliased, expected = tracking.aliased_bundle(experiments.client), in_force.artifact_sha256 if in_force else None
    return dg.AssetCheckResult(
        passed=aliased == expected,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"alias": aliased or "none", "champion": expected or "none"},
    )
