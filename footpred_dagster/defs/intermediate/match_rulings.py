"""Rulings: what became of a match where its row in the results file does not say."""

import dagster as dg

from footpred_dagster.core.code_versions import code_version
from footpred_dagster.core.matches import rulings
from footpred_dagster.core.matches.rulings import SEED
from footpred_dagster.defs.resources import Warehouse
from footpred_dagster.orchestration.asset_keys import MATCHES, RESULTS
from footpred_dagster.orchestration.metadata import table
from footpred_dagster.orchestration.versions import CUT, cut_version


@dg.asset(
    key=["intermediate", "match_rulings"],
    deps=[RESULTS],
    group_name="intermediate",
    owners=["team:footpred"],
    pool="warehouse",
    kinds={"python", "postgres"},
    code_version=code_version(__name__, data=SEED.read_bytes()),
)
def rulings_in_force(warehouse: Warehouse) -> dg.MaterializeResult:
    """Matches decided without play, annulled, or played after all: from the seed, and from users before it."""
    with warehouse.connect(autocommit=True) as connection:
        count, changed = rulings.resolve(connection)
        cut = rulings.rulings_cut(connection)
        content = rulings.as_text(sorted(rulings.resolved(connection), key=lambda ruling: ruling.key))
    return dg.MaterializeResult(
        metadata={"dagster/row_count": count, "changed": changed, CUT: cut}, data_version=cut_version(content, "")
    )


@dg.asset_check(asset=MATCHES)
def awarded_matches_are_listed(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Every match that its row alone marks as awarded is on the list of rulings or was ruled on by a user.

    A warning that lists the others: they count in tables and teach nothing, as awarded matches do.
    """
    with warehouse.connect() as connection:
        rows = connection.execute("""
            select league, season, match_date::text, home_name, away_name, home_goals || '-' || away_goals
            from intermediate.int_matches where status = 'awarded' and status_decided_by = 'rule' order by 1, 3, 4
        """).fetchall()
    return dg.AssetCheckResult(
        passed=not rows,
        severity=dg.AssetCheckSeverity.WARN,
        description="footpred matches award, played or void states what became of each",
        metadata={"by the rule alone": table(["league", "season", "day", "home", "away", "score"], rows)},
    )
