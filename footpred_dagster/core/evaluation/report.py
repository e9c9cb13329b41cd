"""``evaluate``: how any model would have done in any season, each fit strictly before the season it predicts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from footpred_dagster.core.evaluation.market_lines import MARKET_LINES
from footpred_dagster.core.evaluation.paired import Paired, compared
from footpred_dagster.core.evaluation.scores import Evaluation, as_row, evaluate, league_groups
from footpred_dagster.core.evaluation.tables import sliced
from footpred_dagster.core.evaluation.walk_forward import predictions_for
from footpred_dagster.core.models.base import whole
from footpred_dagster.core.models.recipes import ALL_RECIPES

ALIASES = {"elo": "elo_logit"}
"""Benchmark names that stay the same whatever the candidates are called."""

MODEL_NAMES = ("champion", *ALL_RECIPES, *ALIASES, *MARKET_LINES)


class NothingToEvaluate(ValueError):
    """The warehouse holds no played match of the seasons asked for, or none before them to learn from."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """``rows`` by league group; ``by_slice`` with kind and value over all leagues asked for; ``paired`` models."""

    rows: list[Evaluation]
    by_slice: list[tuple[str, str, Evaluation]]
    paired: list[Paired]


def evaluate_models(
    frame: pd.DataFrame, models: Sequence[str], seasons: Sequence[str], groups: Sequence[str], champion: str | None
) -> Evaluated:
    """Score ``models`` (any of MODEL_NAMES) on ``seasons``; ``groups`` holds league codes, ``all`` or ``top5``.

    ``champion`` is the recipe the champion was made by; its rows are left out while there is none.
    """
    # A season is scored as far as it is loaded; only the windows leave out what is not whole.
    frame = frame.assign(whole=whole(frame) | frame["season"].isin(seasons))
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
    titled = {name: predictions[recipe] for name, recipe in wanted.items()}
    known = league_groups(frame.loc[frame["season"].isin(present), "league"].unique())
    chosen = {group: known[group] for group in groups if group in known}
    leagues = {league for members in chosen.values() for league in members}
    within = frame[frame["league"].isin(leagues)]
    return Evaluated(
        evaluate(titled, frame, present, chosen),
        sliced(titled, frame, present, sorted(leagues)),
        compared(titled, within[within["season"].isin(present)], "asked for"),
    )


def as_slice(kind: str, value: str, evaluation: Evaluation) -> dict[str, Any]:
    """One evaluation of one kind of match as programs read it."""
    return {"slice": kind, "value": value, **as_row(evaluation)}


def as_pair(pair: Paired) -> dict[str, Any]:
    """Two models on the same matches as programs read them: ``difference`` is positive where ``model`` is better."""
    found = {name: value if math.isfinite(value) else None for name, value in asdict(pair.result).items()}
    return {"model": pair.model, "against": pair.against, **found}
