"""Every dbt model as an asset, every data test as an asset check. The split around ratings is Dagster's doing."""

import json
import os
from collections.abc import Iterator
from typing import Any

import dagster as dg
import psycopg
from dagster_dbt import DbtCliInvocation, dbt_assets
from dagster_dbt.core.dbt_event_iterator import DbtEventIterator
from psycopg import sql

from footpred_dagster.core.database.build_marks import codes_built
from footpred_dagster.core.ratings.store import MARK
from footpred_dagster.defs.resources import PROJECT, SETTINGS, Warehouse
from footpred_dagster.orchestration.dbt_project import (
    ANEW,
    InstalledDbt,
    LayerTranslator,
    build_codes,
    export_connection,
)


@dbt_assets(
    manifest=PROJECT.manifest_path,
    project=PROJECT,
    dagster_dbt_translator=LayerTranslator(),
    name="dbt_models",
    pool="warehouse",
)
def dbt_models(context: dg.AssetExecutionContext, dbt: InstalledDbt, warehouse: Warehouse) -> Iterator[Any]:
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
    build += [ANEW] if anew else []
    invocation = dbt.cli(build, context=context, target_path=target)
    with warehouse.connect(autocommit=True) as connection:
        for event in invocation.stream():
            described = _with_columns(event, invocation) if anew else event
            if isinstance(event, dg.Output) and isinstance(described, dg.Output):
                described = _with_row_count(described, context.asset_key_for_output(event.output_name), connection)
            yield described


def _with_columns(event: Any, invocation: DbtCliInvocation) -> Any:
    """Schema and lineage of the columns, which change with the code alone.

    An event at a time: over the whole stream dagster-dbt would spin on a core while dbt needs it.
    """
    return next(DbtEventIterator(iter([event]), invocation).fetch_column_metadata())


def _with_row_count(output: dg.Output, key: dg.AssetKey, connection: psycopg.Connection) -> dg.Output:
    """Of tables, on our own connection: dagster-dbt's way loads the whole of dbt into this process."""
    kind = connection.execute(
        "select relkind from pg_class where oid = to_regclass(%s)", [".".join(key.path)]
    ).fetchone()
    if kind != ("r",):
        return output
    count = sql.SQL("select count(*) from {}").format(sql.Identifier(*key.path))
    (rows,) = connection.execute(count).fetchone() or (None,)
    return output.with_metadata({**output.metadata, "dagster/row_count": rows})
