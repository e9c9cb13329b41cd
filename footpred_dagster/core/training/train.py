"""What the model assets do, without Dagster: judge a recipe out of season, refit it, store both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
import pandas as pd
import psycopg

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.domain import MAIN_LEAGUES, Season
from footpred_dagster.core.evaluation.scores import Evaluation, evaluate, league_groups
from footpred_dagster.core.evaluation.stored_predictions import stored_predictions
from footpred_dagster.core.evaluation.walk_forward import pooled, readable, walk_forward
from footpred_dagster.core.evaluation.windows import of_seasons, season_windows
from footpred_dagster.core.matches.whole_seasons import whole_seasons
from footpred_dagster.core.models.base import Model
from footpred_dagster.core.models.recipes import ALL_RECIPES, RECIPES, recipe_version
from footpred_dagster.core.models.stack import Stack, pool_weights
from footpred_dagster.core.registry.last_decision import is_about_the_past
from footpred_dagster.core.registry.replays import candidate, evidence_key, evidence_keys, remember_candidate
from footpred_dagster.core.registry.versions import ModelVersion, load, register
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES

Profile = Literal["production", "smoke"]
SMOKE_MATCHES = 3000


def training_cut(connection: psycopg.Connection, as_of: datetime) -> str:
    """What ``as_of`` lets models see, as text: two instants with the same cut give the same models and scores."""
    rows = connection.execute(
        """
        select league, season, count(*), max(kickoff) from intermediate.int_matches
        where status = 'played' and kickoff < %s and league = any(%s) group by league, season
        """,
        [as_of, list(MAIN_LEAGUES)],
    ).fetchall()
    loaded = pd.DataFrame(rows, columns=["league", "season", "matches", "newest"])
    whole = whole_seasons(connection)
    loaded["whole"] = [pair in whole for pair in zip(loaded["league"], loaded["season"], strict=True)]
    judged = season_windows(loaded.loc[loaded.index.repeat(loaded["matches"])], as_of).seasons
    left_out = sorted(
        f"{season} {league}"
        for league, season, *_ in rows
        if (league, season) not in whole and Season.stored(season).end <= as_of
    )
    newest = max((row[3] for row in rows), default=None)
    return (
        f"{sum(row[2] for row in rows)} matches to {newest}, judged on {', '.join(judged) or 'nothing'}, "
        f"not whole: {', '.join(left_out) or 'none'}"
    )


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


def train(
    connection: psycopg.Connection,
    archive: Archive,
    name: str,
    frame: pd.DataFrame,
    as_of: datetime,
    profile: Profile = "production",
) -> Fit:
    """Store a recipe's out-of-season predictions, refit it on all of ``frame`` and register the fit.

    A stack is put together from its members as they were trained last: call it after them. ``smoke`` learns from the
    newest matches alone, to see that everything holds together; what it gives can never become champion. A run about
    the past stores predictions and fit apart from those in force.
    """
    recipe, version = ALL_RECIPES[name], recipe_version(name) if profile == "production" else profile
    replay = is_about_the_past(connection, as_of)
    frame = readable(recipe, frame)
    if profile == "smoke":
        frame = frame.tail(SMOKE_MATCHES)
    judged = season_windows(frame, as_of).seasons
    if recipe is Stack:
        predictions = _pooled(connection, frame, judged, as_of)
        model: Model = Stack({member: _member(connection, archive, member, as_of) for member in pool_weights()})
    else:
        seasons = [predicted for _, predicted in walk_forward(recipe, frame, judged)]
        predictions = pd.concat(seasons) if seasons else pd.DataFrame(columns=PROBABILITIES, dtype=float)
        model = recipe().fit(frame)
    if profile == "production":  # what it predicted in earnest stays what a recipe is judged by
        _store(connection, name, evidence_key(name, as_of, past=replay), frame, predictions, replay=replay)
    kept = "replay" if replay and profile == "production" else profile
    registered = register(
        connection, archive, model, frame, as_of=as_of, recipe=version, profile=kept, in_force=not replay
    )
    if replay:
        remember_candidate(connection, registered, as_of)
    return Fit(model, registered, predictions)


def _pooled(
    connection: psycopg.Connection, frame: pd.DataFrame, judged: Sequence[str], as_of: datetime
) -> pd.DataFrame:
    """What fits of a stack would predict out of season: its members have done so already, on the same matches."""
    stored = stored_predictions(connection, frame, evidence_keys(connection, pool_weights(), as_of))
    index = frame.index[of_seasons(frame, judged)]
    if index.empty:
        return pd.DataFrame(columns=PROBABILITIES, dtype=float)
    return pooled({name: stored[name].loc[index] for name in pool_weights()})


def _member(connection: psycopg.Connection, archive: Archive, name: str, as_of: datetime) -> Model:
    found = candidate(connection, name, as_of)
    if found is None:
        raise LookupError(f"the stack needs {name}, which was never trained: materialize models/{name} first")
    return RECIPES[name].from_files(load(archive, found).native)


def _store(
    connection: psycopg.Connection,
    name: str,
    recipe: str,
    frame: pd.DataFrame,
    predictions: pd.DataFrame,
    *,
    replay: bool,
) -> None:
    """Replace the recipe's predictions. Those of other recipes of that name stay while a champion stands on them; a
    replay leaves them all."""
    columns = ["match_id", "league", "season", "kickoff"]
    rows = frame.loc[predictions.index, columns].join(predictions)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            delete from models.walk_forward where model = %(name)s and (
                recipe = %(recipe)s or not %(replay)s and recipe not in (
                    select versions.recipe from models.decisions inner join models.versions using (name, version)
                    where name = %(name)s))
            """,
            {"name": name, "recipe": recipe, "replay": replay},
        )
        statement = f"copy models.walk_forward (model, recipe, {', '.join(columns + PROBABILITIES)}) from stdin"
        with cursor.copy(statement) as copy:
            for row in rows.itertuples(index=False, name=None):
                copy.write_row((name, recipe, *row))


def scores_by_season(fit: Fit, frame: pd.DataFrame, as_of: datetime) -> list[Evaluation]:
    """How a fit's recipe did out of season: all leagues a season at a time, and each league over the final window."""
    judged = season_windows(frame, as_of)
    groups = league_groups(frame["league"].unique())
    predictions = {fit.version.name: fit.predictions}
    rows = [row for season in judged.seasons for row in evaluate(predictions, frame, [season], {"all": groups["all"]})]
    return rows + (evaluate(predictions, frame, judged.final, groups) if judged.final else [])


def bundle_difference(archive: Archive, version: ModelVersion, frame: pd.DataFrame) -> float:
    """Greatest difference between a bundle and its native model on the matches of ``frame``."""
    recipe, bundle = ALL_RECIPES[version.name], load(archive, version)
    frame = readable(recipe, frame)
    native = recipe.from_files(bundle.native)
    return float(np.abs(bundle.predict_frame(frame) - native.predict_proba(frame)).max(initial=0.0))
