"""The jobs that schedules and sensors start. Each runs in one process: starting one a step costs more than the step."""

import dagster as dg

ONE_AT_A_TIME = {"footpred/writes": "warehouse"}
"""The queue lets one run with this tag through at a time."""
MODELS = dg.AssetSelection.groups("models")
ASIDE = dg.AssetSelection.assets(["raw", "openfootball"])
MARKET = dg.AssetSelection.assets(["predictions", "market"])
"""Of what models predicted out of season: new results alone do not change it."""
STUDY = dg.AssetSelection.assets(["models", "xgboost_study"])

refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all() - MODELS - ASIDE - MARKET,
    description="From new files to new predictions by the champion that stands; no model is fitted.",
    tags=ONE_AT_A_TIME,
    executor_def=dg.in_process_executor,
)

retrain = dg.define_asset_job(
    "retrain",
    selection=(MODELS - STUDY) | dg.AssetSelection.groups("predictions", "monitoring"),
    description="Every candidate refitted on all that was played, judged, the champion chosen, fixtures predicted.",
    tags=ONE_AT_A_TIME,
    executor_def=dg.in_process_executor,
)
