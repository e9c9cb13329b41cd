"""``evaluate``: how any model would have done in any season, each fit strictly before the season it predicts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import pandas as pd

from footpred_dagster.core.backtest import MARKET_LINES, Evaluation, evaluate, league_groups, predictions_for
from footpred_dagster.core.models.recipes import RECIPES

ALIASES = {"elo": "elo_logit"}
"""Benchmark names that stay the same whatever the candidates are called."""

MODEL_NAMES = ("champion", *RECIPES, *ALIASES, *MARKET_LINES)


class NothingToEvaluate(ValueError):
    """The warehouse holds no played match of the seasons asked for, or none before them to learn from."""


def evaluate_models(
    frame: pd.DataFrame, models: Sequence[str], seasons: Sequence[str], groups: Sequence[str], champion: str | None
) -> list[Evaluation]:
    """Score ``models`` (any of MODEL_NAMES) on ``seasons``; ``groups`` holds league codes, ``all`` or ``top5``.

    ``champion`` is the recipe the champion was made by; its rows are left out while there is none.
    """
    present = [season for season in seasons if (frame["season"] == season).any()]
    if not present:
        raise NothingToEvaluate(
            f"no played matches of {', '.join(seasons)} in the warehouse: load them with footpred run"
        )
    if not (frame["season"] < present[0]).any():
        raise NothingToEvaluate(f"nothing before {present[0]} to learn from: load earlier seasons with footpred run")
    recipes = {name: ALIASES.get(name, champion if name == "champion" else name) for name in models}
    wanted = {name: recipe for name, recipe in recipes.items() if recipe is not None}
    predictions = predictions_for(sorted(set(wanted.values())), frame, present)
    known = league_groups(frame.loc[frame["season"].isin(present), "league"].unique())
    return evaluate(
        {name: predictions[recipe] for name, recipe in wanted.items()},
        frame,
        present,
        {group: known[group] for group in groups if group in known},
    )


def as_row(evaluation: Evaluation) -> dict[str, Any]:
    """One evaluation as programs read it; what is infinite (JSON has no word for it) is None."""
    scores = {name: value if math.isfinite(value) else None for name, value in asdict(evaluation.scores).items()}
    return {"model": evaluation.model, "league": evaluation.league, "seasons": evaluation.seasons, **scores}
