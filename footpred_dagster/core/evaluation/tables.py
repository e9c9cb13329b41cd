"""The tables by which candidates are judged: scores by window, league and kind of match, and who beats whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

import pandas as pd
import psycopg

from footpred_dagster.core.domain import MAIN_LEAGUES
from footpred_dagster.core.evaluation.holdout_log import record_look
from footpred_dagster.core.evaluation.market_lines import MARKET_LINES, market_line
from footpred_dagster.core.evaluation.paired import Paired, beside_closing, compared
from footpred_dagster.core.evaluation.scores import Evaluation, evaluate, league_groups, matrix, outcomes
from footpred_dagster.core.evaluation.slices import slices
from footpred_dagster.core.evaluation.stored_predictions import stored_evidence
from footpred_dagster.core.evaluation.windows import Windows, of_seasons, season_windows
from footpred_dagster.core.models.recipes import RECIPES
from footpred_dagster.core.models.temperature import fit_temperature
from footpred_dagster.core.registry.last_decision import is_about_the_past
from footpred_dagster.core.statistics.bootstrap import finite
from footpred_dagster.core.statistics.reliability import Bin, reliability

SCORES = ("n", "log_loss", "rps", "brier", "ece", "accuracy", "se")


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


def _bins(predicted: pd.DataFrame, matches: pd.DataFrame) -> list[Bin]:
    index = matches.index.intersection(predicted.index)
    if index.empty:
        return []
    return reliability(matrix(predicted.loc[index]), outcomes(matches.loc[index]))


def further_temperatures(connection: psycopg.Connection, frame: pd.DataFrame, as_of: datetime) -> dict[str, float]:
    """The temperature that would fit each candidate's predictions of the calibration window best; 1 is calibrated."""
    judged = season_windows(frame, as_of)
    matches = frame[of_seasons(frame, judged.calibration)]
    if matches.empty:
        return {}
    return {
        name: fit_temperature(predicted.loc[matches.index].to_numpy(), outcomes(matches))
        for name, predicted in stored_evidence(connection, frame, as_of).items()
        if name in RECIPES
    }


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
