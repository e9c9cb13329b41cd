"""Results files: fetched, archived, parsed and loaded, a league-season at a time."""

import dagster as dg

from footpred_dagster.defs.raw.fetching import ask
from footpred_dagster.defs.resources import ArchiveStore, SourceSite, Warehouse
from footpred_dagster.orchestration.partitions import LEAGUE_SEASON_PARTITIONS
from footpred_dagster.sources.football_data.load import load_results, raw_version, results_target
from footpred_dagster.sources.football_data.results import PARSER_VERSION
from footpred_dagster.sources.league_seasons import LeagueSeason

PROGRESS_EVERY = 50


@dg.asset(
    key=["raw", "matches"],
    group_name="raw",
    owners=["team:footpred"],
    pool="source",
    kinds={"csv", "postgres"},
    code_version=PARSER_VERSION,
    partitions_def=LEAGUE_SEASON_PARTITIONS,
    backfill_policy=dg.BackfillPolicy.single_run(),
)
def matches(
    context: dg.AssetExecutionContext, source: SourceSite, warehouse: Warehouse, archive: ArchiveStore
) -> dg.MaterializeResult:
    """Match lines of the results files, typed, nothing derived.

    Each file is asked for conditionally, archived by its sha256, then parsed; a partition is replaced in one
    transaction. A file that is refused stops no other and leaves the rows loaded before; they also stay, with a
    warning, while the source does not answer.
    """
    pairs = [LeagueSeason.parse(key) for key in context.partition_keys]
    store = archive.open()
    rows = refused = 0
    with warehouse.connect(autocommit=True) as connection:
        targets = [results_target(pair.league, pair.season) for pair in pairs]
        answered = ask(context, connection, store, source, targets)
        for done, pair in enumerate(pairs, 1):
            loaded = load_results(connection, store, pair.league, pair.season)
            context.add_asset_metadata(loaded.metadata(), partition_key=pair.key)
            rows, refused = rows + loaded.rows, refused + (loaded.state == "refused")
            if done % PROGRESS_EVERY == 0 or done == len(pairs):
                context.log.info("%d of %d files, %d rows", done, len(pairs), rows)
        version = raw_version(connection, fixtures=False)
    return dg.MaterializeResult(
        metadata={
            "files in this run": len(pairs),
            "rows in this run": rows,
            "refused in this run": refused,
            **answered,
        },
        data_version=dg.DataVersion(version),
    )
