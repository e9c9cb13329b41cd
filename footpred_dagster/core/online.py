"""The feature row of any pairing from the state of its two clubs: for the service, what tables are for the pipeline.

State at an instant gives the features of a match at that instant, to the last bit: ratings go through the expressions
the raters use, form comes out of the same SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from footpred_dagster.core.contract import FEATURE_NAMES, FORM, VENUE_FORM, VENUE_WINDOW, WINDOWS
from footpred_dagster.core.models.ratings import current
from footpred_dagster.core.models.ratings.current import Club
from footpred_dagster.core.models.ratings.strengths import Division

_FORM = tuple(f"{metric}_last_{window}" for window in WINDOWS for metric in FORM)
_VENUE_FORM = tuple(f"{metric}_last_{VENUE_WINDOW}" for metric in VENUE_FORM)
MISSING = float("nan")


class UnknownPairing(LookupError):
    """A club or division is not in the store; the message names it."""


@dataclass(frozen=True, slots=True)
class TeamState:
    """One row of ``features.online_team_state``. Form in the order of the contract, NaN where there is none."""

    club: Club
    latest_match_date: date | None
    latest_kickoff: datetime | None
    matches_played: int
    table: tuple[float, ...]
    """Matches, position and points a match in the league's table."""
    form: tuple[float, ...]
    home_form: tuple[float, ...]
    away_form: tuple[float, ...]

    @classmethod
    def of(cls, row: dict[str, Any]) -> TeamState:
        def numbers(names: Sequence[str]) -> tuple[float, ...]:
            return tuple(MISSING if row[name] is None else float(row[name]) for name in names)

        return cls(
            Club(
                row["elo"],
                row["home_pi"],
                row["away_pi"],
                *(np.array(row[n]) for n in ("attack", "defence", "momentum")),
            ),
            row["latest_match_date"],
            row["latest_kickoff"],
            row["matches_played"],
            numbers(("table_matches", "table_position", "table_points")),
            numbers([f"all_{name}" for name in _FORM]),
            numbers([f"home_venue_{name}" for name in _VENUE_FORM]),
            numbers([f"away_venue_{name}" for name in _VENUE_FORM]),
        )


@dataclass(frozen=True, slots=True)
class PairState:
    """How a club fared against an opponent: meetings, and mean points of the last five (NaN without one)."""

    meetings: int = 0
    points: float = MISSING


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """values: (features,) in the order of the contract, NaN where null. latest_input: newest kickoff read."""

    values: tuple[float, ...]
    latest_input: datetime | None


def assemble(home: TeamState, away: TeamState, division: Division, pair: PairState, match_date: date) -> FeatureRow:
    """What is known of a match of ``home`` against ``away`` on the morning of ``match_date``."""
    found: dict[str, Any] = current.features(home.club, away.club, division)
    found["head_to_head_meetings"], found["head_to_head_points_last_5"] = pair.meetings, pair.points
    for side, team, venue_form in (("home", home, home.home_form), ("away", away, away.away_form)):
        rested = (match_date - team.latest_match_date).days if team.latest_match_date else MISSING
        names = _NAMES[side]
        found.update(zip(names, (team.matches_played, rested, *team.table, *team.form, *venue_form), strict=True))
    kickoffs = [team.latest_kickoff for team in (home, away) if team.latest_kickoff]
    return FeatureRow(tuple(float(found[name]) for name in FEATURE_NAMES), max(kickoffs, default=None))


_NAMES = {
    side: tuple(
        f"{side}_{name}"
        for name in (
            *("matches_played", "rest_days", "table_matches", "table_position", "table_points"),
            *_FORM,
            *(f"venue_{name}" for name in _VENUE_FORM),
        )
    )
    for side in ("home", "away")
}


@dataclass(frozen=True, slots=True)
class OnlineStore:
    """All clubs and pairs in memory, for the service: read whole, replaced whole."""

    teams: dict[tuple[str, str], TeamState]
    divisions: dict[str, Division]
    pairs: dict[tuple[str, str], PairState]

    def features(self, league: str, home_id: str, away_id: str, match_date: date) -> FeatureRow:
        """Raises UnknownPairing for a club that does not play in ``league``."""
        try:
            home, away = self.teams[home_id, league], self.teams[away_id, league]
            division = self.divisions[league]
        except KeyError as error:
            raise UnknownPairing(f"no state of {error.args[0]}") from error
        return assemble(home, away, division, self.pairs.get((home_id, away_id), PairState()), match_date)


def load_store(connection: psycopg.Connection) -> OnlineStore:
    """The whole store, about a second on 32 seasons."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute("select * from features.online_team_state").fetchall()
    pairs = connection.execute(
        "select team_id, opponent_id, meetings, points_last_5 from features.online_pair_state"
    ).fetchall()
    return OnlineStore(
        {(row["team_id"], row["league"]): TeamState.of(row) for row in rows},
        _divisions(connection.execute("select league, level, home_advantage from ratings.division_state").fetchall()),
        {(home, away): PairState(meetings, points) for home, away, meetings, points in pairs},
    )


def read_features(
    connection: psycopg.Connection, league: str, home_id: str, away_id: str, match_date: date
) -> FeatureRow:
    """One pairing straight from the database, in one query; raises UnknownPairing."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(_PAIRING, {"league": league, "home": home_id, "away": away_id}).fetchall()
    by_id = {row["team_id"]: row for row in rows}
    if missing := [team for team in (home_id, away_id) if team not in by_id]:
        raise UnknownPairing(f"no state of {', '.join(missing)} in {league}")
    home, away = by_id[home_id], by_id[away_id]
    division = Division(np.array(home["level"]), np.array(home["home_advantage"]))
    pair = PairState(home["meetings"], home["points_last_5"]) if home["meetings"] else PairState()
    return assemble(TeamState.of(home), TeamState.of(away), division, pair, match_date)


def _divisions(rows: Sequence[tuple[Any, ...]]) -> dict[str, Division]:
    return {league: Division(np.array(level), np.array(home)) for league, level, home in rows}


_PAIRING = sql.SQL("""
    select team.*, division.level, division.home_advantage, pair.meetings, pair.points_last_5
    from features.online_team_state as team
    inner join ratings.division_state as division using (league)
    left join features.online_pair_state as pair
        on team.team_id = %(home)s and pair.team_id = %(home)s and pair.opponent_id = %(away)s
    where team.league = %(league)s and team.team_id in (%(home)s, %(away)s)
""")
