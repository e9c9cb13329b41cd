"""The candidates, by the name they are registered under. A stack comes after its members."""

from functools import cache

from footpred_dagster.core.code_versions import code_version, reached
from footpred_dagster.core.models import boosted_trees
from footpred_dagster.core.models.base import Model
from footpred_dagster.core.models.baselines import BaseRate, EloLogit
from footpred_dagster.core.models.boosted_trees import Boosting
from footpred_dagster.core.models.dixon_coles import DixonColes
from footpred_dagster.core.models.logit import MarketAwareLogit, StrengthLogit
from footpred_dagster.core.models.stack import Stack

RECIPES: dict[str, type[Model]] = {
    recipe.name: recipe for recipe in (BaseRate, EloLogit, StrengthLogit, DixonColes, Boosting, Stack)
}
"""Candidates for champion: none of them reads a price."""
MARKET_AWARE: dict[str, type[Model]] = {MarketAwareLogit.name: MarketAwareLogit}
"""Never a candidate: judged, registered and shown apart."""
ALL_RECIPES = RECIPES | MARKET_AWARE


@cache
def recipe_version(name: str) -> str:
    """Twelve hex digits that change when the code a recipe reaches or its committed hyperparameters do; what it may
    read has a fingerprint of its own."""
    module = ALL_RECIPES[name].__module__
    data = boosted_trees.HYPERPARAMETERS.read_bytes() if boosted_trees.__name__ in reached(module) else b""
    return code_version(module, data=name.encode() + data)
