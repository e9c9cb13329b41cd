"""The coming days' matches."""

import dagster as dg

from footpred_dagster.defs.raw.fetching import ask
from footpred_dagster.defs.resources import ArchiveStore, SourceSite, Warehouse
from footpred_dagster.sources.football_data.load import FIXTURES, load_fixtures, raw_version
from footpred_dagster.sources.football_data.results import PARSER_VERSION


@dg.asset(
    key=["raw", "fixtures"],
    group_name="raw",
    owners=["team:footpred"],
    pool="source",
    kinds={"csv", "postgres"},
    code_version=PARSER_VERSION,
)
def fixtures(
    context: dg.AssetExecutionContext, source: SourceSite, warehouse: Warehouse, archive: ArchiveStore
) -> dg.MaterializeResult:
    """The newest fixtures.csv as it stands; matches already played stay in it for a while, staging sorts them out."""
    with warehouse.connect(autocommit=True) as connection:
        answered = ask(context, connection, archive.open(), source, [FIXTURES])
        loaded = load_fixtures(connection, archive.open())
        version = raw_version(connection, fixtures=True)
    return dg.MaterializeResult(metadata=loaded.metadata() | answered, data_version=dg.DataVersion(version))
