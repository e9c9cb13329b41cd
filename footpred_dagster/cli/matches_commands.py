"""What ``footpred matches`` does: rulings about single matches, and the list of those in force."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import click
from psycopg.rows import dict_row
from rich.table import Table

from footpred_dagster.cli.operator import actor
from footpred_dagster.cli.output import console, plain
from footpred_dagster.core.clubs.names import UnknownClub, clubs_of, find_club
from footpred_dagster.core.database.connection import connect_migrated
from footpred_dagster.core.domain import LEAGUES, Season
from footpred_dagster.core.domain.rules import hosted_meetings
from footpred_dagster.core.matches import rulings
from footpred_dagster.core.matches.rulings import BY_USER, Ruling, Status

_RULED = """
    select league, season, match_date::text as date, home_name as home, away_name as away, home_id, away_id, status,
        home_goals, away_goals, status_decided_by as decided_by, ruling as because
    from intermediate.int_matches where status = 'awarded' or status_decided_by <> 'source'
    order by match_date desc, league, home_name
"""
_KEY = ("league", "season", "date", "home_id", "away_id")


@dataclass(frozen=True, slots=True)
class Named:
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


def find(league: str, season: str, home: str, away: str, day: date) -> Named:
    """The match of these names; raises click.UsageError where a club is unknown or the day outside of the season."""
    if not Season.stored(season).holds(day):
        raise click.UsageError(f"{day} is no day of season {season}")
    with connect_migrated() as connection:
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
    return Named(league, season, home_id, away_id, day, dict(rows), clubs)


def rule(named: Named, status: str, score: tuple[int, int] | None, because: str) -> dict[str, Any]:
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
    with connect_migrated() as connection:
        goals = score or (None, None)
        ruling = Ruling(*named.key, cast("Status", status), *goals, "user", because, BY_USER)
        rulings.state(connection, ruling, actor=actor())
    return _done(named, status, score, because)


def withdraw(named: Named, because: str) -> dict[str, Any]:
    """Withdraw users' rulings about the match; raises click.UsageError where there is none in force."""
    with connect_migrated() as connection:
        if not any(ruling.key == named.key for ruling in rulings.stated(connection)):
            raise click.UsageError(f"nothing stated about {named} is in force: see footpred matches rulings")
        rulings.withdraw(connection, named.key, because=because, actor=actor())
    return _done(named, "withdrawn", None, because)


def _done(named: Named, status: str, score: tuple[int, int] | None, because: str) -> dict[str, Any]:
    return {
        "league": named.league,
        "season": named.season,
        "date": named.day.isoformat(),
        "home_id": named.home_id,
        "away_id": named.away_id,
        "status": status,
        "score": "-".join(map(str, score)) if score else None,
        "because": because,
    }


def print_done(done: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(done))
        return
    what = "what was stated is withdrawn" if done["status"] == "withdrawn" else done["status"]
    score = f" {done['score']}" if done["score"] else ""
    match = f"{done['home_id']} v {done['away_id']}, {done['league']} {done['date']}"
    click.echo(f"{match}: {what}{score}, from the next run on")


def ruled() -> list[dict[str, Any]]:
    """Users' rulings that wait for a run, then matches that were awarded or whose status the list or a user decided.

    The latter newest first, as last built. A ruling about a match that the next run does not find keeps waiting.
    """
    with connect_migrated() as connection, connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute("select to_regclass('intermediate.int_matches') is not null as built")
        built = cursor.execute(_RULED).fetchall() if cursor.fetchone() == {"built": True} else []
        stated = rulings.stated(connection)
    applied = {tuple(row[name] for name in _KEY): row for row in built}
    waiting = [row for row in map(_as_row, stated) if not _is_applied(row, applied.get(tuple(row[n] for n in _KEY)))]
    return [*({**row, "in_force": False} for row in waiting), *({**row, "in_force": True} for row in built)]


def _is_applied(stated: dict[str, Any], built: dict[str, Any] | None) -> bool:
    """Whether the match as built is as stated; where no score was stated the file's stands."""
    compared = ["status", "because", *(name for name in ("home_goals", "away_goals") if stated[name] is not None)]
    return built is not None and all(built[name] == stated[name] for name in compared)


def _as_row(ruling: Ruling) -> dict[str, Any]:
    """A ruling with the names that a match as built has; clubs go by their ids."""
    return {
        "league": ruling.league,
        "season": ruling.season,
        "date": ruling.match_date.isoformat(),
        "home": ruling.home_id,
        "away": ruling.away_id,
        "home_id": ruling.home_id,
        "away_id": ruling.away_id,
        "status": ruling.status,
        "home_goals": ruling.home_goals,
        "away_goals": ruling.away_goals,
        "decided_by": ruling.decided_by,
        "because": ruling.reason,
    }


def print_ruled(found: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"rulings": found}))
        return
    out = console()
    if not found:
        out.print("every status is as the results files tell it")
        return
    table = Table("league", "date", "match", "score", "status", "decided by", "because", box=None)
    for row in found:
        score = "" if row["home_goals"] is None else f"{row['home_goals']}-{row['away_goals']}"
        pair = f"{row['home']} v {row['away']}"
        decided = row["decided_by"] if row["in_force"] else f"{row['decided_by']}, waits for a run"
        cells = (row["league"], row["date"], pair, score, row["status"], decided, row["because"] or "")
        table.add_row(*plain(*cells))
    out.print(table)
