"""The search for hyperparameters as an asset: a cluster materializes it as often at once as it has workers to give."""

import time

import dagster as dg

from footpred_dagster.core.code_versions import code_version
from footpred_dagster.core.features.dataset import played_before
from footpred_dagster.core.training import boosted_trees_study
from footpred_dagster.defs.resources import SETTINGS, Clock, Warehouse
from footpred_dagster.orchestration.asset_keys import MATCH_FEATURES
from footpred_dagster.orchestration.metadata import table


class Search(dg.Config):
    """minutes: no trial begins later. trials: at most so many in this materialization, 0 for no limit."""

    minutes: float = 8.0
    trials: int = 0


@dg.asset(
    key=["models", "xgboost_study"],
    group_name="models",
    owners=["team:footpred"],
    kinds={"optuna", "postgres", "xgboost"},
    code_version=code_version(__name__),
    deps=[MATCH_FEATURES],
)
def xgboost_study(config: Search, warehouse: Warehouse, clock: Clock) -> dg.MaterializeResult:
    """Trials of boosted trees on the seasons that select. Materialized by hand alone; a run only reads what of it was
    committed."""
    deadline = time.monotonic() + 60 * config.minutes
    with warehouse.connect() as connection:
        task = boosted_trees_study.Task.of(played_before(connection, clock.now()), clock.now())
    study = boosted_trees_study.open_study(boosted_trees_study.storage_url(SETTINGS), task)
    boosted_trees_study.work(study, task, deadline, config.trials or None)
    found, best = boosted_trees_study.result(study), boosted_trees_study.best_trials(study)
    names = list(best[0][2])
    return dg.MaterializeResult(
        metadata={
            "study": study.study_name,
            "trials": boosted_trees_study.counts(study),
            "best log-loss": found["log_loss"],
            "to commit": dg.MetadataValue.json(found),
            "best trials": table(
                ["trial", "log_loss", *names],
                [
                    (number, round(loss, 5), *(round(params[name], 4) for name in names))
                    for number, loss, params in best
                ],
            ),
        },
        data_version=dg.DataVersion(f"{study.study_name} {found['log_loss']}"),
    )
