"""The candidates, by the name they are registered under. A stack comes after its members."""

import hashlib
import inspect
from functools import cache

from footpred_dagster.core import scorelines
from footpred_dagster.core.models import (
    base,
    baselines,
    boosting,
    calibration,
    goals,
    graphs,
    linear,
    logit,
    scaling,
    stack,
)
from footpred_dagster.core.models.base import Model
from footpred_dagster.core.models.baselines import BaseRate, EloLogit
from footpred_dagster.core.models.boosting import Boosting
from footpred_dagster.core.models.goals import DixonColes
from footpred_dagster.core.models.logit import MarketAwareLogit, StrengthLogit
from footpred_dagster.core.models.stack import Stack

RECIPES: dict[str, type[Model]] = {
    recipe.name: recipe for recipe in (BaseRate, EloLogit, StrengthLogit, DixonColes, Boosting, Stack)
}
"""Candidates for champion: none of them reads a price."""
MARKET_AWARE: dict[str, type[Model]] = {MarketAwareLogit.name: MarketAwareLogit}
"""Never a candidate: judged, registered and shown apart."""
ALL_RECIPES = RECIPES | MARKET_AWARE

SHARED = (base, calibration, graphs, scaling)
MODULES = {
    "base_rate": (baselines,),
    "elo_logit": (baselines,),
    "strength_logit": (baselines, linear, logit),
    "dixon_coles": (baselines, linear, logit, goals, scorelines),
    "xgboost": (boosting,),
    "stack": (baselines, linear, logit, goals, scorelines, boosting, stack),
    "market_aware": (baselines, linear, logit),
}


@cache
def recipe_version(name: str) -> str:
    """Twelve hex digits that change when the code or the committed hyperparameters of a recipe do; what it may read
    has a fingerprint of its own."""
    text = "".join(inspect.getsource(module) for module in (*SHARED, *MODULES[name]))
    data = boosting.HYPERPARAMETERS.read_bytes() if boosting in MODULES[name] else b""
    return hashlib.sha256(name.encode() + text.encode() + data).hexdigest()[:12]
