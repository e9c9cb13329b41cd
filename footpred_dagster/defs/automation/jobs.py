"""The jobs that schedules and sensors start. Each runs in one process: starting one a step costs more than the step."""

import dagster as dg

from footpred_dagster.orchestration.asset_keys import BY_HAND, LEDGER, MARKET, SEASON_PROJECTION
from footpred_dagster.orchestration.executors import heavy_executor

MODELS = dg.AssetSelection.groups("models")
ASIDE = dg.AssetSelection.assets(*BY_HAND)
FOLLOWERS = dg.AssetSelection.assets(SEASON_PROJECTION, MARKET) | (dg.AssetSelection.groups("monitoring"))
"""By their automation condition they come after any job, and keep no prediction waiting."""

refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all() - MODELS - ASIDE - FOLLOWERS,
    description="From new files to new predictions by the champion that stands; no model is fitted.",
    executor_def=dg.in_process_executor,
)

retrain = dg.define_asset_job(
    "retrain",
    selection=((MODELS - ASIDE) | dg.AssetSelection.groups("predictions")) - FOLLOWERS,
    description="Every candidate refitted on all that was played, judged, the champion chosen, fixtures predicted.",
    executor_def=heavy_executor(),
)

predict = dg.define_asset_job(
    "predict",
    selection=dg.AssetSelection.assets(LEDGER),
    description="Fixtures predicted by a champion that was put in by hand or by live scores.",
    executor_def=dg.in_process_executor,
)
