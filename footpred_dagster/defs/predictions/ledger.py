"""The ledger: every open fixture predicted by the champion and sealed."""

from dataclasses import asdict

import dagster as dg

from footpred_dagster.core.code_versions import code_version
from footpred_dagster.core.lineage.trace import sealed_together
from footpred_dagster.core.predictions import ledger as core_ledger
from footpred_dagster.core.predictions.batch import prediction_cut, seal_open_fixtures
from footpred_dagster.defs.resources import ArchiveStore, Clock, Warehouse
from footpred_dagster.orchestration.asset_keys import CHAMPION, MATCH_FEATURES
from footpred_dagster.orchestration.experiment_log import run_ids
from footpred_dagster.orchestration.versions import CUT, cut_version
from footpred_dagster.sources.input_manifest import keep_inputs


@dg.asset(
    key=["predictions", "ledger"],
    group_name="predictions",
    owners=["team:footpred"],
    pool="warehouse",
    kinds={"python", "postgres"},
    code_version=code_version(__name__),
    deps=[CHAMPION, MATCH_FEATURES],
)
def ledger(
    context: dg.AssetExecutionContext, warehouse: Warehouse, archive: ArchiveStore, clock: Clock
) -> dg.MaterializeResult:
    """Insert-only and hash-chained. A fixture is sealed again only if its features or the model changed.

    With the clock set, rows are replays; with the real clock they are live, as of the moment of sealing.
    """
    as_of = clock.now()
    with warehouse.connect() as connection:
        inputs = keep_inputs(connection, archive.open())
        with sealed_together(connection, as_of, clock.kind, inputs, run_ids(context)):
            report = seal_open_fixtures(connection, archive.open(), as_of, clock.kind)
        cut = prediction_cut(connection, as_of, clock.kind)
    with warehouse.connect() as connection:  # committed: an anchor must never name a row that was rolled back
        head = core_ledger.anchor(connection, archive.open())
    return dg.MaterializeResult(
        metadata={
            **{name: value for name, value in asdict(report).items() if value is not None and name != "begun"},
            "not sealed, kicked off meanwhile": ", ".join(report.begun) or "none",
            "as of": as_of.isoformat(),
            "inputs sha256": inputs or "not recorded",
            "chain rows": head.rows,
            "chain head": head.hash or "empty",
            CUT: cut,
        },
        data_version=cut_version(head.hash, cut),
    )


@dg.asset_check(asset=ledger, blocking=True)
def chain_is_whole(warehouse: Warehouse, archive: ArchiveStore) -> dg.AssetCheckResult:
    """Every hash is as recomputed and as anchored: no row was changed, removed, inserted, cut off or back-dated.

    Each row was made before its kickoff from inputs before its as_of.
    """
    with warehouse.connect() as connection:
        verification = core_ledger.verify_anchored(connection, archive.open())
    return dg.AssetCheckResult(
        passed=verification.ok,
        metadata={
            "rows": verification.rows,
            "head": verification.head or "empty",
            "first bad row": verification.bad_seq or 0,
            "problem": "none" if verification.ok else verification.lines()[0],
            "remarks": "; ".join(verification.lines()[1:]) or "none",
        },
    )


@dg.asset_check(asset=ledger)
def inputs_are_known_matches(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Of each fixture to come, what is served was made of matches as they stand today.

    ``latest_input`` is the kickoff of a played match of the country. One not so explained has moved or gone since, and
    the next run seals anew.
    """
    with warehouse.connect() as connection:
        row = connection.execute("""
            select count(*), count(*) filter (where not exists (
                select from intermediate.int_matches as inputs
                where inputs.status = 'played' and inputs.kickoff = served.latest_input
                    and inputs.country = fixtures.country))
            from predictions.served inner join intermediate.int_fixtures as fixtures using (match_id)
            where not fixtures.is_played
        """).fetchone() or (0, 0)
    return dg.AssetCheckResult(
        passed=row[1] == 0,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"fixtures": row[0], "of a match that moved or went": row[1]},
    )
