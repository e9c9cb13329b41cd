"""Where seasons may end."""

import dagster as dg

from footpred_dagster.core.code_versions import code_version
from footpred_dagster.core.projection import simulation
from footpred_dagster.core.projection.leagues import project_leagues, projection_cut
from footpred_dagster.core.registry.last_decision import shown_as_of
from footpred_dagster.defs.resources import ArchiveStore, Clock, Warehouse
from footpred_dagster.orchestration.asset_keys import (
    CHAMPION,
    FIXTURES,
    MATCHES,
    ONLINE_PAIR_STATE,
    ONLINE_TEAM_STATE,
    SEASON_PROJECTION,
    STANDINGS,
)
from footpred_dagster.orchestration.automation_conditions import follows_upstream
from footpred_dagster.orchestration.metadata import table
from footpred_dagster.orchestration.versions import CUT, cut_version

EVERY_LEAGUE = "every_league_can_be_projected"


@dg.asset(
    key=SEASON_PROJECTION,
    group_name="predictions",
    owners=["team:footpred"],
    pool="analysis",
    kinds={"python", "postgres"},
    code_version=code_version(__name__),
    automation_condition=follows_upstream(),
    deps=[CHAMPION, ONLINE_TEAM_STATE, ONLINE_PAIR_STATE, MATCHES, FIXTURES, STANDINGS],
    check_specs=[
        dg.AssetCheckSpec(
            EVERY_LEAGUE,
            asset=SEASON_PROJECTION,
            description="No league is left out for a fault of its data; the metadata names league and fault.",
        )
    ],
)
def season_projection(warehouse: Warehouse, archive: ArchiveStore, clock: Clock) -> dg.MaterializeResult:
    """Ten thousand seasons of each league that go on from its table: title, top places, relegation, every position.

    Matches to come are the round robin less what was played, their scorelines those of the champion. Leagues that part
    in groups are projected to the split.
    """
    with warehouse.connect() as connection:
        as_of = shown_as_of(connection, clock.now())
        outcome = project_leagues(connection, archive.open(), as_of)
        cut = projection_cut(connection, as_of)
    rows = [(p.league, p.season, p.to_play, p.favourite, round(p.chance, 4), round(p.seconds, 2)) for p in outcome.done]
    return dg.MaterializeResult(
        metadata={
            "leagues": table(["league", "season", "to play", "first", "chance", "seconds"], rows),
            "waiting": outcome.waiting or "none",
            "faults": outcome.faults or "none",
            "simulations": simulation.SIMULATIONS,
            "as of": as_of.isoformat(),
            CUT: cut,
        },
        data_version=cut_version(repr([(p.league, p.season, p.content) for p in outcome.done]), cut),
        check_results=[
            dg.AssetCheckResult(
                passed=not outcome.faults,
                check_name=EVERY_LEAGUE,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"faults": outcome.faults or "none"},
            )
        ],
    )


@dg.asset_check(asset=season_projection, blocking=True)
def places_add_up(warehouse: Warehouse) -> dg.AssetCheckResult:
    """In every league each club ends somewhere, each place is taken by one club, and no points are lost.

    No asset depends on the projections, so a fault of one league keeps no other from being predicted.
    """
    with warehouse.connect() as connection:
        rows = connection.execute("""
            select league, count(*), sum(positions[1]), min((select sum(p) from unnest(positions) as p)),
                max((select sum(p) from unnest(positions) as p)), bool_and(expected_points >= points - 1e-9)
            from predictions.latest_projections group by league order by league
        """).fetchall()
    wrong = [row[0] for row in rows if not (max(abs(total - 1) for total in row[2:5]) < 1e-6 and row[5])]
    return dg.AssetCheckResult(passed=not wrong, metadata={"leagues": len(rows), "wrong": ", ".join(wrong) or "none"})
