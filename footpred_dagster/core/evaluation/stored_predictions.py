"""Out-of-season predictions as training stored them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pandas as pd
import psycopg

from footpred_dagster.core.models.recipes import ALL_RECIPES, recipe_version
from footpred_dagster.core.registry.replays import evidence_keys
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES


def stored_predictions(
    connection: psycopg.Connection, frame: pd.DataFrame, recipes: Mapping[str, str] | None = None
) -> dict[str, pd.DataFrame]:
    """Out-of-season predictions by model, indexed like ``frame``: of each recipe as it is in the code, or of
    ``recipes``, fingerprints by model."""
    wanted = recipes or {name: recipe_version(name) for name in ALL_RECIPES}
    rows = connection.execute(
        f"select model, match_id, {', '.join(PROBABILITIES)} from models.walk_forward "  # noqa: S608
        "where (model, recipe) in (select * from unnest(%s::text[], %s::text[]))",
        [list(wanted), list(wanted.values())],
    ).fetchall()
    stored = pd.DataFrame.from_records(rows, columns=["model", "match_id", *PROBABILITIES])
    index = pd.Series(frame.index, index=frame["match_id"])
    stored = stored[stored["match_id"].isin(index.index)]
    return {
        str(model): group.set_index(index.loc[group["match_id"]].to_numpy())[PROBABILITIES].sort_index()
        for model, group in stored.groupby("model")
    }


def stored_evidence(connection: psycopg.Connection, frame: pd.DataFrame, as_of: datetime) -> dict[str, pd.DataFrame]:
    """Out-of-season predictions by model that a run as of then judges by, indexed like ``frame``."""
    return stored_predictions(connection, frame, evidence_keys(connection, ALL_RECIPES, as_of))
