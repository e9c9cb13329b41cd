"""What must hold before anything downstream reads the raw tables."""

import dagster as dg

from footpred_dagster.core.held_seasons import hold_back
from footpred_dagster.defs.raw.fixtures import fixtures
from footpred_dagster.defs.raw.results import matches
from footpred_dagster.defs.resources import Warehouse
from footpred_dagster.metadata import table

HELD = "the seasons listed wait in the raw tables until this check passes for them; every other one goes on"
MAX_DROPPED_SHARE = 0.02
FORGIVEN_ROWS = 3
"""A season's first file has ten rows: one bad row among them is no reason to stop everything."""


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
def few_rows_dropped(warehouse: Warehouse) -> dg.AssetCheckResult:
    """No file lost more than 2 % of its rows to quarantine, three rows apart; one that did is held back."""
    with warehouse.connect() as connection:
        bad = connection.execute(
            """
            select partition_key, count(distinct line), max(loads.rows)
            from raw.quarantine inner join raw.loads as loads using (partition_key)
            where dropped
            group by 1
            having count(distinct line) > greatest(%s, %s * (max(loads.rows) + count(distinct line)))
            """,
            [FORGIVEN_ROWS, MAX_DROPPED_SHARE],
        ).fetchall()
        hold_back(connection, "few_rows_dropped", {row[0]: f"{row[1]} rows are in quarantine" for row in bad})
        reasons = connection.execute(
            "select reason, dropped, count(*) from raw.quarantine group by 1, 2 order by 3 desc"
        ).fetchall()
    return dg.AssetCheckResult(
        passed=not bad,
        severity=dg.AssetCheckSeverity.WARN,
        description=HELD,
        metadata={
            "files over the limit": table(["partition", "dropped", "loaded"], bad),
            "quarantine by reason": table(["reason", "row dropped", "count"], reasons),
        },
    )


def _refusals(warehouse: Warehouse, *, structural: bool) -> list[tuple[str, ...]]:
    with warehouse.connect() as connection:
        return connection.execute(
            "select partition_key, reason, detail, sha256 from raw.refusals where structural = %s order by 1",
            [structural],
        ).fetchall()


REFUSAL_COLUMNS = ["partition", "reason", "detail", "sha256"]


@dg.asset_check(asset=matches)
def files_have_the_known_shape(warehouse: Warehouse) -> dg.AssetCheckResult:
    """No newest file was refused for its shape (a required column gone, over 2 % of its rows gone).

    The rows that its season had before stay, and every league goes on from what is loaded. ``footpred accept`` lets a
    file in that rightly holds fewer rows.
    """
    refused = _refusals(warehouse, structural=True)
    return dg.AssetCheckResult(
        passed=not refused,
        severity=dg.AssetCheckSeverity.WARN,
        description="the season stands as it was loaded before: footpred inspect FILE says what is wrong",
        metadata={"refused": table(REFUSAL_COLUMNS, refused)},
    )


@dg.asset_check(asset=matches)
def deliveries_are_whole(warehouse: Warehouse) -> dg.AssetCheckResult:
    """No newest file was refused for its delivery (HTML, cut short, another division); a warning, old rows stay."""
    refused = _refusals(warehouse, structural=False)
    return dg.AssetCheckResult(
        passed=not refused,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"refused": table(REFUSAL_COLUMNS, refused)},
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


@dg.asset_check(asset=fixtures)
def no_pair_twice_on_one_day(warehouse: Warehouse) -> dg.AssetCheckResult:
    """No fixture is listed twice for one day."""
    with warehouse.connect() as connection:
        bad = connection.execute("""
            select league, match_date::text, home, away, count(*) from raw.fixtures
            group by 1, 2, 3, 4 having count(*) > 1
        """).fetchall()
    return dg.AssetCheckResult(
        passed=not bad,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"repeated": table(["league", "date", "home", "away", "times"], bad)},
    )
