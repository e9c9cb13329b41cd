"""The leagues of the warehouse projected: table so far, matches to come, and what the champion makes of them."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import psycopg

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.domain import MAIN_LEAGUES
from footpred_dagster.core.features.contract import FEATURE_NAMES
from footpred_dagster.core.features.online_store import OnlineStore, load_store
from footpred_dagster.core.models.bundle import Bundle
from footpred_dagster.core.models.dixon_coles import DixonColes
from footpred_dagster.core.models.recipes import ALL_RECIPES
from footpred_dagster.core.predictions.batch import goals_beside
from footpred_dagster.core.projection.schedule import remaining
from footpred_dagster.core.projection.season import CannotBeProjected, LeagueSeason, league_season
from footpred_dagster.core.projection.simulation import Played, Projection, Remaining, project
from footpred_dagster.core.registry.promotions import champion
from footpred_dagster.core.registry.versions import ModelVersion, load

log = logging.getLogger(__name__)
A_WEEK = timedelta(days=7)
"""After a club's latest match: when each match to come is taken to be played, so that its rest is a usual one."""


@dataclass(frozen=True, slots=True)
class Projected:
    """A league that was projected: ``favourite`` and its chance of coming first, ``to_play`` matches, and how long."""

    league: str
    season: str
    favourite: str
    chance: float
    to_play: int
    seconds: float
    projection: Projection

    @property
    def content(self) -> str:
        """A hash of everything that was projected."""
        return hashlib.sha256(self.projection.positions.tobytes() + self.projection.points.tobytes()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Leagues that were projected; those ``waiting`` for results or decisions, and those with ``faults``, with why."""

    done: list[Projected]
    waiting: dict[str, str]
    faults: dict[str, str]


def projection_cut(connection: psycopg.Connection, as_of: datetime) -> str:
    """What projections depend on besides the tables: who predicts, and whether results after ``as_of`` are known."""
    version = champion(connection)
    later = connection.execute(
        "select exists (select from intermediate.int_matches where status = 'played' and kickoff >= %s)", [as_of]
    ).fetchone()
    by = f"{version.name} {version.version}" if version else "nobody"
    adjusted = connection.execute("select max(stated_at), count(*) from raw.stated_adjustments").fetchone()
    stated, count = adjusted or (None, 0)
    parts = [f"by {by}"]
    if later == (True,):
        parts.append("later results known")
    if stated is not None:
        parts.append(f"{count} adjustments stated, the last {stated.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}")
    return ", ".join(parts)


def project_leagues(connection: psycopg.Connection, archive: Archive, as_of: datetime) -> Outcome:
    """Project every main division, in the caller's transaction; a fault of one league leaves the others alone.

    Ratings are those after the newest result, so that a league with results after ``as_of`` cannot be projected.
    """
    version = champion(connection)
    if version is None or version.as_of > as_of:
        return Outcome([], dict.fromkeys(MAIN_LEAGUES, "nobody predicts as of then"), {})
    bundle = load(archive, version)
    goals = goals_beside(connection, archive, version, as_of, ALL_RECIPES[version.name].from_files(bundle.native))
    if goals is None:
        return Outcome([], dict.fromkeys(MAIN_LEAGUES, "no goals model was trained"), {})
    store, outcome = load_store(connection), Outcome([], {}, {})
    for league in MAIN_LEAGUES:
        try:
            with connection.transaction():
                started = time.monotonic()
                found = league_season(connection, league, as_of)
                if isinstance(found, str):
                    outcome.waiting[league] = found
                    continue
                done = _projected(store, bundle, goals, found)
                _store(connection, found, done.projection, version, as_of)
                outcome.done.append(replace(done, seconds=time.monotonic() - started))
        except CannotBeProjected as error:
            outcome.faults[league] = str(error)
        except Exception as error:
            log.exception("%s was not projected", league)
            outcome.faults[league] = f"{type(error).__name__}: {error}"
    return outcome


def _projected(store: OnlineStore, bundle: Bundle, goals: DixonColes, found: LeagueSeason) -> Projected:
    pairs = zip(found.matches["home"], found.matches["away"], strict=True)
    to_play = remaining(found.clubs, pairs, found.listed, found.rules.meetings)
    frame = _features(store, found, to_play)
    chances = bundle.predict_frame(frame) if to_play else np.empty((0, 3))
    projection = _project(found, to_play, goals, frame, chances)
    first = int(projection.positions[:, 0].argmax())
    favourite, chance = found.names[found.clubs[first]], float(projection.positions[first, 0])
    return Projected(found.league, found.season, favourite, chance, len(to_play), 0.0, projection)


def _features(store: OnlineStore, found: LeagueSeason, pairings: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """(pairings, features) as each would be known a week after the later of its clubs' latest matches.

    Raises CannotBeProjected for clubs of which nothing is known.
    """
    latest = {club: state.latest_match_date for club in found.clubs if (state := store.teams.get((club, found.league)))}
    if unknown := sorted(found.names[club] for club in found.clubs if club not in latest):
        raise CannotBeProjected(f"nothing is known of {', '.join(unknown)}: their fixtures may be of another league")
    rows = []
    for home, away in pairings:
        dates = [date for club in (home, away) if (date := latest[club])]
        if not dates:
            raise CannotBeProjected(f"neither {found.names[home]} nor {found.names[away]} has ever played")
        rows.append(store.features(found.league, home, away, max(dates) + A_WEEK).values)
    return pd.DataFrame(rows, columns=list(FEATURE_NAMES), dtype=float).assign(league=found.league)


def _project(
    found: LeagueSeason,
    to_play: Sequence[tuple[str, str]],
    goals: DixonColes,
    frame: pd.DataFrame,
    chances: npt.NDArray[np.float64],
) -> Projection:
    numbers = found.numbers
    home, away = (np.array([numbers[pair[side]] for pair in to_play], dtype=np.int64) for side in range(2))
    rates = goals.rates(frame) if to_play else np.empty((0, 2))
    to_come = Remaining(home, away, rates, goals.correction, chances)
    return project(found.rules, len(found.clubs), _played(found), to_come, _adjustments(found))


def _played(found: LeagueSeason) -> Played:
    numbers = found.numbers
    home, away = (
        np.array([numbers[club] for club in found.matches[side]], dtype=np.int64) for side in ("home", "away")
    )
    home_goals, away_goals = (found.matches[f"{side}_goals"].to_numpy(dtype=np.int16) for side in ("home", "away"))
    return Played(home, away, home_goals, away_goals)


def _adjustments(found: LeagueSeason) -> npt.NDArray[np.int64]:
    given = np.zeros(len(found.clubs), dtype=np.int64)
    for one in found.adjustments:
        if one.club in found.numbers:
            given[found.numbers[one.club]] += one.points
    return given


def _store(
    connection: psycopg.Connection,
    found: LeagueSeason,
    projection: Projection,
    version: ModelVersion,
    as_of: datetime,
) -> None:
    rules = found.rules
    lines = {line.club: line for line in found.table()}
    zones = {zone.name: projection.chance(zone.places(len(found.clubs))) for zone in rules.zones}
    key = [found.league, found.season, found.results_to]
    with connection.cursor() as cursor:
        cursor.execute("delete from predictions.projections where league = %s and season = %s and results_to = %s", key)
        with cursor.copy(
            "copy predictions.projections (league, season, results_to, team_id, team_name, place, played, points, "
            "adjustment, expected_points, points_sd, positions, zones, label, simulations, model_name, model_version, "
            "as_of) from stdin"
        ) as copy:
            for number, club in enumerate(found.clubs):
                line = lines[club]
                copy.write_row(
                    [
                        *key,
                        *(club, found.names[club], line.place, line.played, line.points, line.adjustment),
                        *(float(projection.points[number]), float(projection.points_sd[number])),
                        projection.positions[number].tolist(),
                        json.dumps({name: round(float(chance[number]), 6) for name, chance in zones.items()}),
                        *(rules.label, projection.simulations, version.name, version.version, as_of),
                    ]
                )
