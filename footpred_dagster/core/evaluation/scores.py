"""Scores of predictions by group of leagues and by season."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from footpred_dagster.core.domain import MAIN_LEAGUES, TOP_FIVE, Season
from footpred_dagster.core.evaluation.windows import of_seasons
from footpred_dagster.core.statistics.bootstrap import WeeklyMean, weekly_mean
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES, Scores, log_losses, score


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
            forecast, came = matrix(predicted.loc[covered]), outcomes(frame.loc[covered])
            loss = mean_loss(forecast, came, frame.loc[covered, "kickoff"])
            rows.append(Evaluation(model, group, codes, score(forecast, came), loss))
    return rows


def mean_loss(
    probabilities: npt.NDArray[np.float64], outcomes: npt.NDArray[np.int64], kickoffs: pd.Series
) -> WeeklyMean:
    """Mean log-loss of forecasts (n, 3) with its interval by match week; none if an outcome had no chance."""
    losses = log_losses(probabilities, outcomes)
    return weekly_mean(losses, kickoffs) if np.isfinite(losses).all() else WeeklyMean(len(losses), 0, np.inf)


def matrix(predicted: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Predictions as an array (n, 3) of home, draw and away."""
    return predicted[PROBABILITIES].to_numpy(dtype=float)


def outcomes(matches: pd.DataFrame) -> npt.NDArray[np.int64]:
    """What came of matches, (n,): 0 home, 1 draw, 2 away."""
    return matches["outcome"].to_numpy(dtype=np.int64)
