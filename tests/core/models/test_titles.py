"""Every recipe is named and described, in one place."""

from __future__ import annotations

from footpred_dagster.core.models import titles
from footpred_dagster.core.models.recipes import ALL_RECIPES


def test_every_recipe_has_a_title_and_a_description_and_nothing_else_has():
    assert titles.RECIPES.keys() == ALL_RECIPES.keys()
    assert titles.title_of("stack") == "Stack"
    assert titles.title_of("another") == "another"
