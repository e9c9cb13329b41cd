"""How models are called and described to people, by recipe, and the market lines and benchmarks beside them.

Apart from the recipes: a better sentence refits nothing, and who shows it loads no library.
"""

from __future__ import annotations

from typing import NamedTuple


class Described(NamedTuple):
    """library: what fits it, as Dagster names kinds."""

    title: str
    description: str
    library: str = "scikitlearn"


RECIPES = {
    "base_rate": Described(
        "Base rate", "Class frequencies of each league over five seasons: the benchmark to beat.", "python"
    ),
    "elo_logit": Described("Elo logit", "Multinomial logit on the Elo difference."),
    "strength_logit": Described(
        "Strength logit",
        "Multinomial logit on expected goals from attack and defence, and on the Elo difference.",
    ),
    "dixon_coles": Described(
        "Dixon-Coles",
        "Two Poisson scores with corrected draws, rates from attack and defence: scorelines come from it.",
    ),
    "xgboost": Described("XGBoost", "Gradient-boosted trees on every feature, calibrated out of fold.", "xgboost"),
    "stack": Described("Stack", "Weighted sum of the log-odds of the logit, the trees and the goals model.", "python"),
    "market_aware": Described(
        "Market-aware", "The logit with the opening market line among its inputs. Never a candidate for champion."
    ),
}
TITLES = {name: recipe.title for name, recipe in RECIPES.items()} | {
    "champion": "Champion",
    "elo": "Elo logit",
    "market_opening": "Opening line",
    "market_closing": "Closing line",
}


def title_of(model: str) -> str:
    """The title of a recipe, a benchmark or a market line; of any other name the name itself."""
    return TITLES.get(model, model)
