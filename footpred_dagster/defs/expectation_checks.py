"""Suites as blocking asset checks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

import dagster as dg

from footpred_dagster.core.database.connection import component_url
from footpred_dagster.core.matches.held_seasons import hold_back
from footpred_dagster.core.settings import TELEMETRY_OFF
from footpred_dagster.defs.resources import SETTINGS, Warehouse
from footpred_dagster.orchestration.metadata import table

if TYPE_CHECKING:
    from footpred_dagster.expectations.validation import Report


def suite_check(stage: str, asset: str, description: str, *, holds_back: bool = False) -> dg.AssetChecksDefinition:
    """The check ``<stage>_meets_expectations`` of ``asset`` (``schema/name``), which blocks what is behind it.

    holds_back: of a table with partitions, a few rows at fault hold back their partitions and block nothing.
    """

    @dg.asset_check(
        asset=dg.AssetKey(asset.split("/")),
        name=f"{stage}_meets_expectations",
        description=description,
        blocking=True,
    )
    def check(warehouse: Warehouse) -> dg.AssetCheckResult:
        os.environ.update(TELEMETRY_OFF)  # read when Great Expectations is imported
        from footpred_dagster.expectations.validation import load_suite, validate

        with warehouse.connect():
            pass  # started and migrated
        report = validate(load_suite(stage), component_url(SETTINGS, "pipeline"), SETTINGS.home / "data_docs")
        held = partitions_at_fault(report) if holds_back else {}
        if holds_back:
            with warehouse.connect() as connection:
                hold_back(connection, f"{stage}_meets_expectations", held or {})
        return result_of(report, held)

    return check


def partitions_at_fault(report: Report) -> dict[str, str] | None:
    """Partitions of the rows that break a statement, with the statement; None where they are not all known.

    They are not when a statement is about the whole table, or so many rows break it that only the first are shown.
    """
    column = report.columns.index("partition_key")
    held = {row[column]: row[0] for row in reversed(report.examples)}
    return held if report.all_shown and all(held) else None


def result_of(report: Report, held: Mapping[str, str] | None = None) -> dg.AssetCheckResult:
    """A report as Dagster shows it; a warning where all that is wrong is in partitions that are ``held``."""
    return dg.AssetCheckResult(
        passed=report.passed,
        severity=dg.AssetCheckSeverity.WARN if held else dg.AssetCheckSeverity.ERROR,
        metadata={
            "held back": ", ".join(held or {}) or "nothing",
            "expectations": report.evaluated,
            "failed": table(["expectation"], [(statement,) for statement in report.failed]),
            "failing examples": table(report.columns, report.examples),
            "data docs": dg.MetadataValue.path(report.page),
            "data docs in a browser": dg.MetadataValue.url(report.page.resolve().as_uri()),
        },
    )
