"""A season predicted once more as it would have been: matchday by matchday, by a fit on the seasons before it.

The matches of a day, results masked, are its fixtures; their features are of matches dated before that day, and as_of
is its first instant. One fit predicts the season, as in the evaluator. Rows are sealed as replays and scored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import cast

import pandas as pd
import psycopg

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.evaluation.walk_forward import readable
from footpred_dagster.core.models.base import Model
from footpred_dagster.core.models.recipes import ALL_RECIPES, recipe_version
from footpred_dagster.core.predictions.batch import goals_model, predictions_of, with_reasons
from footpred_dagster.core.predictions.ledger import Role, seal
from footpred_dagster.core.registry.versions import ModelVersion, register
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES, Scores, score


class NothingToReplay(ValueError):
    """No played match of that season and those leagues is loaded, or none before them to learn from."""


@dataclass(frozen=True, slots=True)
class Matchday:
    """A league's matches of one day: rows of the frame they were found in."""

    day: date
    league: str
    matches: pd.DataFrame

    @property
    def as_of(self) -> datetime:
        """The first instant of the day, UTC."""
        return datetime.combine(self.day, time(), UTC)


@dataclass(frozen=True, slots=True)
class Replay:
    """A fitted season: who predicts it, as what, and its matchdays in order."""

    version: ModelVersion
    model: Model
    role: Role
    matchdays: list[Matchday]


def prepare(
    connection: psycopg.Connection,
    archive: Archive,
    frame: pd.DataFrame,
    recipe: str,
    season: str,
    leagues: Sequence[str],
    role: Role,
) -> Replay:
    """Fit ``recipe`` on every season of ``frame`` before ``season``, whatever the leagues, and register the fit.

    ``frame`` is that of ``dataset.played_before``. Fitting again gives the same version. Raises NothingToReplay.
    """
    played = frame[(frame["season"] == season) & frame["league"].isin(leagues)]
    if played.empty:
        raise NothingToReplay(f"no played match of {season} in {', '.join(leagues)} is loaded: footpred run loads them")
    history = readable(ALL_RECIPES[recipe], frame[frame["season"] < season])
    if history.empty:
        raise NothingToReplay(f"nothing before {season} to learn from: load earlier seasons with footpred run")
    days = matchdays(readable(ALL_RECIPES[recipe], played))
    model = ALL_RECIPES[recipe]().fit(history)
    version = register(
        connection,
        archive,
        model,
        history,
        as_of=min(day.as_of for day in days),
        recipe=recipe_version(recipe),
        profile="replay",
        in_force=False,
    )
    return Replay(version, model, role, days)


def matchdays(played: pd.DataFrame) -> list[Matchday]:
    """Every date on which a league plays, by date and league."""
    uk_dates = played["kickoff"].dt.tz_convert("Europe/London").dt.date
    found = []
    for key, matches in played.groupby([uk_dates, "league"], sort=True):
        day, league = cast("tuple[date, str]", key)
        found.append(Matchday(day, league, matches))
    return found


def sealed_matches(connection: psycopg.Connection, replay: Replay) -> frozenset[str]:
    """Which matches this version has sealed as replays before: where an interrupted replay goes on."""
    rows = connection.execute(
        """
        select match_id from predictions.ledger
        where kind = 'replay' and role = %s and model_name = %s and model_version = %s
        """,
        [replay.role, replay.version.name, replay.version.version],
    ).fetchall()
    return frozenset(row[0] for row in rows)


def play(connection: psycopg.Connection, replay: Replay, matchday: Matchday) -> int:
    """Predict and seal one matchday in the caller's transaction; returns how many rows were new.

    Raises psycopg.errors.CheckViolation for a match whose inputs do not all lie before the day.
    """
    fixtures = matchday.matches.drop(columns=["outcome", "home_goals", "away_goals"])
    predictions = predictions_of(
        fixtures,
        replay.model.predict_proba(fixtures),
        replay.version,
        replay.role,
        features=[feature.name for feature in replay.model.contract],
        as_of=matchday.as_of,
        kind="replay",
    )
    return seal(connection, with_reasons(predictions, fixtures, replay.model, goals_model(replay.model)))


def replay_scores(connection: psycopg.Connection, replay: Replay) -> Scores | None:
    """Scores of the replay's matches as the ledger has them; None while none is scored."""
    wanted = [match for day in replay.matchdays for match in day.matches["match_id"]]
    rows = connection.execute(
        """
        select p_home, p_draw, p_away, outcome from predictions.latest_scores
        where kind = 'replay' and role = %s and model_name = %s and model_version = %s and match_id = any(%s)
        """,
        [replay.role, replay.version.name, replay.version.version, wanted],
    ).fetchall()
    found = pd.DataFrame(rows, columns=[*PROBABILITIES, "outcome"])
    return score(found[PROBABILITIES].to_numpy(dtype=float), found["outcome"].to_numpy(dtype="int64")) if rows else None
