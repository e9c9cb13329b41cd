"""Every dbt model as an asset, every data test as an asset check. The split around ratings is Dagster's doing."""

import json
import os
from collections.abc import Iterator
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource, dbt_assets

from footpred_dagster.core.changes import codes_built
from footpred_dagster.core.rating import MARK
from footpred_dagster.dbt import LayerTranslator, build_codes, export_connection
from footpred_dagster.defs.resources import PROJECT, SETTINGS, Warehouse


@dbt_assets(
    manifest=PROJECT.manifest_path, project=PROJECT, dagster_dbt_translator=LayerTranslator(), name="dbt_models"
)
def dbt_models(context: dg.AssetExecutionContext, dbt: DbtCliResource, warehouse: Warehouse) -> Iterator[Any]:
    """Every layer of SQL: built and tested together, so a failed test stops what is behind it.

    Incremental models build what changed; those that other code has built are built anew. Unit tests are about the SQL,
    not the data: the test suite runs them.
    """
    export_connection(SETTINGS)
    with warehouse.connect() as connection:
        built = codes_built(connection)
    codes = build_codes(json.loads(PROJECT.manifest_path.read_text()), built.get(MARK))
    os.environ.update({f"FOOTPRED_DBT_CODE_{name.upper()}": code for name, code in codes.items()})
    selected = {key.path[-1] for key in context.selected_asset_keys}
    anew = any(built.get(name) != code for name, code in codes.items() if name in selected)
    target = SETTINGS.home / "dbt" / "runs" / context.op_handle.name
    # "buildable": a test that compares two models runs with the later one, not with the earlier against old rows.
    build = ["build", "--exclude-resource-type", "unit_test", "--indirect-selection", "buildable"]
    build += ["--full-refresh"] if anew else []
    events = dbt.cli(build, context=context, target_path=target).stream().fetch_row_counts()
    # Column lineage takes seconds to derive, and changes with the code alone.
    yield from events.fetch_column_metadata() if anew else events
