"""What the clock, or operators, let each asset see: its cut, by which ``run`` finds out whether it is stale."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import dagster as dg
import psycopg

from footpred_dagster.core.clubs.resolution import names_cut
from footpred_dagster.core.drift.windows import drift_cut
from footpred_dagster.core.matches.rulings import rulings_cut
from footpred_dagster.core.predictions.batch import prediction_cut
from footpred_dagster.core.predictions.ledger import Kind
from footpred_dagster.core.predictions.settlement import settlement_cut
from footpred_dagster.core.projection.leagues import projection_cut
from footpred_dagster.core.registry.last_decision import shown_as_of
from footpred_dagster.core.training.train import training_cut
from footpred_dagster.orchestration.asset_keys import (
    CLUB_NAMES,
    DRIFT,
    LEDGER,
    MARKET,
    MATCH_RULINGS,
    SCORES,
    SEASON_PROJECTION,
)


def cuts(
    connection: psycopg.Connection, keys: Iterable[dg.AssetKey], as_of: datetime, kind: Kind
) -> dict[dg.AssetKey, str]:
    """By asset; empty before there are features, when all behind them is stale anyway."""
    built = connection.execute("select to_regclass('features.fct_match_features') is not null").fetchone()
    if built != (True,):
        return {}
    training = training_cut(connection, as_of)
    found = {key: training for key in keys if key.path[0] == "models"}
    found[LEDGER] = prediction_cut(connection, as_of, kind)
    shown = shown_as_of(connection, as_of)
    found[MARKET] = training_cut(connection, shown)
    found[SCORES] = settlement_cut(connection, shown)
    found[DRIFT] = drift_cut(connection, shown)
    found[SEASON_PROJECTION] = projection_cut(connection, shown)
    found[CLUB_NAMES] = names_cut(connection)
    found[MATCH_RULINGS] = rulings_cut(connection)
    return found
