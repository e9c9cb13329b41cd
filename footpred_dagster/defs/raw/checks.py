"""What must hold before anything downstream reads the raw tables."""

from dataclasses import astuple
from datetime import UTC, datetime

import dagster as dg

from footpred_dagster.core.matches.held_seasons import hold_back
from footpred_dagster.defs.raw.results import matches
from footpred_dagster.defs.resources import Warehouse
from footpred_dagster.orchestration.metadata import table
from footpred_dagster.sources.football_data.load import FIXTURES, results_target
from footpred_dagster.sources.football_data.refusals import not_loaded
from footpred_dagster.sources.league_seasons import league_seasons

HELD = "the seasons listed wait in the raw tables until this check passes for them; every other one goes on"


@dg.asset_check(asset=matches)
def rows_reconcile(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Every row read is loaded, quarantined, or an exact duplicate: nothing is dropped silently.

    A season whose rows do not add up is held back, other leagues go on.
    """
    with warehouse.connect() as connection:
        bad = connection.execute("""
            select loads.partition_key, (facts ->> 'rows_read')::int, loads.rows, coalesce(dropped.n, 0),
                (facts ->> 'duplicate_rows')::int, stored.n
            from raw.loads as loads
            left join (select partition_key, count(*) as n from raw.quarantine where dropped group by 1) as dropped
                using (partition_key)
            left join (select partition_key, count(*) as n from raw.matches group by 1) as stored using (partition_key)
            where loads.partition_key <> 'fixtures' and (
                (facts ->> 'rows_read')::int <> loads.rows + coalesce(dropped.n, 0) + (facts ->> 'duplicate_rows')::int
                or loads.rows <> coalesce(stored.n, 0)
            )
            order by 1
        """).fetchall()
        hold_back(connection, "rows_reconcile", {row[0]: "its rows do not add up" for row in bad})
    columns = ["partition", "read", "loaded", "dropped", "duplicates", "stored"]
    return dg.AssetCheckResult(
        passed=not bad,
        severity=dg.AssetCheckSeverity.WARN,
        description=HELD,
        metadata={"unreconciled": table(columns, bad)},
    )


@dg.asset_check(asset=matches)
def files_are_accepted(warehouse: Warehouse) -> dg.AssetCheckResult:
    """No newest file of the source was refused; a warning that names each file, the reason and the way out.

    A refused file stops no other: its partition keeps the rows loaded before. Seasons not published yet are listed
    apart.
    """
    today = datetime.now(UTC).date()
    targets = [results_target(pair.league, pair.season) for pair in league_seasons(today)]
    with warehouse.connect() as connection:
        found = not_loaded(connection, [*targets, FIXTURES], today)
        reasons = connection.execute(
            "select reason, dropped, count(*) from raw.quarantine group by 1, 2 order by 3 desc"
        ).fetchall()
    columns = ["partition", "file", "reason", "detail", "sha256"]
    return dg.AssetCheckResult(
        passed=not found.refused,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "refused": table(columns, map(astuple, found.refused)),
            "not published yet": ", ".join(found.not_published) or "none",
            "quarantine by reason": table(["reason", "row dropped", "count"], reasons),
        },
    )


@dg.asset_check(asset=matches, blocking=True)
def scored_matches_exist(warehouse: Warehouse) -> dg.AssetCheckResult:
    """There is something to learn from. It blocks every league because it fails only when none has a result."""
    with warehouse.connect() as connection:
        row = connection.execute(
            "select count(home_goals), count(*), min(match_date), max(match_date) from raw.matches"
        ).fetchone()
    scored, rows, first, last = row or (0, 0, None, None)
    return dg.AssetCheckResult(
        passed=scored > 0,
        metadata={"scored": scored, "void": rows - scored, "first": str(first), "last": str(last)},
    )
