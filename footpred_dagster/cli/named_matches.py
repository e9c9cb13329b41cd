"""The match that a user names, and whether a ruling about it can be stated."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import click
import psycopg

from footpred_dagster.cli.operator import actor
from footpred_dagster.core.clubs.names import UnknownClub, clubs_of, find_club
from footpred_dagster.core.domain import LEAGUES, Season
from footpred_dagster.core.domain.rules import hosted_meetings
from footpred_dagster.core.matches import rulings
from footpred_dagster.core.matches.rulings import BY_USER, Ruling, Status

Score = tuple[int, int]
"""Goals of home and away."""


@dataclass(frozen=True, slots=True)
class NamedMatch:
    """A match as a user names it.

    on_file: days on which the files have that pair in that season, with goals or not. clubs: of that league and season.
    """

    league: str
    season: str
    home_id: str
    away_id: str
    day: date
    on_file: dict[date, bool]
    clubs: frozenset[str]

    @property
    def key(self) -> rulings.Key:
        return (self.league, self.season, self.day, self.home_id, self.away_id)

    def __str__(self) -> str:
        return f"{self.home_id} v {self.away_id} of {self.day}, {self.league} {self.season}"


def find_match(connection: psycopg.Connection, league: str, season: str, home: str, away: str, day: date) -> NamedMatch:
    """The match of these names; raises click.UsageError where a club is unknown or the day outside of the season."""
    if not Season.stored(season).holds(day):
        raise click.UsageError(f"{day} is no day of season {season}")
    try:
        home_id, away_id = (find_club(connection, league, season, name) for name in (home, away))
    except UnknownClub as error:
        raise click.UsageError(str(error)) from error
    if home_id == away_id:
        raise click.UsageError(f"{home} and {away} are one club, {home_id}")
    rows = connection.execute(
        """
        select matches.match_date, matches.home_goals is not null
        from raw.matches as matches
        inner join intermediate.club_names as home
            on home.country = %(country)s and home.season = matches.season and home.name = matches.home
        inner join intermediate.club_names as away
            on away.country = %(country)s and away.season = matches.season and away.name = matches.away
        where matches.league = %(league)s and matches.season = %(season)s
            and home.team_id = %(home)s and away.team_id = %(away)s
        """,
        {
            "country": LEAGUES[league].country,
            "league": league,
            "season": season,
            "home": home_id,
            "away": away_id,
        },
    ).fetchall()
    clubs = clubs_of(connection, league, season)
    return NamedMatch(league, season, home_id, away_id, day, dict(rows), clubs)


def state_ruling(
    connection: psycopg.Connection, named: NamedMatch, status: Status, score: Score | None, because: str
) -> None:
    """Keep the ruling; raises click.UsageError where it is about no match, or about one without any score."""
    if not named.clubs:
        raise click.UsageError(f"nothing of {named.league} {named.season} is loaded: footpred run loads it")
    if strangers := {named.home_id, named.away_id} - named.clubs:
        raise click.UsageError(f"not in {named.league} {named.season}: {', '.join(sorted(strangers))}")
    has_score = named.on_file.get(named.day)
    listed = ", ".join(f"{day}" for day in sorted(named.on_file))
    if has_score is None and (status != "awarded" or score is None):
        where = f"the files have that pair on {listed}" if listed else "the files do not have that pair"
        way_out = "; --score awards a match that no file has" if status == "awarded" and not listed else ""
        raise click.UsageError(f"no result of {named}: {where}{way_out}")
    most = hosted_meetings(named.league, Season.stored(named.season))
    if has_score is None and most is not None and len(named.on_file) >= most:
        raise click.UsageError(f"{named} would be one meeting too many: the files have that pair on {listed}")
    if has_score is False and score is None and status != "void":
        raise click.UsageError(f"the files have no score of {named}: give --score")
    home_goals, away_goals = score or (None, None)
    ruling = Ruling(*named.key, status, home_goals, away_goals, "user", because, BY_USER)
    rulings.state(connection, ruling, actor=actor())


def withdraw_ruling(connection: psycopg.Connection, named: NamedMatch, because: str) -> None:
    """Withdraw users' rulings about the match; raises click.UsageError where there is none in force."""
    if not any(ruling.key == named.key for ruling in rulings.stated(connection)):
        raise click.UsageError(f"nothing stated about {named} is in force: see footpred matches rulings")
    rulings.withdraw(connection, named.key, because=because, actor=actor())
