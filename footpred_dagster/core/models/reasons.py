"""Reasons: what a forecast owes to each thing an analyst would name, in log-odds of home against away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from footpred_dagster.core.features.contract import HOME_ADVANTAGE, group

if TYPE_CHECKING:
    import pandas as pd

    from footpred_dagster.core.models.base import Model

Reasons = dict[str, float]
"""Contribution by group; positive speaks for home, negative for away."""


def reasons(model: Model, frame: pd.DataFrame) -> list[Reasons]:
    """Of each match of ``frame``, by a fitted model: they add up to log(home win / away win) before its temperature.

    Home advantage is what the model says of an average match; a group that adds nothing is left out.
    """
    words = [*(group(feature.name) for feature in model.contract), HOME_ADVANTAGE]
    groups = list(dict.fromkeys(words))
    belongs = np.array([[word == each for each in groups] for word in words], dtype=float)
    return [
        {word: value for word, value in zip(groups, row, strict=True) if value}
        for row in (model.contributions(frame) @ belongs).tolist()
    ]


def leading(reasons: Mapping[str, float], k: int) -> list[tuple[str, float]]:
    """The ``k`` reasons of greatest weight for either side, heaviest first; ties by name."""
    return sorted(reasons.items(), key=lambda item: (-abs(item[1]), item[0]))[:k]
