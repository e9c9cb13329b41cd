"""The track record: sealed predictions against base rate, Elo and market."""

import dagster as dg

from footpred_dagster.core.code_versions import code_version
from footpred_dagster.core.predictions.track_record import CHAMPION, reliabilities, settled_predictions, store
from footpred_dagster.core.registry.last_decision import shown_as_of
from footpred_dagster.core.statistics.bootstrap import Comparison, finite
from footpred_dagster.core.tracking import plots
from footpred_dagster.defs.resources import Clock, Warehouse
from footpred_dagster.orchestration.asset_keys import MATCH_FEATURES, SCORES
from footpred_dagster.orchestration.metadata import picture, table
from footpred_dagster.orchestration.versions import cut_version

COLUMNS = ["kind", "model", "n", "log-loss", "RPS", "accuracy", "worse than the champion by", "low", "high"]


@dg.asset(
    key=["predictions", "track_record"],
    group_name="predictions",
    owners=["team:footpred"],
    pool="warehouse",
    kinds={"python", "postgres"},
    code_version=code_version(__name__),
    deps=[SCORES, MATCH_FEATURES],
)
def track_record(warehouse: Warehouse, clock: Clock) -> dg.MaterializeResult:
    """The champion's last prediction before each kickoff, against shadows and closing line on the same matches.

    All, by league, season, month, phase of the season and lead time; live rows and replays apart.
    """
    with warehouse.connect() as connection:
        settled = settled_predictions(connection, shown_as_of(connection, clock.now()))
        records = store(connection, settled)
    overall = [
        (r.kind, r.model, r.scores.n, *(round(v, 4) for v in (r.scores.log_loss, r.scores.rps, r.scores.accuracy)))
        + (
            tuple("" if v is None else round(v, 4) for v in (r.against.difference, *_bounds(r.against)))
            if r.against
            else ("",) * 3
        )
        for r in records
        if r.slice == "all"
    ]
    curves = {
        f"reliability, {kind}": picture(plots.calibration(bins, f"Champion, {kind} predictions"))
        for kind in settled["kind"].unique()
        if (bins := [each for k, model, each in reliabilities(settled) if (k, model) == (kind, CHAMPION)])
    }
    return dg.MaterializeResult(
        metadata={"settled predictions": len(settled), "overall": table(COLUMNS, overall), **curves},
        data_version=cut_version(repr(records), ""),
    )


def _bounds(result: Comparison) -> tuple[float | None, float | None]:
    return finite(result.low), finite(result.high)
