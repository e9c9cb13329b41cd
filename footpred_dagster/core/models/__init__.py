"""The candidates, by the name they are registered under."""

from footpred_dagster.core.models.base import DegenerateData, Model
from footpred_dagster.core.models.baselines import BaseRate, EloLogit

RECIPES: dict[str, type[Model]] = {recipe.name: recipe for recipe in (BaseRate, EloLogit)}

__all__ = ["RECIPES", "DegenerateData", "Model"]
