"""Checks that need more than SQL."""

from dataclasses import astuple

import dagster as dg

from footpred_dagster.core import clubs
from footpred_dagster.core.provenance import simulated
from footpred_dagster.defs.resources import Warehouse
from footpred_dagster.metadata import table

MATCHES = dg.AssetKey(["intermediate", "int_matches"])
TEAMS = dg.AssetKey(["marts", "dim_teams"])
WAY_OUT = "add each to dbt_project/seeds/team_aliases.csv: with a known club's id, or with a new one"


@dg.asset_check(asset=MATCHES)
def team_names_are_known(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Every club's name is in team_aliases.csv. A new one gets an id of its own; its nearest names are listed here.

    Fictional clubs are on no list: in a simulated home this has nothing to say.
    """
    with warehouse.connect() as connection:
        made_up = simulated(connection)
        known = clubs.known_names(connection)
        seen = {(club.country, club.name) for club in clubs.appearances(connection)}
    unseen = [
        (country, name, ", ".join(clubs.nearest(name, [n for c, n in known if c == country])))
        for country, name in sorted(seen - known.keys())
    ]
    return dg.AssetCheckResult(
        passed=not unseen or bool(made_up),
        severity=dg.AssetCheckSeverity.WARN,
        description="simulated clubs are on no list" if made_up else WAY_OUT,
        metadata={"unseen names": table(["country", "name", "nearest known"], unseen)},
    )


@dg.asset_check(asset=TEAMS)
def clubs_have_proper_names(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Every club of the main divisions since 2005 has a name and a city in clubs.csv; the metadata lists the others.

    The dashboard and the service show a club without one by its name in the results files. Simulated clubs have none.
    """
    with warehouse.connect() as connection:
        made_up = simulated(connection)
        unnamed = clubs.unnamed(connection)
    return dg.AssetCheckResult(
        passed=not unnamed or bool(made_up),
        severity=dg.AssetCheckSeverity.WARN,
        description="simulated clubs have no proper names" if made_up else "add each to dbt_project/seeds/clubs.csv",
        metadata={"clubs without a proper name": table(["country", "league", "season", "id", "name"], unnamed)},
    )


@dg.asset_check(asset=MATCHES, blocking=True)
def no_club_is_split_or_merged(warehouse: Warehouse) -> dg.AssetCheckResult:
    """No unknown name is probably a club on record, and no id plays itself or twice on a day.

    Ratings and form of a split or merged club would be wrong without anybody noticing, so nothing behind this goes on.
    """
    with warehouse.connect() as connection:
        splits = clubs.probable_splits(clubs.appearances(connection), clubs.known_names(connection))
        merges = clubs.wrong_merges(connection)
    return dg.AssetCheckResult(
        passed=not splits and not merges,
        description=WAY_OUT,
        metadata={
            "probable splits": table(
                ["country", "league", "season", "unknown name", "known name", "its id", "why"], map(astuple, splits)
            ),
            "wrong merges": table(["league", "date", "id", "names", "why"], map(astuple, merges)),
        },
    )
