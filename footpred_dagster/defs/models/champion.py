"""Who predicts: the promotion policy applied to the candidates' out-of-season predictions."""

import dagster as dg

from footpred_dagster.core.code_versions import code_version
from footpred_dagster.core.evaluation import paired
from footpred_dagster.core.features.dataset import played_before
from footpred_dagster.core.promotion import live_rollback, policy, refits, selection
from footpred_dagster.core.registry.last_decision import is_about_the_past
from footpred_dagster.core.registry.promotions import champion as current_champion
from footpred_dagster.core.registry.replays import record_decision
from footpred_dagster.core.tracking import mlflow_log, plots
from footpred_dagster.core.training.train import training_cut
from footpred_dagster.defs.resources import ArchiveStore, Clock, Warehouse
from footpred_dagster.orchestration.asset_keys import EVALUATION, SCORES
from footpred_dagster.orchestration.experiment_log import ExperimentLog
from footpred_dagster.orchestration.metadata import picture, table
from footpred_dagster.orchestration.versions import CUT, cut_version


@dg.asset(
    key=["models", "champion"],
    group_name="models",
    owners=["team:footpred"],
    pool="training",
    kinds={"python", "postgres", "mlflow"},
    code_version=code_version(__name__),
    deps=[EVALUATION, SCORES],
)
def champion(
    warehouse: Warehouse, archive: ArchiveStore, clock: Clock, experiments: ExperimentLog
) -> dg.MaterializeResult:
    """The one version that predicts for all leagues. Each decision is a row; without a winner the champion stays.

    A challenger must pass every gate and be better than the champion and the best champion ever on the same matches;
    a refit of the champion's own recipe need only pass the gates. Before that, a champion that live scores show to be
    worse than the one before it is rolled back to it.
    """
    as_of = clock.now()
    with warehouse.connect() as connection:
        replay = is_about_the_past(connection, as_of)
        ended = None if replay else live_rollback.roll_back_if_worse(connection, archive.open(), as_of)
        decision, judged = selection.choose(connection, archive.open(), played_before(connection, as_of), as_of)
        found = paired.stored_comparisons(connection, "selection")
        in_force = record_decision(connection, decision, as_of)
        cut = training_cut(connection, as_of)
    alias = mlflow_log.mirror_champion(experiments.client, in_force.artifact_sha256) if in_force else None
    name = f"{in_force.name} version {in_force.version}" if in_force else "none"
    gates = [
        (candidate, each.gate, each.passed, each.says)
        for candidate, verdicts in decision.verdicts.items()
        for each in verdicts
    ]
    rivals = [row for row in paired.paired_with(found, in_force.name) if row[0] != policy.BENCHMARK] if in_force else []
    return dg.MaterializeResult(
        metadata={
            "champion": name,
            "winner of this decision": decision.winner or "none",
            "replay": "a run about the past: nobody is promoted" if replay else "no",
            "why": decision.why,
            "ended by live scores": ended or "nobody",
            "selected on": ", ".join(judged.selection) or "no complete season",
            "MLflow version": alias or "none",
            "who beats the champion": picture(plots.better_than_champion(rivals, name)) if rivals else "nobody",
            "gates": table(["candidate", "gate", "passed", "says"], gates),
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
def refits_of_the_champion_are_accepted(warehouse: Warehouse) -> dg.AssetCheckResult:
    """One refusal may be a whim of the data; after two the fit that serves grows old, and a person is to look."""
    with warehouse.connect() as connection:
        refused = refits.refused_in_a_row(connection)
        in_force = current_champion(connection)
    return dg.AssetCheckResult(
        passed=len(refused) < refits.REFUSALS_IN_A_ROW,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"footpred promote {in_force.name}:{refused[0][0]} --because '...' accepts the newest refit"
        if in_force and refused
        else None,
        metadata={"refused": table(["version", "because"], refused)},
    )


@dg.asset_check(asset=champion)
def alias_mirrors_the_champion(warehouse: Warehouse, experiments: ExperimentLog) -> dg.AssetCheckResult:
    """MLflow's alias points at the bundle that predicts; the promotions table is the truth if they differ."""
    with warehouse.connect() as connection:
        in_force = current_champion(connection)
    aliased, expected = mlflow_log.aliased_bundle(experiments.client), in_force.artifact_sha256 if in_force else None
    return dg.AssetCheckResult(
        passed=aliased == expected,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"alias": aliased or "none", "champion": expected or "none"},
    )
