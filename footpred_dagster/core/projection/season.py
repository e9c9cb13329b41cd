"""A league's season as it stands, from which it is projected: clubs, results, fixtures to come, points taken away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import psycopg

from footpred_dagster.core.domain import MAIN_LEAGUES, Season
from footpred_dagster.core.domain.rules import LeagueRules, rules_of
from footpred_dagster.core.domain.tables import Adjustment, Line, Result, table, until_split
from footpred_dagster.core.matches.league_tables import adjustments

MISSING_CLUBS = 2
"""A season with more clubs unseen than this, against the one before, has not begun for all yet."""


class CannotBeProjected(ValueError):
    """Something in the data of this league is wrong; the message names it."""


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


def league_season(connection: psycopg.Connection, league: str, as_of: datetime) -> LeagueSeason | str:
    """The newest season of ``league`` with a result, or what it waits for. Raises CannotBeProjected."""
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
    listed = frame[~frame["played"]]
    _refuse_strangers(connection, league, season, listed)
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


def _refuse_strangers(connection: psycopg.Connection, league: str, season: str, listed: pd.DataFrame) -> None:
    """Raise CannotBeProjected for a listed match of a club that plays in another league this season."""
    rows = connection.execute(
        """
        with played as (
            select club_id, name, league from intermediate.int_matches
            cross join lateral (values (home_id, home_name), (away_id, away_name)) as sides (club_id, name)
            where season = %(season)s and club_id = any(%(clubs)s)
        )
        select distinct on (club_id) club_id, name, league from played
        where league <> %(league)s and league = any(%(main)s)
            and not exists (select from played as own where own.club_id = played.club_id and own.league = %(league)s)
        order by club_id
        """,
        {
            "season": season,
            "league": league,
            "clubs": sorted({*listed["home"], *listed["away"]}),
            "main": list(MAIN_LEAGUES),
        },
    ).fetchall()
    if rows:
        told = ", ".join(f"{name} ({other})" for _, name, other in rows)
        raise CannotBeProjected(f"the list of fixtures has matches of clubs of other leagues: {told}")
