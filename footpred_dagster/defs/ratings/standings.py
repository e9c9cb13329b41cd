"""League tables by the rules of each season."""

import dagster as dg

from footpred_dagster.core.code_versions import code_version
from footpred_dagster.core.matches import league_tables
from footpred_dagster.defs.resources import Warehouse
from footpred_dagster.orchestration.asset_keys import MATCHES, POINTS_ADJUSTMENTS

CODE = code_version(__name__)


@dg.asset(
    key=["ratings", "standings"],
    group_name="ratings",
    owners=["team:footpred"],
    pool="warehouse",
    kinds={"python", "postgres"},
    code_version=CODE,
    deps=[MATCHES, POINTS_ADJUSTMENTS],
)
def league_standings(warehouse: Warehouse) -> dg.MaterializeResult:
    """Every league and season, ranked by its rules: deductions, head-to-head, splits, halved points, cut seasons."""
    with warehouse.connect() as connection:
        written = league_tables.store_standings(connection, CODE)
        rows, seasons = connection.execute(
            "select count(*), count(distinct (league, season)) from ratings.standings"
        ).fetchone() or (0, 0)
    return dg.MaterializeResult(
        metadata={"dagster/row_count": rows, "league seasons": seasons, "rows written": written}
    )


@dg.asset_check(asset=league_standings, blocking=True)
def standings_add_up(warehouse: Warehouse) -> dg.AssetCheckResult:
    """In every league and season goals scored are goals conceded, wins are defeats, and the first place is taken."""
    with warehouse.connect() as connection:
        wrong = connection.execute("""
            select league || ' ' || season from ratings.standings group by league, season
            having sum(goals_for) <> sum(goals_against) or sum(won) <> sum(lost) or min(place) <> 1
            order by 1
        """).fetchall()
    return dg.AssetCheckResult(passed=not wrong, metadata={"wrong": ", ".join(name for (name,) in wrong) or "none"})
