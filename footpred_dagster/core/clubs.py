"""Clubs by their names: which spellings are close, and where an unknown or a wrong alias would corrupt the history.

Measured on 32 seasons of the 22 main divisions, each name taken as unknown in the season it first appears: of 34 names
that were another spelling of a club on record, ``probable_splits`` finds 30 (the other four are renamed clubs, which no
spelling gives away); of 477 clubs that were truly new it stops at 25, less than one a year. A stop costs a line in
``team_aliases.csv``; a split costs the club its rating and form.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import psycopg

from footpred_dagster.core.domain import MAIN_LEAGUES

ALIKE = 0.8
"""difflib's ratio from which two spellings are near: "Genk" and "Gent" 0.75, "Ath Madrid" and "Atl. Madrid" 0.9."""
LEAST_WORD = 3
NAMED_SINCE = "2005-06"
NO_NAMES = frozenset({"afc", "club", "the"})
JOINS_LATE = timedelta(days=28)
"""Nobody joins a league weeks after its first day: a name that does is a spelling of somebody in it."""


@dataclass(frozen=True, slots=True)
class Appearance:
    """A club under one name in one season of a league, played matches and listed fixtures alike."""

    country: str
    league: str
    season: str
    team_id: str
    name: str
    first_day: date


@dataclass(frozen=True, slots=True)
class Split:
    """An unknown name that is probably ``known``, a spelling of ``team_id``."""

    country: str
    league: str
    season: str
    name: str
    known: str
    team_id: str
    why: str


@dataclass(frozen=True, slots=True)
class Merge:
    """A day on which one id did what one club cannot, under ``names``."""

    league: str
    day: date
    team_id: str
    names: str
    why: str


def nearest(name: str, known: Iterable[str], n: int = 3) -> list[str]:
    """The up to ``n`` spellings in ``known`` that look most like ``name``, best first."""
    return difflib.get_close_matches(name, list(known), n=n, cutoff=0.5)


def is_near(name: str, other: str) -> bool:
    """Whether two spellings may well mean one club: equal but for marks, one's words within the other's, or alike."""
    words, others = _words(name), _words(other)
    if "".join(words) == "".join(others):
        return True
    short, long = sorted(([w for w in group if _tells(w)] for group in (words, others)), key=len)
    if short and all(any(a.startswith(b) or b.startswith(a) for b in long) for a in short):
        return True
    return difflib.SequenceMatcher(None, " ".join(words), " ".join(others)).ratio() >= ALIKE


def probable_splits(appearances: Sequence[Appearance], known: Mapping[tuple[str, str], str]) -> list[Split]:
    """Names not in ``known`` ((country, name) -> team_id) that look like a club on record which plays not beside them.

    Either that club played in an earlier season and is absent in this one, or it plays in the same league and the name
    turned up ``JOINS_LATE`` after the league's first day. A name near nobody on record is a new club.
    """
    clubs: dict[tuple[str, str], list[Appearance]] = defaultdict(list)
    began: dict[tuple[str, str], date] = {}
    for seen in appearances:
        clubs[seen.country, seen.team_id].append(seen)
        there = (seen.league, seen.season)
        began[there] = min(began.get(there, seen.first_day), seen.first_day)
    spellings: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (country, spelling), team_id in known.items():
        spellings[country, team_id].append(spelling)
    splits = []
    for new in appearances:
        if (new.country, new.name) in known:
            continue
        for key, names in spellings.items():
            near = [name for name in names if is_near(new.name, name)] if key[0] == new.country else []
            why = _why_split(new, clubs[key], began[new.league, new.season]) if near else None
            if why:
                best = (nearest(new.name, near, n=1) or near)[0]
                splits.append(Split(new.country, new.league, new.season, new.name, best, key[1], why))
    return splits


def _why_split(new: Appearance, record: Sequence[Appearance], league_began: date) -> str | None:
    beside = [seen for seen in record if seen.season == new.season]
    if not beside and any(seen.season < new.season for seen in record):
        return "on record before, absent while the new name plays"
    if new.first_day - league_began > JOINS_LATE and any(seen.league == new.league for seen in beside):
        return "in the same league, which the new name would have joined in mid-season"
    return None


def known_names(connection: psycopg.Connection) -> dict[tuple[str, str], str]:
    """The alias table as built: (country, name) -> team_id."""
    rows = connection.execute("select country, name, team_id from staging.team_aliases").fetchall()
    return {(country, name): team_id for country, name, team_id in rows}


def unnamed(connection: psycopg.Connection) -> list[tuple[str, str, str, str, str]]:
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


def appearances(connection: psycopg.Connection) -> list[Appearance]:
    """Every club, name, season and league of the intermediate tables with its first day; about 12 000 of real data."""
    rows = connection.execute("""
        select country, league, season, team_id, name, min(match_date)
        from (
            select country, league, season, home_id as team_id, home_name as name, match_date
            from intermediate.int_matches
            union all
            select country, league, season, away_id, away_name, match_date from intermediate.int_matches
            union all
            select country, league, season, home_id, home_name, match_date from intermediate.int_fixtures
            union all
            select country, league, season, away_id, away_name, match_date from intermediate.int_fixtures
        ) as sides
        group by 1, 2, 3, 4, 5
        order by 1, 3, 2, 5
    """).fetchall()
    return [Appearance(*row) for row in rows]


def wrong_merges(connection: psycopg.Connection) -> list[Merge]:
    """Ids that played themselves, or twice on one day under two names: two clubs under one id."""
    rows = connection.execute("""
        with games as (
            select league, match_date, home_id, away_id, home_name, away_name
            from intermediate.int_matches where status = 'played'
            union all
            select league, match_date, home_id, away_id, home_name, away_name
            from intermediate.int_fixtures where not is_played
        ),
        sides as (
            select league, match_date, home_id as team_id, home_name as name from games where home_id <> away_id
            union all
            select league, match_date, away_id, away_name from games where home_id <> away_id
        )
        select league, match_date, home_id, home_name || ', ' || away_name, 'plays itself'
        from games where home_id = away_id
        union all
        select min(league), match_date, team_id, string_agg(distinct name, ', '), 'plays twice on one day'
        from sides
        group by match_date, team_id having count(distinct name) > 1
        order by 2, 3
    """).fetchall()
    return [Merge(*row) for row in rows]


def _words(name: str) -> list[str]:
    """Lower-case words of letters and digits, accents and apostrophes taken off."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return re.findall(r"[a-z0-9]+", re.sub("['\u2019\x92]", "", bare.casefold()))


def _tells(word: str) -> bool:
    return len(word) >= LEAST_WORD and word not in NO_NAMES
