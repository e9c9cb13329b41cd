"""The scores: results joined to what was sealed before them."""

import dagster as dg

from footpred_dagster.core.code_versions import code_version
from footpred_dagster.core.predictions import settlement
from footpred_dagster.core.registry.last_decision import shown_as_of
from footpred_dagster.defs.resources import Clock, Warehouse
from footpred_dagster.orchestration.asset_keys import MATCHES
from footpred_dagster.orchestration.versions import CUT, cut_version


@dg.asset(
    key=["predictions", "scores"],
    group_name="predictions",
    owners=["team:footpred"],
    pool="warehouse",
    kinds={"python", "postgres"},
    code_version=code_version(__name__),
    deps=[MATCHES],
)
def scores(warehouse: Warehouse, clock: Clock) -> dg.MaterializeResult:
    """Log-loss, RPS, Brier score, hit and closing line of every sealed prediction whose match was played.

    Reads the ledger as earlier runs left it, so it stands before the champion, who may fall by it, and the ledger.
    Insert-only: a corrected result adds a revision.
    """
    with warehouse.connect() as connection:
        as_of = shown_as_of(connection, clock.now())
        report = settlement.settle(connection, as_of)
        row = connection.execute("select count(*), count(distinct seq) from predictions.scores").fetchone() or (0, 0)
        left = settlement.unscored(connection, as_of)
        cut = settlement.settlement_cut(connection, as_of)
    return dg.MaterializeResult(
        metadata={
            "scored for the first time": report.first,
            "scored again": report.corrected,
            "withdrawn": report.withdrawn,
            "rows": row[0],
            "predictions scored": row[1],
            "unscored": left or "none",
            "as of": as_of.isoformat(),
            CUT: cut,
        },
        data_version=cut_version(str(row[0]), ""),
    )


@dg.asset_check(asset=scores, blocking=True)
def scores_are_of_sealed_rows(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Recomputed from ledger and result alone, the log-loss is as stored, and every score has its ledger row."""
    with warehouse.connect() as connection:
        row = connection.execute("""
            select count(*), count(*) filter (where ledger.seq is null), count(*) filter (where
                abs(scores.log_loss + ln((array[p_home, p_draw, p_away])[scores.outcome + 1])) > 1e-9)
            from predictions.scores left join predictions.ledger using (seq)
        """).fetchone() or (0, 0, 0)
    return dg.AssetCheckResult(
        passed=row[1:] == (0, 0), metadata={"scores": row[0], "without a ledger row": row[1], "wrong": row[2]}
    )
