"""Models compared in pairs on the matches that both predicted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
import psycopg

from footpred_dagster.core.evaluation.scores import matrix, outcomes
from footpred_dagster.core.statistics.bootstrap import Comparison, compare
from footpred_dagster.core.statistics.scoring_rules import log_losses

CLOSING = "market_closing"


@dataclass(frozen=True, slots=True)
class Paired:
    """Two models on the matches both predicted, over one window and league, or all leagues."""

    window: str
    model: str
    against: str
    result: Comparison
    league: str = "all"


def compared(predictions: Mapping[str, pd.DataFrame], matches: pd.DataFrame, window: str) -> list[Paired]:
    """Every two models on the matches of a window that both predicted; models that gave a zero are left out."""
    losses = _finite_losses(predictions, matches)
    pairs = [_pair(losses, one, other, matches, window, "all") for one, other in combinations(losses, 2)]
    return [pair for pair in pairs if pair]


def beside_closing(predictions: Mapping[str, pd.DataFrame], matches: pd.DataFrame, window: str) -> list[Paired]:
    """Every model against the closing line, league by league, as ``compared`` does for all leagues together."""
    pairs = []
    for league, own in matches.groupby("league"):
        losses = _finite_losses(predictions, own)
        if CLOSING in losses:
            pairs += [_pair(losses, name, CLOSING, own, window, str(league)) for name in losses if name != CLOSING]
    return [pair for pair in pairs if pair]


def _finite_losses(
    predictions: Mapping[str, pd.DataFrame], matches: pd.DataFrame
) -> dict[str, tuple[pd.Index, npt.NDArray[np.float64]]]:
    losses: dict[str, tuple[pd.Index, npt.NDArray[np.float64]]] = {}
    for name, predicted in predictions.items():
        index = matches.index.intersection(predicted.index)
        if index.empty:
            continue
        found = log_losses(matrix(predicted.loc[index]), outcomes(matches.loc[index]))
        if np.isfinite(found).all():
            losses[name] = index, found
    return losses


def _pair(
    losses: Mapping[str, tuple[pd.Index, npt.NDArray[np.float64]]],
    one: str,
    other: str,
    matches: pd.DataFrame,
    window: str,
    league: str,
) -> Paired | None:
    both = losses[one][0].intersection(losses[other][0])
    if both.empty:
        return None
    mine, theirs = (values[index.get_indexer(both)] for index, values in (losses[one], losses[other]))
    return Paired(window, one, other, compare(mine, theirs, matches.loc[both, "kickoff"]), league)


def stored_comparisons(
    connection: psycopg.Connection, window: str
) -> list[tuple[str, str, float, float | None, float | None]]:
    """``(model, against, difference, low, high)`` over a window and all leagues, as the newest evaluation stored them.

    Bounds are None where there are too few weeks for an interval.
    """
    return connection.execute(
        """
        select model, against, difference, low, high from models.comparisons where "window" = %s and league = 'all'
        """,
        [window],
    ).fetchall()


def paired_with(
    stored: Sequence[tuple[str, str, float, float | None, float | None]], champion: str
) -> list[tuple[str, float, float | None, float | None]]:
    """Everybody's difference to ``champion`` with its interval, positive where they are better."""
    better = [(model, gain, low, high) for model, against, gain, low, high in stored if against == champion]
    worse = [(against, gain, low, high) for model, against, gain, low, high in stored if model == champion]
    return better + [(name, -gain, _negative(high), _negative(low)) for name, gain, low, high in worse]


def _negative(bound: float | None) -> float | None:
    return None if bound is None else -bound
