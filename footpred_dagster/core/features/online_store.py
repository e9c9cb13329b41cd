"""The feature row of any pairing from the state of its two clubs: for the service, what tables are for the pipeline.

State at an instant gives the features of a match at that instant, to the last bit: ratings go through the expressions
the raters use, form comes out of the same SQL.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from footpred_dagster.core.domain import LEAGUES
from footpred_dagster.core.features.contract import FEATURE_NAMES, FORM, VENUE_FORM, VENUE_WINDOW, WINDOWS
from footpred_dagster.core.ratings import current
from footpred_dagster.core.ratings.current import Club
from footpred_dagster.core.ratings.history import Floats
from footpred_dagster.core.ratings.momentum import Tempos
from footpred_dagster.core.ratings.observations import STATISTICS
from footpred_dagster.core.ratings.strengths import Division

_FORM = tuple(f"{metric}_last_{window}" for window in WINDOWS for metric in FORM)
_VENUE_FORM = tuple(f"{metric}_last_{VENUE_WINDOW}" for metric in VENUE_FORM)
_TABLE = ("table_matches", "table_position", "table_points")
MISSING = float("nan")


class UnknownPairing(LookupError):
    """A club or division is not in the store; the message names it."""


@dataclass(frozen=True, slots=True)
class TeamState:
    """One row of ``features.online_team_state``.

    at_home, away: (per side,) what the club brings to the row of a match there: matches played, days of rest (NaN: that
    depends on the match), its place in the table and its form, NaN where there is none.
    """

    club: Club
    latest_match_date: date | None
    latest_kickoff: datetime | None
    at_home: Floats
    away: Floats

    @classmethod
    def of(cls, row: dict[str, Any]) -> TeamState:
        def side(name: str) -> Floats:
            columns = ("matches_played", None, *_TABLE, *(f"all_{each}" for each in _FORM), *_venue(name))
            found = (row[column] if column else None for column in columns)
            return np.array([MISSING if value is None else float(value) for value in found])

        vectors = (np.array(row[name]) for name in ("attack", "defence", "momentum"))
        club = Club(row["elo"], row["home_pi"], row["away_pi"], *vectors)
        return cls(club, row["latest_match_date"], row["latest_kickoff"], side("home"), side("away"))


@dataclass(frozen=True, slots=True)
class PairState:
    """How a club fared against an opponent: meetings, and mean points of the last five (NaN without one)."""

    meetings: int = 0
    points: float = MISSING


NEVER_MET = PairState()


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """values: (features,) in the order of the contract, NaN where null. latest_input: newest kickoff read, that of any
    match of the country, by which its ratings and divisions were made."""

    values: Floats
    latest_input: datetime | None


def assemble(
    home: TeamState, away: TeamState, division: Division, pair: PairState, match_date: date, newest: datetime | None
) -> FeatureRow:
    """What is known of a match of ``home`` against ``away`` on the morning of ``match_date``.

    ``newest``: the last kickoff in the country before that morning.
    """
    rated = current.features(home.club, away.club, division)
    return _row(np.array(list(rated.values()), dtype=float), home, away, pair, match_date, newest)


def _row(
    rated: Floats, home: TeamState, away: TeamState, pair: PairState, match_date: date, newest: datetime | None
) -> FeatureRow:
    values = np.concatenate((rated, (pair.meetings, pair.points), home.at_home, away.away))
    for place, team in ((_HOME_REST, home), (_AWAY_REST, away)):
        if team.latest_match_date:
            values[place] = (match_date - team.latest_match_date).days
    return FeatureRow(values[_IN_ORDER], newest)


def neighbours(league: str) -> list[str]:
    """The leagues of a league's country, itself among them: rated together, as clubs move between them."""
    found = LEAGUES.get(league)
    return [code for code, each in LEAGUES.items() if found and each.country == found.country]


def _venue(side: str) -> list[str]:
    return [f"{side}_venue_{name}" for name in _VENUE_FORM]


_ZERO, _ZEROS = np.zeros(()), np.zeros(len(STATISTICS))
_NOBODY = Club(_ZERO, _ZERO, _ZERO, _ZEROS, _ZEROS, np.zeros(len(Tempos._fields)))
_RATED = tuple(current.features(_NOBODY, _NOBODY, Division(_ZEROS, _ZEROS)))
_SIDES = [
    f"{side}_{name}"
    for side in ("home", "away")
    for name in ("matches_played", "rest_days", *_TABLE, *_FORM, *(f"venue_{name}" for name in _VENUE_FORM))
]
_TOGETHER = [*_RATED, "head_to_head_meetings", "head_to_head_points_last_5", *_SIDES]
_HOME_REST, _AWAY_REST = (_TOGETHER.index(f"{side}_rest_days") for side in ("home", "away"))
_IN_ORDER = np.array([_TOGETHER.index(name) for name in FEATURE_NAMES])


@dataclass(frozen=True, slots=True)
class OnlineStore:
    """All clubs and pairs in memory, for the service: read whole, replaced whole."""

    teams: dict[tuple[str, str], TeamState]
    divisions: dict[str, Division]
    pairs: dict[tuple[str, str], PairState]
    newest: dict[str, datetime | None]
    """By league the last kickoff in its country."""
    _clubs: dict[str, tuple[dict[str, int], Club]] = field(default_factory=dict, init=False, repr=False, compare=False)
    _rated: dict[tuple[str, str], Floats] = field(default_factory=dict, init=False, repr=False, compare=False)

    def features(self, league: str, home_id: str, away_id: str, match_date: date) -> FeatureRow:
        """Raises UnknownPairing for a club that does not play in ``league``."""
        try:
            home, away = self.teams[home_id, league], self.teams[away_id, league]
            rated = self._rated.get((league, home_id))
            if rated is None:
                rated = self._rated[league, home_id] = self._against_all(home.club, league)
        except KeyError as error:
            raise UnknownPairing(f"no state of {error.args[0]}") from error
        place = self._clubs[league][0][away_id]
        pair = self.pairs.get((home_id, away_id), NEVER_MET)
        return _row(rated[place], home, away, pair, match_date, self.newest[league])

    def _against_all(self, home: Club, league: str) -> Floats:
        """(clubs of the league, ratings' features): all its opponents at once take as long as one."""
        division = self.divisions[league]
        if league not in self._clubs:
            members = {club: state for (club, where), state in self.teams.items() if where == league}
            together = Club(
                *(np.stack(values, axis=-1) for values in zip(*(each.club for each in members.values()), strict=True))
            )
            self._clubs[league] = {club: place for place, club in enumerate(members)}, together
        rivals = self._clubs[league][1]
        one = Club(*(np.asarray(value)[..., None] for value in home))
        level = Division(division.mu[:, None], division.home[:, None])
        found = current.features(one, rivals, level)
        return np.stack([np.broadcast_to(value, rivals.elo.shape) for value in found.values()], axis=-1)


def load_store(connection: psycopg.Connection) -> OnlineStore:
    """The whole store, about a second on 32 seasons."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute("select * from features.online_team_state").fetchall()
    pairs = connection.execute(
        "select team_id, opponent_id, meetings, points_last_5 from features.online_pair_state"
    ).fetchall()
    divisions = connection.execute("select league, level, home_advantage from ratings.division_state").fetchall()
    teams = {(row["team_id"], row["league"]): TeamState.of(row) for row in rows}
    return OnlineStore(
        teams,
        {league: Division(np.array(level), np.array(home)) for league, level, home in divisions},
        {(home, away): PairState(meetings, points) for home, away, meetings, points in pairs},
        {league: _newest(teams, neighbours(league)) for league, *_ in divisions},
    )


def _newest(teams: Mapping[tuple[str, str], TeamState], leagues: Sequence[str]) -> datetime | None:
    kickoffs = (team.latest_kickoff for (_, league), team in teams.items() if league in leagues)
    return max((kickoff for kickoff in kickoffs if kickoff), default=None)


def read_features(
    connection: psycopg.Connection, league: str, home_id: str, away_id: str, match_date: date
) -> FeatureRow:
    """One pairing straight from the database, in one query; raises UnknownPairing."""
    with connection.cursor(row_factory=dict_row) as cursor:
        asked = {"league": league, "home": home_id, "away": away_id, "neighbours": neighbours(league)}
        rows = cursor.execute(_PAIRING, asked).fetchall()
    by_id = {row["team_id"]: row for row in rows}
    if missing := [team for team in (home_id, away_id) if team not in by_id]:
        raise UnknownPairing(f"no state of {', '.join(missing)} in {league}")
    home, away = by_id[home_id], by_id[away_id]
    division = Division(np.array(home["level"]), np.array(home["home_advantage"]))
    pair = PairState(home["meetings"], home["points_last_5"]) if home["meetings"] else NEVER_MET
    return assemble(TeamState.of(home), TeamState.of(away), division, pair, match_date, home["newest"])


_PAIRING = sql.SQL("""
    select team.*, division.level, division.home_advantage, pair.meetings, pair.points_last_5, (
        select max(latest_kickoff) from features.online_team_state where league = any(%(neighbours)s)) as newest
    from features.online_team_state as team
    inner join ratings.division_state as division using (league)
    left join features.online_pair_state as pair
        on team.team_id = %(home)s and pair.team_id = %(home)s and pair.opponent_id = %(away)s
    where team.league = %(league)s and team.team_id in (%(home)s, %(away)s)
""")
