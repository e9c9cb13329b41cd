"""The tables by which candidates are judged: scores by window, league and kind of match, and who beats whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
import psycopg

from footpred_dagster.core.domain import MAIN_LEAGUES
from footpred_dagster.core.evaluation.slices import slices
from footpred_dagster.core.evaluation.walk_forward import (
    MARKET_LINES,
    PROBABILITIES,
    Evaluation,
    Windows,
    evaluate,
    league_groups,
    market_line,
    of_seasons,
    season_windows,
)
from footpred_dagster.core.models.recipes import ALL_RECIPES, RECIPES
from footpred_dagster.core.models.temperature import fit_temperature
from footpred_dagster.core.registry.last_decision import is_about_the_past
from footpred_dagster.core.registry.replays import evidence_keys
from footpred_dagster.core.statistics.bootstrap import Comparison, compare, finite
from footpred_dagster.core.statistics.reliability import Bin, reliability
from footpred_dagster.core.statistics.scoring_rules import log_losses
from footpred_dagster.core.training.train import stored_predictions

CLOSING = "market_closing"
SCORES = ("n", "log_loss", "rps", "brier", "ece", "accuracy", "se")


@dataclass(frozen=True, slots=True)
class Paired:
    """Two models on the matches both predicted, over one window and league, or all leagues."""

    window: str
    model: str
    against: str
    result: Comparison
    league: str = "all"


@dataclass(frozen=True, slots=True)
class ScoreTables:
    """Everything ``score_candidates`` found; evaluations come with the window they are of, bins of reliability with
    model and window."""

    judged: Windows
    by_league: list[tuple[str, Evaluation]]
    by_slice: list[tuple[str, str, str, Evaluation]]
    paired: list[Paired]
    bins: list[tuple[str, str, Bin]]


def score_candidates(connection: psycopg.Connection, frame: pd.DataFrame, as_of: datetime) -> ScoreTables:
    """Score candidates and market lines on every window, and store the tables. One look at the final window.

    A run about the past leaves the stored tables as they are.
    """
    judged = season_windows(frame, as_of)
    predictions = stored_evidence(connection, frame, as_of) | {line: market_line(frame, line) for line in MARKET_LINES}
    by_league, by_slice, paired, bins = [], [], [], []
    groups = league_groups(frame["league"].unique())
    for window, seasons in judged.by_name.items():
        if not seasons:
            continue
        by_league += [(window, row) for row in evaluate(predictions, frame, seasons, groups)]
        by_slice += [(window, *row) for row in sliced(predictions, frame, seasons)]
        matches = frame[of_seasons(frame, seasons)]
        paired += compared(predictions, matches, window) + beside_closing(predictions, matches, window)
        bins += [(name, window, each) for name, predicted in predictions.items() for each in _bins(predicted, matches)]
    found = ScoreTables(judged, by_league, by_slice, paired, bins)
    if not is_about_the_past(connection, as_of):
        _store(connection, found)
    if judged.final:
        record_look(connection, as_of, judged.final, list(predictions), "models/evaluation")
    return found


def sliced(
    predictions: Mapping[str, pd.DataFrame],
    frame: pd.DataFrame,
    seasons: Sequence[str],
    leagues: Sequence[str] = tuple(MAIN_LEAGUES),
) -> list[tuple[str, str, Evaluation]]:
    """Scores over ``seasons`` and ``leagues`` by kind of match, as ``slices`` names kinds and values.

    ``frame`` holds all leagues and what lies before, too: who has moved is known from it.
    """
    kinds, rows = slices(frame), []
    groups = {"all": [league for league in leagues if (frame["league"] == league).any()]}
    for kind in kinds:
        for value, matches in frame.groupby(kinds[kind]):
            rows += [(str(kind), str(value), row) for row in evaluate(predictions, matches, seasons, groups)]
    return rows


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
        found = log_losses(predicted.loc[index, PROBABILITIES].to_numpy(dtype=float), _outcomes(matches.loc[index]))
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


def _bins(predicted: pd.DataFrame, matches: pd.DataFrame) -> list[Bin]:
    index = matches.index.intersection(predicted.index)
    if index.empty:
        return []
    return reliability(predicted.loc[index, PROBABILITIES].to_numpy(dtype=float), _outcomes(matches.loc[index]))


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


def record_look(
    connection: psycopg.Connection, as_of: datetime, seasons: Sequence[str], models: Sequence[str], by: str
) -> None:
    """Count a look at the final window: the more often it is looked at, the less its scores prove."""
    connection.execute(
        "insert into models.looks (as_of, seasons, models, by) values (%s, %s, %s, %s)",
        [as_of, ",".join(seasons), ",".join(models), by],
    )


def looks(connection: psycopg.Connection, seasons: Sequence[str]) -> int:
    """How often any of ``seasons`` was looked at as final."""
    row = connection.execute(
        "select count(*) from models.looks where string_to_array(seasons, ',') && %s", [list(seasons)]
    ).fetchone()
    return row[0] if row else 0


def further_temperatures(connection: psycopg.Connection, frame: pd.DataFrame, as_of: datetime) -> dict[str, float]:
    """The temperature that would fit each candidate's predictions of the calibration window best; 1 is calibrated."""
    judged = season_windows(frame, as_of)
    matches = frame[of_seasons(frame, judged.calibration)]
    if matches.empty:
        return {}
    return {
        name: fit_temperature(predicted.loc[matches.index].to_numpy(), _outcomes(matches))
        for name, predicted in stored_evidence(connection, frame, as_of).items()
        if name in RECIPES
    }


def stored_evidence(connection: psycopg.Connection, frame: pd.DataFrame, as_of: datetime) -> dict[str, pd.DataFrame]:
    """Out-of-season predictions by model that a run as of then judges by, indexed like ``frame``."""
    return stored_predictions(connection, frame, evidence_keys(connection, ALL_RECIPES, as_of))


def _store(connection: psycopg.Connection, found: ScoreTables) -> None:
    columns = ", ".join(SCORES)
    with connection.cursor() as cursor:
        for table in ("evaluation", "slices", "comparisons", "reliability"):
            cursor.execute(f"delete from models.{table}")  # noqa: S608
        scores = f'copy models.evaluation (model, "window", league, seasons, {columns}, weeks, low, high) from stdin'
        with cursor.copy(scores) as copy:
            for window, row in found.by_league:
                interval = row.loss.weeks, finite(row.loss.low), finite(row.loss.high)
                copy.write_row((row.model, window, row.league, row.seasons, *astuple(row.scores), *interval))
        with cursor.copy(f'copy models.slices (model, "window", slice, value, {columns}) from stdin') as copy:
            for window, kind, value, row in found.by_slice:
                copy.write_row((row.model, window, kind, value, *astuple(row.scores)))
        pairs = """
            copy models.comparisons (model, against, "window", league, n, weeks, difference, se, low, high) from stdin
        """
        with cursor.copy(pairs) as copy:
            for pair in found.paired:
                n, weeks, difference, *bounds, _ = astuple(pair.result)
                key = (pair.model, pair.against, pair.window, pair.league)
                copy.write_row((*key, n, weeks, difference, *map(finite, bounds)))
        bins = 'copy models.reliability (model, "window", bin, n, predicted, observed, low, high) from stdin'
        with cursor.copy(bins) as copy:
            for model, window, each in found.bins:
                copy.write_row((model, window, each.place, each.n, each.claimed, each.observed, each.low, each.high))


def _outcomes(matches: pd.DataFrame) -> npt.NDArray[np.int64]:
    return matches["outcome"].to_numpy(dtype=np.int64)
