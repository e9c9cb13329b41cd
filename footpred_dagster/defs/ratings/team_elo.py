"""Elo before every match and fixture."""

import dagster as dg

from footpred_dagster.core import rating
from footpred_dagster.core.models import ratings
from footpred_dagster.core.rating import store_elo
from footpred_dagster.defs.resources import Warehouse
from footpred_dagster.versions import code_version

SPINE_AND_ITS_GUARDS = [
    dg.AssetKey(["intermediate", name]) for name in ("int_match_spine", "int_matches", "int_fixtures")
]
"""Only the spine is read; the other two are named so that their blocking checks hold ratings, and all behind, back."""


@dg.asset(
    key=["ratings", "team_elo"],
    group_name="ratings",
    owners=["team:footpred"],
    kinds={"python", "postgres"},
    code_version=code_version(ratings, rating),
    deps=SPINE_AND_ITS_GUARDS,
)
def team_elo(warehouse: Warehouse) -> dg.MaterializeResult:
    """Both teams' Elo from the matches of earlier days, one pass over the whole history."""
    with warehouse.connect() as connection:
        rows = store_elo(connection)
    return dg.MaterializeResult(metadata={"dagster/row_count": rows})


@dg.asset_check(asset=team_elo, blocking=True)
def ratings_are_plausible(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Every rating is a number a club can have: between 500 and 2500 points."""
    with warehouse.connect() as connection:
        low, high = connection.execute(
            "select min(least(home_elo, away_elo)), max(greatest(home_elo, away_elo)) from ratings.team_elo"
        ).fetchone() or (None, None)
    passed = low is not None and high is not None and low > 500 and high < 2500
    return dg.AssetCheckResult(passed=passed, metadata={"lowest": low or 0.0, "highest": high or 0.0})
