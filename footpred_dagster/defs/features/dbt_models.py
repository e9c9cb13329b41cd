"""Every dbt model as an asset, every data test as an asset check. The split around ratings is Dagster's doing."""

from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets

from footpred_dagster.dbt import LayerTranslator, export_connection
from footpred_dagster.defs.resources import PROJECT, SETTINGS


@dbt_assets(
    manifest=PROJECT.manifest_path, project=PROJECT, dagster_dbt_translator=LayerTranslator(), name="dbt_models"
)
def dbt_models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    """Staging, intermediate and feature models: built and tested together, so a failed test stops what is behind it.

    Unit tests are about the SQL, not the data: the test suite runs them.
    """
    export_connection(SETTINGS)
    target = SETTINGS.home / "dbt" / "runs" / context.op_handle.name
    # "buildable": a test that compares two models runs with the later one, not with the earlier against old rows.
    build = ["build", "--exclude-resource-type", "unit_test", "--indirect-selection", "buildable"]
    yield from dbt.cli(build, context=context, target_path=target).stream().fetch_row_counts()
