"""The code location, one page of policy: what is loaded, how runs execute, and how fresh assets are to be."""

from collections.abc import Iterable
from datetime import timedelta
from typing import cast

import dagster as dg
from dagster._utils.warnings import suppress_dagster_warnings

from footpred_dagster import defs as layered
from footpred_dagster.core.settings import PACKAGE_ROOT
from footpred_dagster.orchestration.asset_keys import BY_HAND

Assets = Iterable[dg.AssetsDefinition]
DAILY = dg.FreshnessPolicy.time_window(warn_window=timedelta(hours=26), fail_window=timedelta(hours=50))
"""Once a day by schedule, with two hours for the run; a whole day missed is a failure."""
WEEKLY = dg.FreshnessPolicy.time_window(warn_window=timedelta(days=7, hours=4), fail_window=timedelta(days=9))


@dg.definitions
def defs() -> dg.Definitions:
    """Everything under defs/ loads itself. Steps run in one process: starting one each would cost more than most do."""
    # As load_from_defs_folder, but for the pyproject.toml it looks for: an installed package has none.
    tree = dg.ComponentTree.from_module(defs_module=layered, project_root=PACKAGE_ROOT)
    layers = suppress_dagster_warnings(tree.build_defs)()
    return dg.Definitions(
        # Once each: a module that only imports an asset, to check it, holds it as well.
        assets=dg.map_asset_specs(
            _with_freshness, cast("Iterable[dg.AssetsDefinition]", dict.fromkeys(layers.assets or []))
        ),
        asset_checks=layers.asset_checks,
        jobs=layers.jobs,
        schedules=layers.schedules,
        sensors=layers.sensors,
        resources=layers.resources,
        executor=dg.in_process_executor,
    )


def _with_freshness(spec: dg.AssetSpec) -> dg.AssetSpec:
    """Models are fitted every week, and what is made of them alone with them; all else is built every day."""
    if spec.key in BY_HAND:
        return spec
    upstream = {dep.asset_key.path[0] for dep in spec.deps}
    weekly = spec.group_name == "models" or upstream == {"models"}
    return spec.replace_attributes(freshness_policy=WEEKLY if weekly else DAILY)
