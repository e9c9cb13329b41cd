"""Checks that need more than SQL."""

import difflib

import dagster as dg

from footpred_dagster.defs.resources import Warehouse
from footpred_dagster.metadata import table


@dg.asset_check(asset=dg.AssetKey(["intermediate", "int_matches"]))
def team_names_are_known(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Every club's name is in team_aliases.csv. A new one gets an id of its own; its nearest names are listed here."""
    with warehouse.connect() as connection:
        unseen = connection.execute("""
            with names as (
                select country, home_name as name from intermediate.int_matches
                union select country, away_name from intermediate.int_matches
                union select country, home_name from intermediate.int_fixtures
                union select country, away_name from intermediate.int_fixtures
            )
            select country, name from names
            where not exists (
                select 1 from staging.team_aliases as known
                where known.country = names.country and known.name = names.name
            )
            order by 1, 2
        """).fetchall()
        known = connection.execute("select country, name from staging.team_aliases").fetchall()
    nearest = [
        (
            country,
            name,
            ", ".join(difflib.get_close_matches(name, [n for c, n in known if c == country], n=3, cutoff=0.5)),
        )
        for country, name in unseen
    ]
    return dg.AssetCheckResult(
        passed=not unseen,
        severity=dg.AssetCheckSeverity.WARN,
        description="add each to dbt_project/seeds/team_aliases.csv: with a known club's id, or with a new one",
        metadata={"unseen names": table(["country", "name", "nearest known"], nearest)},
    )
