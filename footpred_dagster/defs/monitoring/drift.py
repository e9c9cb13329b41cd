"""Drift: does this season still look, and is it still foreseen, like the seasons before it?"""

import dagster as dg

from footpred_dagster.core.code_versions import code_version
from footpred_dagster.core.drift import findings
from footpred_dagster.core.drift.findings import ALL, Finding, Kind
from footpred_dagster.core.drift.monitor import alarms, monitor
from footpred_dagster.core.drift.report import write_page
from footpred_dagster.core.drift.windows import drift_cut
from footpred_dagster.core.registry.last_decision import shown_as_of
from footpred_dagster.defs.resources import SETTINGS, ArchiveStore, Clock, Warehouse
from footpred_dagster.orchestration.asset_keys import CHAMPION, DRIFT, MATCH_FEATURES, SCORES
from footpred_dagster.orchestration.automation_conditions import follows_upstream
from footpred_dagster.orchestration.metadata import table
from footpred_dagster.orchestration.versions import CUT, cut_version

COLUMNS = ["kind", "subject", "reference", "current", "says", "statistic", "effect", "p", "adjusted p", "flagged"]


@dg.asset(
    key=DRIFT,
    group_name="monitoring",
    owners=["team:footpred"],
    pool="analysis",
    kinds={"python", "postgres"},
    code_version=code_version(__name__),
    automation_condition=follows_upstream(),
    deps=[MATCH_FEATURES, CHAMPION, SCORES],
)
def drift(warehouse: Warehouse, archive: ArchiveStore, clock: Clock) -> dg.MaterializeResult:
    """The newest season against the two before it, as far into each: features, predictions, calibration, and skill
    beside the closing line; its outcomes against 2018-19. With a report to open, kept in the archive.

    Looks are at whole match weeks. All alarms together are false in at most one season in a hundred.
    """
    with warehouse.connect() as connection:
        as_of = shown_as_of(connection, clock.now())
        found = monitor(connection, archive.open(), as_of)
        cut = drift_cut(connection, as_of)
    path = write_page(SETTINGS.home / "data_docs" / "drift" / "index.html", found.report)
    windows = found.windows
    return dg.MaterializeResult(
        metadata={
            "alarms": "\n".join(f"{each.kind} {each.subject}: {each.says}" for each in found.alarms) or "none",
            "current": f"{windows.current.label}, {len(windows.current.matches)} matches",
            "reference": f"{windows.reference.label}; outcomes: {windows.mix_reference.label}",
            "forecasts": ", ".join(f"{n} {source}" for source, n in found.foretold.items()) or "none",
            "findings": table(COLUMNS, [_row(each) for each in found.findings if _is_told(each)]),
            "report": dg.MetadataValue.path(path),
            "report in a browser": dg.MetadataValue.url(path.resolve().as_uri()),
            "report sha256": found.sha256,
            CUT: cut,
        },
        data_version=cut_version(repr(found.findings), cut),
    )


def _is_told(finding: Finding) -> bool:
    """All leagues together, and of features only those that moved by any common measure."""
    return finding.league == ALL and (finding.kind != "feature" or (finding.effect or 0.0) >= findings.LARGE_D)


def _row(each: Finding) -> tuple[object, ...]:
    numbers = ("" if value is None else f"{value:.3g}" for value in (each.statistic, each.effect, each.p))
    adjusted = "" if each.p_adjusted is None else f"{each.p_adjusted:.3g}"
    return (each.kind, each.subject, each.reference, each.current, each.says, *numbers, adjusted, each.flagged)


def _result(warehouse: Warehouse, kind: Kind) -> dg.AssetCheckResult:
    with warehouse.connect() as connection:
        rung = alarms(connection, kind)
    return dg.AssetCheckResult(
        passed=not rung,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"alarms": table(["subject", "effect", "adjusted p", "says"], rung) if rung else "none"},
    )


@dg.asset_check(asset=drift)
def outcome_mix_is_stable(warehouse: Warehouse) -> dg.AssetCheckResult:
    """Home wins, draws and away wins of all leagues together come as often as in the reference."""
    return _result(warehouse, "outcome_mix")


@dg.asset_check(asset=drift)
def features_are_stable(warehouse: Warehouse) -> dg.AssetCheckResult:
    """No feature's distribution moved by a PSI of .25 and a D of .1; predictions neither."""
    features, predictions = _result(warehouse, "feature"), _result(warehouse, "prediction")
    return features if not features.passed else predictions


@dg.asset_check(asset=drift)
def calibration_holds(warehouse: Warehouse) -> dg.AssetCheckResult:
    """No outcome came more or less often than foretold by .02 and more than chance; the ECE is within its bound."""
    return _result(warehouse, "calibration")


@dg.asset_check(asset=drift)
def skill_holds(warehouse: Warehouse) -> dg.AssetCheckResult:
    """The champion has not lost .005 nats a match on the closing line against the seasons before."""
    return _result(warehouse, "skill")
