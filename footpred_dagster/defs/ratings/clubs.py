"""Ratings of clubs, before every match and fixture and as of now: one pass through history fills all the tables."""

from collections.abc import Iterator

import dagster as dg

from footpred_dagster.core.code_versions import code_version
from footpred_dagster.core.ratings import store
from footpred_dagster.defs.resources import Warehouse
from footpred_dagster.orchestration.asset_keys import FIXTURES, MATCH_SPINE, MATCHES

SPINE_AND_ITS_GUARDS = [MATCH_SPINE, MATCHES, FIXTURES]
"""Only the spine is read; the other two are named so that their blocking checks hold ratings, and all behind, back."""
CODE = code_version(__name__)
TABLES = {
    "team_elo": "Elo of both teams before each match and fixture, from the matches of earlier days.",
    "team_pi": "pi-ratings of both teams before each match and fixture: goals better than average at home and away.",
    "team_strength": "Attack, defence and momentum of both teams before each match, from goals, shots and corners.",
    "team_state": "Every club as its next match in its league will be rated: what the service assembles features from.",
    "division_state": "Scoring level and home advantage of every division, as of its next match.",
}


@dg.multi_asset(
    name="club_ratings",
    pool="warehouse",
    specs=[
        dg.AssetSpec(
            ["ratings", table],
            description=description,
            deps=SPINE_AND_ITS_GUARDS,
            group_name="ratings",
            owners=["team:footpred"],
            kinds={"python", "postgres"},
            code_version=CODE,
        )
        for table, description in TABLES.items()
    ],
)
def club_ratings(warehouse: Warehouse) -> Iterator[dg.MaterializeResult]:
    """Rate every club through the whole history; write the rows that the latest changes can have altered."""
    with warehouse.connect() as connection:
        written = store.store_ratings(connection, CODE)
        total = {table: connection.execute(f"select count(*) from ratings.{table}").fetchone() for table in TABLES}  # noqa: S608
    for table in TABLES:
        (rows,) = total[table] or (0,)
        yield dg.MaterializeResult(
            asset_key=["ratings", table], metadata={"dagster/row_count": rows, "rows written": written[table]}
        )


@dg.asset_check(asset=["ratings", "team_elo"], blocking=True)
def ratings_are_plausible(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Every rating is a number a club can have: Elo between 500 and 2500, pi within 5 goals of the average.

    It blocks every league: all are rated in one pass over matches that passed their checks, so the pass is at fault.
    """
    with warehouse.connect() as connection:
        low, high, furthest = connection.execute("""
            select min(least(home_elo, away_elo)), max(greatest(home_elo, away_elo)),
                (select max(greatest(abs(home_pi), abs(away_pi))) from ratings.team_pi)
            from ratings.team_elo
        """).fetchone() or (None, None, None)
    passed = low is not None and low > 500 and high < 2500 and furthest < 5
    return dg.AssetCheckResult(
        passed=passed, metadata={"lowest": low or 0.0, "highest": high or 0.0, "furthest pi": furthest or 0.0}
    )


@dg.asset_check(asset=["ratings", "team_strength"], blocking=True)
def strengths_are_plausible(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Nobody is expected to score less than 0.05 or more than 12 goals a match.

    It blocks every league, for the reason of ``ratings_are_plausible``.
    """
    with warehouse.connect() as connection:
        low, high = connection.execute("""
            select exp(min(least(home_log_goals, away_log_goals))), exp(max(greatest(home_log_goals, away_log_goals)))
            from ratings.team_strength
        """).fetchone() or (None, None)
    passed = low is not None and low > 0.05 and high < 12
    return dg.AssetCheckResult(passed=passed, metadata={"lowest": low or 0.0, "highest": high or 0.0})
