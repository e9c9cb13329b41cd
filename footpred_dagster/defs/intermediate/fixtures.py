"""What becomes of the lines of fixtures.csv on their way to matches."""

import dagster as dg

from footpred_dagster.defs.resources import Warehouse
from footpred_dagster.orchestration.asset_keys import FIXTURES
from footpred_dagster.orchestration.metadata import table


@dg.asset_check(asset=FIXTURES)
def every_listed_line_counts(warehouse: Warehouse) -> dg.AssetCheckResult:
    """No line of fixtures.csv is left out because another line of the same match is taken; a warning that lists them.

    The source keeps the old line of a postponed match for a while. Lines of pending clubs are not counted here.
    """
    with warehouse.connect() as connection:
        left_out = connection.execute("""
            select lines.league, lines.home_name, lines.away_name, lines.match_date::text, taken.match_date::text
            from staging.stg_fixtures as lines
            inner join intermediate.int_fixtures as taken using (league, season, home_name, away_name)
            where lines.match_date <> taken.match_date and not exists (
                select from intermediate.int_fixtures as itself
                where (itself.league, itself.home_name, itself.away_name, itself.match_date)
                    = (lines.league, lines.home_name, lines.away_name, lines.match_date)
            )
            order by 1, 4, 2
        """).fetchall()
    return dg.AssetCheckResult(
        passed=not left_out,
        severity=dg.AssetCheckSeverity.WARN,
        description="the earliest date still to come on the day of the list is taken, else the latest",
        metadata={
            "left out": len(left_out),
            "lines": table(["league", "home", "away", "listed for", "taken for"], left_out),
        },
    )
