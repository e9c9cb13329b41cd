"""Attack and defence before every match and fixture."""

import dagster as dg

from footpred_dagster.core import rating
from footpred_dagster.core.models import pseudo_goals, strengths
from footpred_dagster.core.rating import store_strengths
from footpred_dagster.defs.ratings.team_elo import SPINE_AND_ITS_GUARDS
from footpred_dagster.defs.resources import Warehouse
from footpred_dagster.versions import code_version


@dg.asset(
    key=["ratings", "team_strength"],
    group_name="ratings",
    owners=["team:footpred"],
    kinds={"python", "postgres"},
    code_version=code_version(pseudo_goals, strengths, rating),
    deps=SPINE_AND_ITS_GUARDS,
)
def team_strength(warehouse: Warehouse) -> dg.MaterializeResult:
    """Both teams' attack and defence from goals, shots and corners of earlier days, filtered in one pass."""
    with warehouse.connect() as connection:
        rows = store_strengths(connection)
    return dg.MaterializeResult(metadata={"dagster/row_count": rows})


@dg.asset_check(asset=team_strength, blocking=True)
def strengths_are_plausible(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Nobody is expected to score less than 0.05 or more than 12 goals a match, and nothing is known for certain."""
    with warehouse.connect() as connection:
        low, high, certain = connection.execute("""
            select exp(min(least(home_log_goals, away_log_goals))), exp(max(greatest(home_log_goals, away_log_goals))),
                min(log_goals_variance)
            from ratings.team_strength
        """).fetchone() or (None, None, None)
    passed = low is not None and low > 0.05 and high < 12 and certain > 0
    return dg.AssetCheckResult(
        passed=passed, metadata={"lowest": low or 0.0, "highest": high or 0.0, "least variance": certain or 0.0}
    )
