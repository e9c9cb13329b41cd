"""Which club every name in the raw tables means: what dbt joins to give matches their clubs."""

import dagster as dg

from footpred_dagster.core.clubs import leagues, names
from footpred_dagster.core.clubs import resolution as club_resolution
from footpred_dagster.core.clubs.aliases import SEED
from footpred_dagster.core.code_versions import code_version
from footpred_dagster.core.matches import held_seasons
from footpred_dagster.core.matches.data_origin import simulated
from footpred_dagster.defs.resources import Warehouse
from footpred_dagster.orchestration.asset_keys import CLUB_NAMES, FIXTURE_LIST, MATCHES, RESULTS, TEAMS
from footpred_dagster.orchestration.metadata import table
from footpred_dagster.orchestration.versions import CUT

CODE = code_version(__name__, data=SEED.read_bytes())
WAY_OUT = (
    "Matches of a pending name wait in the raw tables; everything else goes on. Decide with footpred clubs alias: "
    "--of the club it is, or --new. footpred clubs pending lists the nearest clubs. The next run applies it."
)


@dg.asset(
    key=CLUB_NAMES,
    deps=[RESULTS, FIXTURE_LIST],
    group_name="intermediate",
    owners=["team:footpred"],
    pool="warehouse",
    kinds={"python", "postgres"},
    code_version=CODE,
)
def resolved_club_names(warehouse: Warehouse) -> dg.MaterializeResult:
    """The club that every name means, by season: from the seed and operators' decisions. A doubtful name is pending."""
    with warehouse.connect(autocommit=True) as connection:
        resolution = club_resolution.resolve(connection)
        cut = club_resolution.names_cut(connection)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(resolution.names),
            "pending": len(resolution.pending),
            "resolved anew": resolution.changed,
            CUT: cut,
        },
        data_version=dg.DataVersion(resolution.version),
    )


@dg.asset_check(asset=MATCHES)
def no_club_is_split_or_merged(warehouse: Warehouse) -> dg.AssetCheckResult:
    """No name is pending: probably a club on record under another spelling, or one of two clubs under one id.

    A warning: matches of a pending name alone wait until an operator decides.
    """
    with warehouse.connect() as connection:
        pending = names.pending_names(connection)
    columns = ["country", "season", "name", "leagues", "waiting", "why", "nearest", "command"]
    return dg.AssetCheckResult(
        passed=not pending,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(dict.fromkeys(name.command for name in pending)) or WAY_OUT,
        metadata={"pending names": table(columns, map(_row, pending)), "way out": WAY_OUT},
    )


def _row(name: names.ClubName) -> tuple[object, ...]:
    near = ", ".join(f"{spelling} ({team_id})" for spelling, team_id in name.nearest)
    waiting = f"{name.matches} matches, {name.fixtures} fixtures"
    return (name.country, name.season, name.name, ", ".join(name.leagues), waiting, name.why, near, name.command)


@dg.asset_check(asset=MATCHES, name=leagues.CHECK)
def clubs_play_in_one_league(warehouse: Warehouse) -> dg.AssetCheckResult:
    """No club plays in two leagues on one day. A season in which one does is held back, other leagues go on."""
    with warehouse.connect() as connection:
        held = [each for each in held_seasons.held_seasons(connection) if each.check == leagues.CHECK]
    return dg.AssetCheckResult(
        passed=not held,
        severity=dg.AssetCheckSeverity.WARN,
        description="the seasons listed wait in the raw tables until the source serves their own file",
        metadata={
            "held back": table(["league", "season", "why"], [(each.league, each.season, each.why) for each in held])
        },
    )


@dg.asset_check(asset=MATCHES)
def team_names_are_known(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Every name is in team_aliases.csv or decided about. Another one, near no club on record, is taken for a new club.

    Fictional clubs are on no list: in a simulated home this has nothing to report.
    """
    with warehouse.connect() as connection:
        made_up = bool(simulated(connection))
        new = [] if made_up else names.new_names(connection)
    listed = dict.fromkeys((name.country, name.name, name.team_id) for name in new)
    return dg.AssetCheckResult(
        passed=not new,
        severity=dg.AssetCheckSeverity.WARN,
        description="simulated clubs are on no list"
        if made_up
        else "footpred clubs alias COUNTRY NAME --new keeps one",
        metadata={"new clubs": table(["country", "name", "id"], listed)},
    )


@dg.asset_check(asset=TEAMS)
def clubs_have_proper_names(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Every club of the main divisions since 2005 has a name and a city in clubs.csv; the metadata lists the others.

    The dashboard and the service show a club without one by its name in the results files. Simulated clubs have none.
    """
    with warehouse.connect() as connection:
        made_up = simulated(connection)
        unnamed = names.without_proper_name(connection)
    return dg.AssetCheckResult(
        passed=not unnamed or bool(made_up),
        severity=dg.AssetCheckSeverity.WARN,
        description="simulated clubs have no proper names" if made_up else "add each to dbt_project/seeds/clubs.csv",
        metadata={"clubs without a proper name": table(["country", "league", "season", "id", "name"], unnamed)},
    )
