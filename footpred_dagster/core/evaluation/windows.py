"""Which seasons choose among models and which only judge them, from those that are complete at as_of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from footpred_dagster.core.domain import Season
from footpred_dagster.core.models.base import whole, whole_seasons
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES as PROBABILITIES

TRAINING_SEASONS = 2
"""Ratings start from nothing in the first: a model trained on it alone is overconfident in the second."""


FINAL_SEASONS = 2


CALIBRATION_SEASONS = 1


SELECTION_SEASONS = 3


@dataclass(frozen=True, slots=True)
class Windows:
    """Seasons by what they are for, disjoint and in this order: ``selection`` chooses among candidates,
    ``calibration`` tells whether their probabilities need another calibrator, ``final`` is only reported.

    ``note`` says what was given up when there were too few seasons, else it is None.
    """

    selection: tuple[str, ...]
    calibration: tuple[str, ...]
    final: tuple[str, ...]
    note: str | None = None

    @property
    def seasons(self) -> tuple[str, ...]:
        return self.selection + self.calibration + self.final

    @property
    def by_name(self) -> dict[str, tuple[str, ...]]:
        return {"selection": self.selection, "calibration": self.calibration, "final": self.final}


def windows(seasons: Iterable[str], as_of: datetime) -> Windows:
    """Split the complete seasons: the last two are final, the one before calibrates, the three before that select,
    the rest only train.

    Two seasons stay for training, one of two. With too few, calibration is given up first, then selection shrinks to
    one season, then final to one, then to none; with fewer than two complete seasons nothing can be judged.
    """
    complete = [season for season in sorted(set(seasons)) if Season.parse(season).end <= as_of]
    judgeable = max(len(complete) - TRAINING_SEASONS, min(len(complete) - 1, 1), 0)
    final = min(FINAL_SEASONS, max(judgeable - 1, 0))
    selection = min(SELECTION_SEASONS, judgeable - final)
    calibration = min(CALIBRATION_SEASONS, judgeable - final - selection)
    judged = complete[len(complete) - final - calibration - selection :]
    note = None
    if final + calibration + selection < FINAL_SEASONS + CALIBRATION_SEASONS + SELECTION_SEASONS:
        note = (
            f"only {len(complete)} complete seasons before {as_of:%Y-%m-%d}: "
            f"{selection} to select on (of {SELECTION_SEASONS}), {calibration} to calibrate on "
            f"(of {CALIBRATION_SEASONS}), {final} final (of {FINAL_SEASONS})"
        )
    until = selection + calibration
    return Windows(tuple(judged[:selection]), tuple(judged[selection:until]), tuple(judged[until:]), note)


def season_windows(frame: pd.DataFrame, as_of: datetime) -> Windows:
    """``windows`` of the seasons of which at least half of the matches are of league-seasons that are loaded whole."""
    return windows(whole_seasons(frame), as_of)


def of_seasons(frame: pd.DataFrame, seasons: Sequence[str]) -> pd.Series:
    """Which rows of ``frame`` models are judged by in ``seasons``: those of league-seasons that are loaded whole."""
    return frame["season"].isin(seasons) & whole(frame)
