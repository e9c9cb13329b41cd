"""The walk-forward evaluator: one piece of code serves training, gates, reports and tests.

Every season is predicted by a fit on the seasons strictly before it; which seasons is decided by ``windows``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from footpred_dagster.core.evaluation.market_lines import MARKET_LINES, market_line
from footpred_dagster.core.evaluation.scores import matrix
from footpred_dagster.core.evaluation.windows import of_seasons
from footpred_dagster.core.features.contract import OPENING
from footpred_dagster.core.models.base import Model
from footpred_dagster.core.models.recipes import ALL_RECIPES
from footpred_dagster.core.models.stack import Stack, pool, pool_weights
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES


def walk_forward(
    recipe: type[Model], frame: pd.DataFrame, seasons: Sequence[str]
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield ``(season, predictions)``: a fresh fit on all seasons before it, predicting each of its matches.

    Predictions keep the frame's index and hold ``p_home``, ``p_draw``, ``p_away``.
    """
    for season in seasons:
        model = recipe().fit(readable(recipe, frame[frame["season"] < season]))
        played = readable(recipe, frame[of_seasons(frame, [season])])
        yield season, pd.DataFrame(model.predict_proba(played), index=played.index, columns=PROBABILITIES)


def readable(recipe: type[Model], frame: pd.DataFrame) -> pd.DataFrame:
    """The matches that have every input the recipe's contract requires; all of them for a model without odds."""
    required = [feature.name for feature in recipe.contract if not feature.nullable and feature.as_of == OPENING]
    return frame.dropna(subset=required) if required else frame


def predictions_for(models: Sequence[str], frame: pd.DataFrame, seasons: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Out-of-season predictions of recipes, and market lines, for ``seasons``. A stack's members are fitted once."""
    wanted = list(dict.fromkeys([*models, *(pool_weights() if Stack.name in models else ())]))
    result = {}
    for model in wanted:
        if model in MARKET_LINES:
            result[model] = market_line(frame[of_seasons(frame, seasons)], model)
        elif model != Stack.name:
            result[model] = pd.concat([p for _, p in walk_forward(ALL_RECIPES[model], frame, seasons)])
    if Stack.name in models:
        result[Stack.name] = pooled({name: result[name] for name in pool_weights()})
    return {model: result[model] for model in models}


def pooled(members: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """What a stack predicts where its members, by name, predicted the same matches."""
    first = next(iter(members.values()))
    together = pool({name: matrix(predicted.loc[first.index]) for name, predicted in members.items()})
    return pd.DataFrame(together, index=first.index, columns=PROBABILITIES)
