"""What the model assets do, without Dagster: judge a recipe out of season, refit it, store both, score them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

import numpy as np
import pandas as pd
import psycopg

from footpred_dagster.core.backtest import (
    MARKET_LINES,
    PROBABILITIES,
    Evaluation,
    Windows,
    evaluate,
    league_groups,
    market_line,
    walk_forward,
    windows,
)
from footpred_dagster.core.domain import MAIN_LEAGUES
from footpred_dagster.core.models.base import Model
from footpred_dagster.core.models.recipes import RECIPES
from footpred_dagster.core.promotion import decide
from footpred_dagster.core.registry import Decision, ModelVersion, load, register
from footpred_dagster.core.storage import Archive


def training_cut(connection: psycopg.Connection, as_of: datetime) -> str:
    """What ``as_of`` lets models see, as text: two instants with the same cut give the same models and scores."""
    rows = connection.execute(
        """
        select season, count(*), max(kickoff) from intermediate.int_matches
        where status = 'played' and kickoff < %s and league = any(%s) group by season order by season
        """,
        [as_of, list(MAIN_LEAGUES)],
    ).fetchall()
    judged = windows([row[0] for row in rows], as_of).seasons
    newest = max((row[2] for row in rows), default=None)
    return f"{sum(row[1] for row in rows)} matches to {newest}, judged on {', '.join(judged) or 'nothing'}"


def can_learn(connection: psycopg.Connection, as_of: datetime) -> bool:
    """Whether any main division's match dated before ``as_of`` is loaded; extra leagues teach models nothing."""
    found = connection.execute(
        """
        select exists (select from raw.matches
            where home_goals is not null and match_date < %s and league = any(%s))
        """,
        [as_of.date(), list(MAIN_LEAGUES)],
    ).fetchone()
    return found == (True,)


@dataclass(frozen=True, slots=True)
class Fit:
    """A recipe refitted on everything before as_of, and what it predicted out of season, indexed like the frame."""

    model: Model
    version: ModelVersion
    predictions: pd.DataFrame


def train(connection: psycopg.Connection, archive: Archive, name: str, frame: pd.DataFrame, as_of: datetime) -> Fit:
    """Store a recipe's out-of-season predictions, refit it on all of ``frame`` and register the fit."""
    judged = windows(frame["season"], as_of).seasons
    out_of_season = [predictions for _, predictions in walk_forward(RECIPES[name], frame, judged)]
    columns = ["match_id", "league", "season", "kickoff"]
    with connection.cursor() as cursor:
        cursor.execute("delete from models.walk_forward where model = %s", [name])
        statement = f"copy models.walk_forward (model, {', '.join(columns + PROBABILITIES)}) from stdin"
        with cursor.copy(statement) as copy:
            for predictions in out_of_season:
                for row in frame.loc[predictions.index, columns].join(predictions).itertuples(index=False, name=None):
                    copy.write_row((name, *row))
    model = RECIPES[name]().fit(frame)
    version = register(connection, archive, model, frame, as_of=as_of)
    predictions = pd.concat(out_of_season) if out_of_season else pd.DataFrame(columns=PROBABILITIES, dtype=float)
    return Fit(model, version, predictions)


def scores_by_season(fit: Fit, frame: pd.DataFrame, as_of: datetime) -> list[Evaluation]:
    """How a fit's recipe did out of season: all leagues a season at a time, and each league over the final window."""
    judged = windows(frame["season"], as_of)
    groups = league_groups(frame["league"].unique())
    predictions = {fit.version.name: fit.predictions}
    rows = [row for season in judged.seasons for row in evaluate(predictions, frame, [season], {"all": groups["all"]})]
    return rows + (evaluate(predictions, frame, judged.final, groups) if judged.final else [])


def bundle_difference(archive: Archive, version: ModelVersion, frame: pd.DataFrame) -> float:
    """Greatest difference between a bundle and its native model on the matches of ``frame``."""
    bundle = load(archive, version)
    native = RECIPES[version.name].from_files(bundle.native)
    return float(np.abs(bundle.predict_frame(frame) - native.predict_proba(frame)).max(initial=0.0))


def stored_predictions(connection: psycopg.Connection, frame: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Each candidate's stored out-of-season predictions, indexed like ``frame``."""
    rows = connection.execute(
        f"select model, match_id, {', '.join(PROBABILITIES)} from models.walk_forward"  # noqa: S608
    ).fetchall()
    stored = pd.DataFrame.from_records(rows, columns=["model", "match_id", *PROBABILITIES])
    index = pd.Series(frame.index, index=frame["match_id"])
    stored = stored[stored["match_id"].isin(index.index)]
    return {
        str(model): group.set_index(index.loc[group["match_id"]].to_numpy())[PROBABILITIES].sort_index()
        for model, group in stored.groupby("model")
    }


def score_candidates(
    connection: psycopg.Connection, frame: pd.DataFrame, as_of: datetime
) -> list[tuple[str, Evaluation]]:
    """Score candidates and market lines on both windows, store the table, return ``(window, evaluation)`` rows."""
    judged = windows(frame["season"], as_of)
    predictions = stored_predictions(connection, frame) | {line: market_line(frame, line) for line in MARKET_LINES}
    rows = [
        (window, evaluation)
        for window, seasons in (("selection", judged.selection), ("final", judged.final))
        for evaluation in evaluate(predictions, frame, seasons, league_groups(frame["league"].unique()))
    ]
    with connection.cursor() as cursor:
        cursor.execute("delete from models.evaluation")
        cursor.executemany(
            """
            insert into models.evaluation
                (model, "window", league, seasons, n, log_loss, rps, brier, ece, accuracy, se)
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [(e.model, window, e.league, e.seasons, *astuple(e.scores)) for window, e in rows],
        )
    return rows


def choose(
    connection: psycopg.Connection, frame: pd.DataFrame, as_of: datetime, candidates: Sequence[str] = tuple(RECIPES)
) -> tuple[Decision, Windows]:
    """Apply the promotion policy to the stored predictions of the selection window."""
    judged = windows(frame["season"], as_of)
    selection = frame[frame["season"].isin(judged.selection)]
    predictions = stored_predictions(connection, frame)
    return decide(candidates, predictions, selection["outcome"], market_line(selection, "market_closing")), judged
