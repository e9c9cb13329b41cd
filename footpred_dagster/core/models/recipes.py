"""The candidates, by the name they are registered under."""

from footpred_dagster.core.models.base import Model
from footpred_dagster.core.models.baselines import BaseRate, EloLogit
from footpred_dagster.core.models.boosting import Boosting
from footpred_dagster.core.models.logit import StrengthLogit

RECIPES: dict[str, type[Model]] = {recipe.name: recipe for recipe in (BaseRate, EloLogit, StrengthLogit, Boosting)}
