"""The table ``intermediate.club_names``: which club each name in the raw tables means, and which names are pending."""

from __future__ import annotations

import difflib
import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import psycopg

from footpred_dagster.core.clubs.aliases import Aliases, aliases_in_force
from footpred_dagster.core.domain import LEAGUES, MAIN_LEAGUES

NAMED_SINCE = "2005-06"
"""Season from which on clubs.csv has every club of the main divisions."""

Key = tuple[str, str, str]
"""Country, season, name."""


@dataclass(frozen=True, slots=True)
class ClubName:
    """A row of ``intermediate.club_names``; ``nearest``: (name, team_id) of the clubs most like a pending one."""

    country: str
    season: str
    name: str
    team_id: str | None
    status: Literal["listed", "new", "pending"]
    why: str | None
    nearest: tuple[tuple[str, str], ...]
    leagues: tuple[str, ...]
    first_day: date
    matches: int
    fixtures: int

    @property
    def key(self) -> Key:
        return (self.country, self.season, self.name)

    @property
    def command(self) -> str:
        """What an operator types if the nearest club is the right one; ``--new`` in place of ``--of`` if it is none."""
        return decision_command(self.country, self.name, self.nearest)

    def as_json(self) -> dict[str, Any]:
        """A pending name as programs read it."""
        return {
            "country": self.country,
            "season": self.season,
            "name": self.name,
            "leagues": list(self.leagues),
            "since": self.first_day.isoformat(),
            "matches": self.matches,
            "fixtures": self.fixtures,
            "why": self.why,
            "nearest": [{"name": spelling, "team_id": team_id} for spelling, team_id in self.nearest],
            "command": self.command,
        }


def decision_command(country: str, name: str, near: Sequence[Sequence[str]]) -> str:
    """The command that decides ``name`` to mean the first club of ``near`` ((name, team_id), nearest first)."""
    of = near[0][1] if near else "TEAM_ID"
    return f"footpred clubs alias {shlex.quote(country)} {shlex.quote(name)} --of {of}"


def pending_names(connection: psycopg.Connection) -> list[ClubName]:
    """Names that wait for a decision, the newest season first."""
    return _read(connection, "status = 'pending'")


def new_names(connection: psycopg.Connection) -> list[ClubName]:
    """Names on no list that are taken for new clubs."""
    return _read(connection, "status = 'new'")


def club_ids(connection: psycopg.Connection, aliases: Aliases, country: str) -> dict[str, str]:
    """Every club of a country that an alias or a match names: id and its newest name."""
    found = {alias.team_id: alias.name for alias in aliases if alias.country == country and alias.team_id}
    rows = connection.execute(
        "select team_id, name from intermediate.club_names where country = %s and team_id is not null order by season",
        [country],
    ).fetchall()
    return found | dict(rows)


class UnknownClub(ValueError):
    """No club of the league's country goes by this id or name; the message names near ones."""


def find_club(connection: psycopg.Connection, league: str, season: str, club: str) -> str:
    """The id of a club by its id or any spelling, as used in ``season`` where clubs share one; raises UnknownClub."""
    country = LEAGUES[league].country
    aliases = sorted(aliases_in_force(connection), key=lambda alias: alias.covers(season))
    spelled = {alias.name.casefold(): alias.team_id for alias in aliases if alias.country == country and alias.team_id}
    seen = connection.execute(
        "select name, team_id from intermediate.club_names where country = %s and team_id is not null "
        "order by season = %s",
        [country, season],
    ).fetchall()
    spelled |= {name.casefold(): team_id for name, team_id in seen}
    spelled |= {team_id: team_id for team_id in spelled.values()}
    if found := spelled.get(club.casefold()):
        return found
    near = list(dict.fromkeys(spelled[name] for name in difflib.get_close_matches(club.casefold(), spelled)))
    raise UnknownClub(f"no club of {country} is called {club!r}{': ' if near else ''}{', '.join(near)}")


def clubs_of(connection: psycopg.Connection, league: str, season: str) -> frozenset[str]:
    """Ids of the clubs of a league and season as far as results and fixtures are loaded and their names decided."""
    rows = connection.execute(
        "select team_id from intermediate.club_names where country = %s and season = %s and leagues ? %s "
        "and team_id is not null and matches + fixtures > 0",
        [LEAGUES[league].country, season, league],
    ).fetchall()
    return frozenset(club for (club,) in rows)


def _read(connection: psycopg.Connection, condition: str) -> list[ClubName]:
    rows = connection.execute(
        f"""
        select country, season, name, team_id, status, why, nearest, leagues, first_day, matches, fixtures
        from intermediate.club_names where {condition} and matches + fixtures > 0
        order by season desc, country, name
        """  # noqa: S608 - constants of this module
    ).fetchall()
    return [
        ClubName(country, season, name, team_id, status, why, tuple((n, i) for n, i in near), tuple(leagues), *counts)
        for country, season, name, team_id, status, why, near, leagues, *counts in rows
    ]


def store(connection: psycopg.Connection, names: Sequence[ClubName]) -> None:
    """Replace the rows of ``names``; of names that are gone keep the club alone."""
    connection.execute("create temp table resolved (like intermediate.club_names including defaults) on commit drop")
    columns = "country, season, name, team_id, status, why, nearest, leagues, first_day, matches, fixtures"
    with connection.cursor() as cursor, cursor.copy(f"copy resolved ({columns}) from stdin") as copy:
        for name in names:
            copy.write_row(
                (
                    *(name.country, name.season, name.name, name.team_id, name.status, name.why),
                    *(json.dumps(name.nearest), json.dumps(name.leagues), name.first_day, name.matches, name.fixtures),
                )
            )
    connection.execute("""
        update intermediate.club_names as stored set matches = 0, fixtures = 0
        where matches + fixtures > 0 and not exists (
            select from resolved
            where (resolved.country, resolved.season, resolved.name) = (stored.country, stored.season, stored.name)
        )
    """)
    taken = ("team_id", "status", "why", "nearest", "leagues", "first_day", "matches", "fixtures")
    old, new = (", ".join(f"{table}.{column}" for column in taken) for table in ("stored", "excluded"))
    connection.execute(
        f"""
        insert into intermediate.club_names as stored ({columns}) select {columns} from resolved
        on conflict (country, season, name) do update set ({", ".join(taken)}) = ({new})
            where ({old}) is distinct from ({new})
        """  # noqa: S608 - column names of this function
    )
    connection.execute("""
        update intermediate.club_names set latest_id = team_id where team_id is distinct from latest_id
            and team_id is not null
    """)
    # What reads a new table next must not take it for a small one: without it matches are joined row by row.
    connection.execute("drop table resolved; analyze intermediate.club_names")


def record_changes(
    connection: psycopg.Connection, changed: Sequence[ClubName], before: Mapping[Key, str | None]
) -> None:
    """Note in ``raw.changes`` that the matches of ``changed`` names are to be built anew, for both clubs of each.

    A club is built by its id, so the id a name had before is noted as well. Fixtures are built anew by every run.
    """
    rows = [
        (league, name.season, name.name, before[name.key])
        for name in changed
        for league in name.leagues
        if name.matches
    ]
    if not rows:
        return
    connection.execute("select pg_advisory_xact_lock(hashtext('raw.changes'))")
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into raw.changes (league, season, club, team_id, from_date)
            with own as (
                select home, away, match_date from raw.matches
                where league = %(league)s and season = %(season)s and %(name)s in (home, away)
            )
            select %(league)s, %(season)s, club, null, min(match_date)
            from own cross join lateral (values (home), (away)) as sides (club) group by club
            union all
            select %(league)s, %(season)s, %(name)s, %(before)s, min(match_date)
            from own where %(before)s::text is not null having count(*) > 0
            """,
            [dict(zip(("league", "season", "name", "before"), row, strict=True)) for row in rows],
        )


def without_proper_name(connection: psycopg.Connection) -> list[tuple[str, str, str, str, str]]:
    """(country, league, latest season, id, name) of clubs of the main divisions since 2005 that clubs.csv lacks."""
    return connection.execute(
        """
        select teams.country, teams.league, teams.season, teams.team_id, teams.name
        from marts.dim_teams as teams left join staging.clubs using (team_id)
        where clubs.team_id is null and teams.league = any(%s) and teams.season >= %s
        order by 1, 2, 4
        """,
        [list(MAIN_LEAGUES), NAMED_SINCE],
    ).fetchall()
