"""The leagues of the warehouse projected: table so far, matches to come, and what the champion makes of them."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pandas as pd
import psycopg

from footpred_dagster.core.contract import FEATURE_NAMES
from footpred_dagster.core.domain import MAIN_LEAGUES, Season
from footpred_dagster.core.domain.rules import LeagueRules, rules_of
from footpred_dagster.core.domain.tables import Adjustment, Line, Result, table, until_split
from footpred_dagster.core.league_tables import adjustments
from footpred_dagster.core.models.goals import DixonColes
from footpred_dagster.core.models.recipes import ALL_RECIPES
from footpred_dagster.core.online import OnlineStore, load_store
from footpred_dagster.core.predicting import goals_beside
from footpred_dagster.core.projection.schedule import remaining
from footpred_dagster.core.projection.simulation import Played, Projection, Remaining, project
from footpred_dagster.core.registry import ModelVersion, champion, load
from footpred_dagster.core.storage import Archive

A_WEEK = timedelta(days=7)
"""After a club's latest match: when each match to come is taken to be played, so that its rest is a usual one."""
MISSING_CLUBS = 2
"""A season with more clubs unseen than this, against the one before, has not begun for all yet."""


@dataclass(frozen=True, slots=True)
class LeagueSeason:
    """A season as it stands. matches: played ones in order, ``home``, ``away`` and goals; listed: pairings to come."""

    league: str
    season: str
    results_to: datetime
    clubs: list[str]
    names: Mapping[str, str]
    matches: pd.DataFrame
    listed: list[tuple[str, str]]
    adjustments: Sequence[Adjustment]

    @property
    def numbers(self) -> dict[str, int]:
        return {club: number for number, club in enumerate(self.clubs)}

    @property
    def rules(self) -> LeagueRules:
        return rules_of(self.league, Season.stored(self.season))

    def table(self) -> list[Line]:
        """The table as it stands; of a league that splits, that of the matches before."""
        names = ["kickoff", "home", "away", "home_goals", "away_goals"]
        results = [
            Result(kickoff.date(), *rest) for kickoff, *rest in self.matches[names].itertuples(index=False, name=None)
        ]
        season = Season.stored(self.season)
        return table(self.league, season, results, self.adjustments, self.clubs, first_phase=True)


@dataclass(frozen=True, slots=True)
class Projected:
    """A league that was projected: ``favourite`` and its chance of coming first, ``to_play`` matches, and how long.

    content: a hash of everything that was projected.
    """

    league: str
    season: str
    favourite: str
    chance: float
    to_play: int
    seconds: float
    content: str


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


def project_leagues(
    connection: psycopg.Connection, archive: Archive, as_of: datetime
) -> tuple[list[Projected], dict[str, str]]:
    """Project every main division, in the caller's transaction; what was projected, and why others were not, by league.

    Ratings are those after the newest result, so that a league with results after ``as_of`` cannot be projected.
    """
    version = champion(connection)
    if version is None or version.as_of > as_of:
        return [], dict.fromkeys(MAIN_LEAGUES, "nobody predicts as of then")
    bundle = load(archive, version)
    goals = goals_beside(connection, archive, version, as_of, ALL_RECIPES[version.name].from_files(bundle.native))
    if goals is None:
        return [], dict.fromkeys(MAIN_LEAGUES, "no goals model was trained")
    store = load_store(connection)
    done, left = [], {}
    for league in MAIN_LEAGUES:
        started = time.monotonic()
        found = league_season(connection, league, as_of)
        if isinstance(found, str):
            left[league] = found
            continue
        pairs = zip(found.matches["home"], found.matches["away"], strict=True)
        to_play = remaining(found.clubs, pairs, found.listed, found.rules.meetings)
        frame = _features(store, found.league, to_play)
        chances = bundle.predict_frame(frame) if to_play else np.empty((0, 3))
        projection = _project(found, to_play, goals, frame, chances)
        _store(connection, found, projection, version, as_of)
        first = int(projection.positions[:, 0].argmax())
        favourite, chance = found.names[found.clubs[first]], float(projection.positions[first, 0])
        spent = time.monotonic() - started
        content = hashlib.sha256(projection.positions.tobytes() + projection.points.tobytes()).hexdigest()[:16]
        done.append(Projected(league, found.season, favourite, chance, len(to_play), spent, content))
    return done, left


def league_season(connection: psycopg.Connection, league: str, as_of: datetime) -> LeagueSeason | str:
    """The newest season of ``league`` with a result, or why it cannot be projected."""
    rows = connection.execute(
        """
        with newest as (
            select max(season) as season from intermediate.int_matches
            where league = %(league)s and status in ('played', 'awarded')
        )
        select home_id, away_id, home_name, away_name, home_goals, away_goals, kickoff, true, season
        from intermediate.int_matches inner join newest using (season)
        where league = %(league)s and status in ('played', 'awarded')
        union all
        select home_id, away_id, home_name, away_name, null, null, kickoff, false, season
        from intermediate.int_fixtures inner join newest using (season)
        where league = %(league)s and not is_played
        order by 7, 1
        """,
        {"league": league},
    ).fetchall()
    names = ["home", "away", "home_name", "away_name", "home_goals", "away_goals", "kickoff", "played", "season"]
    frame = pd.DataFrame(rows, columns=names)
    matches = frame[frame["played"]]
    if matches.empty:
        return "no result is loaded"
    if matches["kickoff"].max() >= as_of:
        return "results after as_of are known"
    season = str(matches["season"].iloc[0])
    pending = connection.execute(
        "select string_agg(name, ', ' order by name) from intermediate.club_names "
        "where status = 'pending' and season = %s and leagues ? %s and matches + fixtures > 0",
        [season, league],
    ).fetchone()
    if pending and pending[0]:
        return f"the club of {pending[0]} is not decided: its matches are missing from the table"
    clubs = sorted({*frame["home"], *frame["away"]})
    before = connection.execute(
        "select count(distinct home_id) from intermediate.int_matches where league = %s and season = ("
        "select max(season) from intermediate.int_matches where league = %s and season < %s)",
        [league, league, season],
    ).fetchone()
    if before and len(clubs) < before[0] - MISSING_CLUBS:
        return f"only {len(clubs)} clubs have played or are to play, {before[0]} did last season"
    named = dict(zip([*frame["home"], *frame["away"]], [*frame["home_name"], *frame["away_name"]], strict=True))
    rules, pairs = rules_of(league, Season.stored(season)), list(zip(matches["home"], matches["away"], strict=True))
    if rules.split:
        matches = matches.iloc[until_split(pairs, rules.meetings)]
    listed = frame[~frame["played"]]
    key = (league, season)
    return LeagueSeason(
        league,
        season,
        matches["kickoff"].max().to_pydatetime(),
        clubs,
        named,
        matches,
        list(zip(listed["home"], listed["away"], strict=True)),
        adjustments(connection, as_of, key).get(key, []),
    )


def _features(store: OnlineStore, league: str, pairings: Sequence[tuple[str, str]]) -> pd.DataFrame:
    """(pairings, features) as each would be known a week after the later of its clubs' latest matches."""
    rows = []
    for home, away in pairings:
        dates = [store.teams[club, league].latest_match_date for club in (home, away)]
        day = max(date for date in dates if date) + A_WEEK
        rows.append(store.features(league, home, away, day).values)
    return pd.DataFrame(rows, columns=list(FEATURE_NAMES), dtype=float).assign(league=league)


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
