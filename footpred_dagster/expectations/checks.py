"""Suites as blocking asset checks."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import dagster as dg

from footpred_dagster.core.database import database_url
from footpred_dagster.core.settings import TELEMETRY_OFF
from footpred_dagster.defs.resources import SETTINGS, Warehouse
from footpred_dagster.metadata import table

if TYPE_CHECKING:
    from footpred_dagster.expectations.validation import Report


def suite_check(stage: str, asset: str, description: str) -> dg.AssetChecksDefinition:
    """The check ``<stage>_meets_expectations`` of ``asset`` (``schema/name``)."""

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
        return result_of(validate(load_suite(stage), database_url(SETTINGS), SETTINGS.home / "data_docs"))

    return check


def result_of(report: Report) -> dg.AssetCheckResult:
    """A report as Dagster shows it."""
    return dg.AssetCheckResult(
        passed=report.passed,
        metadata={
            "expectations": report.evaluated,
            "failed": table(["expectation"], [(statement,) for statement in report.failed]),
            "failing examples": table(report.columns, report.examples),
            "data docs": dg.MetadataValue.path(report.page),
            "data docs in a browser": dg.MetadataValue.url(report.page.resolve().as_uri()),
        },
    )
