"""The resolution of names: every name in the raw tables gets its club, or is pending until an operator decides.

``resolve`` fills ``intermediate.club_names`` before dbt builds the intermediate layer, which joins it. Where a name's
club differs from the one stored before, ``raw.changes`` gets the affected clubs, so that incremental tables follow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import psycopg

from footpred_dagster.core.clubs.aliases import Aliases, aliases_in_force, decisions_version, slug_id
from footpred_dagster.core.clubs.leagues import CHECK, in_two_leagues
from footpred_dagster.core.clubs.names import ClubName, Key, record_changes, store
from footpred_dagster.core.clubs.spellings import Appearance, Split, nearest, probable_splits
from footpred_dagster.core.domain import LEAGUES
from footpred_dagster.core.matches import held_seasons
from footpred_dagster.core.matches.data_origin import simulated


@dataclass(frozen=True, slots=True)
class Resolution:
    """``names`` in the raw tables now; ``changed``: those that mean another club than before; version: of the table."""

    names: list[ClubName]
    changed: int
    version: str

    @property
    def pending(self) -> list[ClubName]:
        return [name for name in self.names if name.status == "pending"]


@dataclass(frozen=True, slots=True)
class _Seen:
    appearance: Appearance
    matches: int
    fixtures: int


def resolve(connection: psycopg.Connection, aliases: Aliases | None = None) -> Resolution:
    """Bring ``intermediate.club_names`` up to date with the raw tables and the aliases in force, in one transaction.

    Names no longer in the raw tables keep their rows, with no matches: changes recorded for them still find their id.
    Seasons whose clubs play in another league on the same days are held back.
    """
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtext('intermediate.club_names'))")
        aliases = aliases or aliases_in_force(connection)
        seen = _seen(connection, aliases)
        days = MatchDays(connection)
        foreign = in_two_leagues((each.appearance for each in seen), days.common)
        held_seasons.hold_back(connection, CHECK, foreign)
        names = _names(connection, seen, aliases, days, foreign)
        stored = connection.execute("select country, season, name, team_id, latest_id from intermediate.club_names")
        rows = stored.fetchall()
        before: dict[Key, str | None] = {row[:3]: row[3] for row in rows}
        changed = [name for name in names if name.key in before and before[name.key] != name.team_id]
        store(connection, names)
        held_seasons.apply(connection)
        record_changes(connection, changed, before)
        remember_merges(connection, changed, {row[:3]: row[4] for row in rows})
        version = connection.execute("""
            select count(*) || ':' || left(md5(coalesce(string_agg(
                concat_ws('|', country, season, name, team_id), ',' order by country, season, name), '')), 16)
            from intermediate.club_names
        """).fetchone()
    return Resolution(names, len(changed), str(version[0]) if version else "0:")


def remember_merges(
    connection: psycopg.Connection, changed: Sequence[ClubName], latest: Mapping[Key, str | None]
) -> None:
    """Keep which club took over an id that no name means any more, so that what was sealed under it is settled.

    ``latest``: the last id each name had, though it was pending meanwhile. An id that is in use again is no former one.
    In the caller's transaction, after the names were stored.
    """
    moved = {
        former: name.team_id
        for name in changed
        if name.team_id and (former := latest[name.key]) and former != name.team_id
    }
    connection.execute(
        """
        insert into predictions.club_merges as known (former_id, team_id)
        select former_id, team_id from unnest(%s::text[], %s::text[]) as moved (former_id, team_id)
        where not exists (select from intermediate.club_names as names
            where names.team_id = former_id and names.matches + names.fixtures > 0)
        on conflict (former_id) do update set team_id = excluded.team_id, merged_at = now()
            where known.team_id <> excluded.team_id
        """,
        [list(moved), list(moved.values())],
    )
    connection.execute("""
        delete from predictions.club_merges
        where exists (select from intermediate.club_names as names
            where names.team_id = former_id and names.matches + names.fixtures > 0);
        update predictions.club_merges as chained set team_id = onward.team_id
        from predictions.club_merges as onward where chained.team_id = onward.former_id
    """)


def names_cut(connection: psycopg.Connection) -> str:
    """What the resolution depends on besides the files: operators' decisions, and seasons held back, as text."""
    return f"{decisions_version(connection)}; {held_seasons.held_version(connection)}"


def appearances(connection: psycopg.Connection) -> list[Appearance]:
    """Every name in the raw tables by season and league with its club; about 12 000 of real data."""
    return [each.appearance for each in _seen(connection, aliases_in_force(connection))]


def _seen(connection: psycopg.Connection, aliases: Aliases) -> list[_Seen]:
    rows = connection.execute("""
        select league, season, name, min(match_date), count(*) filter (where is_result),
            count(*) filter (where not is_result)
        from (
            select league, season, home as name, match_date, true as is_result from raw.matches
            union all
            select league, season, away, match_date, true from raw.matches
            union all
            select league, season, name, match_date, false
            from (
                select league, match_date, home, away,
                    extract(year from match_date - interval '6 months')::int as start
                from raw.fixtures
            ) as listed
            cross join lateral (values (home), (away)) as sides (name)
            cross join lateral (select start || '-' || lpad(((start + 1) % 100)::text, 2, '0') as season) as named
        ) as sides
        group by 1, 2, 3
        order by 1, 2, 3
    """).fetchall()
    found = []
    for league, season, name, first_day, matches, fixtures in rows:
        country = LEAGUES[league].country
        team_id = aliases.team_id(country, name, season) or slug_id(country, name)
        found.append(_Seen(Appearance(country, league, season, team_id, name, first_day), matches, fixtures))
    return found


def _names(
    connection: psycopg.Connection,
    seen: Sequence[_Seen],
    aliases: Aliases,
    days: MatchDays,
    foreign: Collection[str],
) -> list[ClubName]:
    """One row per country, season and name, with doubts; what partitions of ``foreign`` matches name raises none."""
    listed = aliases.listed()
    everything = [
        each.appearance for each in seen if f"{each.appearance.league}|{each.appearance.season}" not in foreign
    ]
    doubts: dict[tuple[str, str, str], list[Split]] = defaultdict(list)
    # Fictional clubs are on no list, and their names are made of few parts.
    doubtful = [] if simulated(connection) else probable_splits(everything, listed, days.common)
    for split in doubtful:
        doubts[split.country, split.name, slug_id(split.country, split.name)].append(split)
    grouped: dict[Key, list[_Seen]] = defaultdict(list)
    for each in seen:
        grouped[each.appearance.country, each.appearance.season, each.appearance.name].append(each)
    merges = _merges(everything, days)
    spellings = _spellings(everything, listed)
    found = []
    for (country, season, name), group in grouped.items():
        team_id: str | None = group[0].appearance.team_id
        is_listed = (country, name, team_id) in listed
        splits = [] if is_listed else doubts.get((country, name, str(team_id)), [])
        why: str | None = None
        near: tuple[tuple[str, str], ...] = ()
        status: Literal["listed", "new", "pending"] = "listed" if is_listed else "new"
        if splits:
            status, team_id = "pending", None
            why = f"probably {splits[0].known}: {splits[0].why}"
            near = tuple((split.known, split.team_id) for split in splits)
        elif merged := merges.get((country, season, name)):
            status, team_id, why = "pending", None, merged
        if status == "pending":
            near = _nearest(name, spellings[country], near)
        found.append(
            ClubName(
                *(country, season, name, team_id, status, why, near),
                tuple(sorted(each.appearance.league for each in group)),
                min(each.appearance.first_day for each in group),
                sum(each.matches for each in group),
                sum(each.fixtures for each in group),
            )
        )
    return found


def _spellings(seen: Sequence[Appearance], listed: set[tuple[str, str, str]]) -> dict[str, dict[str, str]]:
    """By country, every name that plays or played there with its club."""
    clubs = {(each.country, each.team_id) for each in seen}
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for country, name, team_id in sorted(listed):
        if (country, team_id) in clubs:
            found[country][name] = team_id
    for each in seen:
        found[each.country].setdefault(each.name, each.team_id)
    return found


def _nearest(
    name: str, spellings: Mapping[str, str], first: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    """Up to three clubs, those of ``first`` before the others, each once."""
    found = dict.fromkeys(first)
    for other in nearest(name, [each for each in spellings if each != name], n=6):
        if spellings[other] not in {team_id for _, team_id in found}:
            found[other, spellings[other]] = None
    return tuple(found)[:3]


def _merges(appearances: Iterable[Appearance], days: MatchDays) -> dict[Key, str]:
    """Names that cannot mean the club they are listed for, because another name of it plays elsewhere on that day.

    The name that came later into the season is the doubtful one.
    """
    grouped: dict[Key, list[Appearance]] = defaultdict(list)
    for each in appearances:
        grouped[each.country, each.season, each.name].append(each)
    by_club: dict[tuple[str, str, str], list[tuple[date, str, list[Appearance]]]] = defaultdict(list)
    for (country, season, name), group in grouped.items():
        first = min(each.first_day for each in group)
        by_club[country, season, group[0].team_id].append((first, name, group))
    found = {}
    for (country, season, team_id), names in by_club.items():
        names.sort(key=lambda each: each[:2])
        for number, (_, name, own) in enumerate(names):
            for _, earlier, others in names[:number]:
                if any(days.common(one, other) for one in own for other in others):
                    found[country, season, name] = f"means {team_id} as {earlier} does, and both play on one day"
    return found


class MatchDays:
    """The days on which a name of a league and season plays, read when first asked for.

    Results are compared with results and fixtures with fixtures: a fixture may keep the day it was moved from.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[str, str, str], set[tuple[bool, date]]] = {}

    def common(self, one: Appearance, other: Appearance) -> bool:
        """Whether both play on one day: then they are two clubs."""
        return bool(self._days(one) & self._days(other))

    def _days(self, of: Appearance) -> set[tuple[bool, date]]:
        key = (of.league, of.season, of.name)
        if key not in self._known:
            rows = self._connection.execute(
                """
                select true, match_date from raw.matches
                where league = %(league)s and season = %(season)s and %(name)s in (home, away)
                union
                select false, match_date from raw.fixtures where league = %(league)s and %(name)s in (home, away)
                """,
                {"league": of.league, "season": of.season, "name": of.name},
            ).fetchall()
            self._known[key] = set(rows)
        return self._known[key]
