"""The walk-forward evaluator: one piece of code serves training, gates, reports and tests.

Every season is predicted by a fit on the seasons strictly before it. Which seasons choose a model and which only judge
it is decided here, from the seasons that are complete at as_of.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from footpred_dagster.core.domain import MAIN_LEAGUES, TOP_FIVE, Season
from footpred_dagster.core.domain.odds import power_devig
from footpred_dagster.core.features.contract import OPENING
from footpred_dagster.core.models.base import Model, whole, whole_seasons
from footpred_dagster.core.models.recipes import ALL_RECIPES
from footpred_dagster.core.models.stack import Stack, pool, pool_weights
from footpred_dagster.core.statistics.bootstrap import WeeklyMean, weekly_mean
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES as PROBABILITIES
from footpred_dagster.core.statistics.scoring_rules import Scores, log_losses, score

MARKET_LINES = ("market_opening", "market_closing")

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


def market_line(frame: pd.DataFrame, line: str) -> pd.DataFrame:
    """De-vigged probabilities of ``market_opening`` or ``market_closing``; rows without a price are left out."""
    prefix = line.removeprefix("market_")
    odds = frame[[f"{prefix}_odds_{side}" for side in ("home", "draw", "away")]].to_numpy(dtype=float)
    probabilities = pd.DataFrame(power_devig(odds), index=frame.index, columns=PROBABILITIES)
    return probabilities.dropna()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores of one model over one group of leagues and seasons (site codes, comma-separated), and its mean log-loss by
    match week."""

    model: str
    league: str
    seasons: str
    scores: Scores
    loss: WeeklyMean


def as_row(evaluation: Evaluation) -> dict[str, Any]:
    """One evaluation as programs read it; what is infinite (JSON has no word for it) is None."""
    scores = {name: value if math.isfinite(value) else None for name, value in asdict(evaluation.scores).items()}
    return {"model": evaluation.model, "league": evaluation.league, "seasons": evaluation.seasons, **scores}


def league_groups(leagues: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The groups scores are given for: every main division together, the top five, and each league alone."""
    present = [league for league in MAIN_LEAGUES if league in set(leagues)]
    groups: dict[str, tuple[str, ...]] = {"all": tuple(present)}
    if set(TOP_FIVE) <= set(present):
        groups["top5"] = TOP_FIVE
    return groups | {league: (league,) for league in present}


def evaluate(
    predictions: Mapping[str, pd.DataFrame],
    frame: pd.DataFrame,
    seasons: Sequence[str],
    groups: Mapping[str, Sequence[str]],
) -> list[Evaluation]:
    """Score each model's predictions on every played match of ``seasons`` it covers, group by group.

    ``frame`` holds season, league, kickoff and outcome. No match is dropped for a cold start; a market line covers the
    matches that have a price, and its ``n`` says so.
    """
    rows = []
    codes = ",".join(Season.parse(season).site_code for season in seasons)
    in_seasons = of_seasons(frame, seasons)
    for group, leagues in groups.items():
        matches = frame.index[in_seasons & frame["league"].isin(leagues)]
        for model, predicted in predictions.items():
            covered = matches.intersection(predicted.index)
            if covered.empty:
                continue
            forecast, outcomes = _matrix(predicted.loc[covered]), frame.loc[covered, "outcome"].to_numpy(dtype=np.int64)
            loss = mean_loss(forecast, outcomes, frame.loc[covered, "kickoff"])
            rows.append(Evaluation(model, group, codes, score(forecast, outcomes), loss))
    return rows


def mean_loss(
    probabilities: npt.NDArray[np.float64], outcomes: npt.NDArray[np.int64], kickoffs: pd.Series
) -> WeeklyMean:
    """Mean log-loss of forecasts (n, 3) with its interval by match week; none if an outcome had no chance."""
    losses = log_losses(probabilities, outcomes)
    return weekly_mean(losses, kickoffs) if np.isfinite(losses).all() else WeeklyMean(len(losses), 0, np.inf)


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
    together = pool({name: _matrix(predicted.loc[first.index]) for name, predicted in members.items()})
    return pd.DataFrame(together, index=first.index, columns=PROBABILITIES)


def _matrix(predicted: pd.DataFrame) -> npt.NDArray[np.float64]:
    return predicted[PROBABILITIES].to_numpy(dtype=float)
