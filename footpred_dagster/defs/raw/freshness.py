"""How fresh the raw tables are; warnings, for old data still serves and says its age."""

from dataclasses import astuple
from datetime import UTC, datetime

import dagster as dg

from footpred_dagster.defs.raw.fixtures import fixtures
from footpred_dagster.defs.raw.results import matches
from footpred_dagster.defs.resources import Clock, Warehouse
from footpred_dagster.orchestration.metadata import table
from footpred_dagster.sources.football_data.freshness import fixtures_age, results_age

NEVER = "never"


@dg.asset_check(asset=matches)
def results_are_fresh(warehouse: Warehouse, clock: Clock) -> dg.AssetCheckResult:
    """The source answered within a week, and most leagues that should be playing have results of the last 3 weeks."""
    now = datetime.now(UTC)
    with warehouse.connect() as connection:
        age = results_age(connection, clock.now())
    return dg.AssetCheckResult(
        passed=not age.stale(now),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "source answered": age.answered.isoformat(timespec="seconds") if age.answered else NEVER,
            "newest result": str(age.newest or NEVER),
            "leagues that should be playing": age.expected,
            "of these silent": table(["league", "newest result"], map(astuple, age.silent)),
        },
    )


@dg.asset_check(asset=fixtures)
def fixtures_are_fresh(warehouse: Warehouse, clock: Clock) -> dg.AssetCheckResult:
    """The source answered for fixtures.csv within a week, and not all it lists was over days ago."""
    now = datetime.now(UTC)
    with warehouse.connect() as connection:
        age = fixtures_age(connection)
    return dg.AssetCheckResult(
        passed=not age.stale(now, clock.now()),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "source answered": age.answered.isoformat(timespec="seconds") if age.answered else NEVER,
            "listed": age.listed,
            "last date listed": str(age.last or NEVER),
        },
    )
