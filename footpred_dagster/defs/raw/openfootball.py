"""The second source: whole seasons with kickoffs, and another opinion on results. Off unless configured."""

from datetime import UTC, datetime

import dagster as dg

from footpred_dagster.defs.resources import ArchiveStore, SecondSource, Warehouse
from footpred_dagster.orchestration.asset_keys import MATCHES, TEAM_ALIASES
from footpred_dagster.orchestration.metadata import table
from footpred_dagster.sources.fetching.fetch import fetch
from footpred_dagster.sources.openfootball.compare import compare
from footpred_dagster.sources.openfootball.load import load_schedules, schedules_version, targets, unsettled
from footpred_dagster.sources.openfootball.parse import PARSER_VERSION

SHOWN = 200


@dg.asset(
    key=["raw", "openfootball"],
    group_name="raw",
    owners=["team:footpred"],
    pool="source",
    kinds={"json", "postgres"},
    code_version=PARSER_VERSION,
)
def openfootball(second_source: SecondSource, warehouse: Warehouse, archive: ArchiveStore) -> dg.MaterializeResult:
    """Schedules of football.json (CC0), every file there is. Nothing is asked while FOOTPRED_OPENFOOTBALL is unset.

    No model reads it. A file that cannot be believed is refused whole and the rows loaded before stay.
    """
    wanted = targets(datetime.now(UTC).date())
    with warehouse.connect(autocommit=True) as connection:
        if second_source.where and not second_source.asked:
            with second_source.open() as site:
                fetch(connection, archive.open(), site, unsettled(connection, wanted))
        report = load_schedules(connection, archive.open(), wanted)
        refused = connection.execute(
            "select path, refused_because from raw.openfootball_files where refused_because is not null order by 1"
        ).fetchall()
        version = schedules_version(connection)
    return dg.MaterializeResult(
        metadata={
            "source": second_source.where or "off: set FOOTPRED_OPENFOOTBALL",
            "files loaded": report.loaded,
            "dagster/row_count": report.rows,
            "refused": table(["path", "reason"], refused),
        },
        data_version=dg.DataVersion(version),
    )


@dg.asset_check(asset=openfootball, additional_deps=[MATCHES, TEAM_ALIASES])
def agrees_with_results(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Both sources have the same scores on the same days, and every club's name is known. Only a warning."""
    with warehouse.connect() as connection:
        built = connection.execute("select to_regclass('intermediate.int_matches') is not null").fetchone()
        if built != (True,):
            return dg.AssetCheckResult(passed=True, metadata={"compared": 0, "note": "no results are built yet"})
        found = compare(connection)
    columns = ["league", "season", "home", "away", "what", "openfootball", "results"]
    return dg.AssetCheckResult(
        passed=not found.disagreements and not found.unresolved,
        severity=dg.AssetCheckSeverity.WARN,
        description="names belong into dbt_project/seeds/team_aliases.csv",
        metadata={
            "compared": found.compared,
            "disagreements": len(found.disagreements),
            "disagreement": table(columns, found.disagreements[:SHOWN]),
            "unresolved names": table(["country", "name"], found.unresolved),
        },
    )
