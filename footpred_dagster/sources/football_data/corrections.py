"""What a new file says differently about matches already loaded: their history, and which clubs changed."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from datetime import date
from typing import Any

import psycopg
from psycopg import sql

from footpred_dagster.core.archive.base import sha256_hex
from footpred_dagster.sources.parsing.records import RawMatch

ODDS = ("avg_h", "avg_d", "avg_a", "avg_close_h", "avg_close_d", "avg_close_a")
COMPARED = tuple(name for name in RawMatch._fields if name not in ("line", "looks_awarded", *ODDS))
"""A line moves with every row above it; odds drift with every delivery and stay readable in both archived files. That a
row looks awarded is no word of the source."""


def record_corrections(cursor: psycopg.Cursor, partition_key: str, body: bytes, matches: Sequence[RawMatch]) -> int:
    """Write a history row for each stored match of the partition that ``matches`` changes or lacks; returns how many.

    Call in the transaction that replaces the rows, before it does.
    """
    digest = sha256_hex(body)
    loaded = cursor.execute("select sha256 from raw.loads where partition_key = %s", [partition_key]).fetchone()
    if loaded is None or loaded[0] == digest:
        return 0
    written = 0
    for old, new in _pair(_stored(cursor, partition_key), matches):
        changed = [name for name in COMPARED if new is None or getattr(old, name) != getattr(new, name)]
        if not changed:
            continue
        cursor.execute(
            """
            insert into raw.match_history
                (partition_key, match_date, home, away, kind, old_values, new_values, old_sha256, new_sha256)
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
            on conflict do nothing
            """,
            [
                *(partition_key, old.match_date, old.home, old.away, "changed" if new else "removed"),
                *(_values(old, changed), _values(new, changed) if new else None, loaded[0], digest),
            ],
        )
        written += cursor.rowcount
    return written


def record_changes(cursor: psycopg.Cursor, partition_key: str, matches: Sequence[RawMatch]) -> None:
    """Note in ``raw.changes`` which clubs' lines ``matches`` adds, drops or alters, and from which date on.

    Call in the transaction that replaces the rows, before it does. Numbers follow the order of commits: whoever has
    taken in one has taken in all below it.
    """
    before, after = (Counter(match[1:] for match in side) for side in (_stored(cursor, partition_key), matches))
    first: dict[str, date] = {}
    for line in (before - after) | (after - before):
        match = RawMatch(0, *line)
        for club in (match.home, match.away):
            first[club] = min(match.match_date, first.get(club, match.match_date))
    if first:
        cursor.execute("select pg_advisory_xact_lock(hashtext('raw.changes'))")
        league, _, season = partition_key.partition("|")
        cursor.executemany(
            "insert into raw.changes (league, season, club, from_date) values (%s, %s, %s, %s)",
            [(league, season, club, day) for club, day in sorted(first.items())],
        )


def _stored(cursor: psycopg.Cursor, partition_key: str) -> list[RawMatch]:
    columns = sql.SQL(", ").join(map(sql.Identifier, RawMatch._fields))
    query = sql.SQL("select {} from raw.matches where partition_key = %s order by match_date, line").format(columns)
    return [RawMatch._make(row) for row in cursor.execute(query, [partition_key])]


def _pair(old: Sequence[RawMatch], new: Sequence[RawMatch]) -> Iterator[tuple[RawMatch, RawMatch | None]]:
    """Each old match with the new row that is the same match, None where there is none.

    First by date and both names; what is left by both names in order of date (it moved); then by date and one name (the
    other is spelled anew: no team plays twice on one day).
    """
    keys: tuple[Callable[[RawMatch], Hashable], ...] = (
        lambda match: (match.match_date, match.home, match.away),
        lambda match: (match.home, match.away),
        lambda match: (match.match_date, match.home),
        lambda match: (match.match_date, None, match.away),
    )
    left = list(old)
    free = sorted(new, key=lambda match: match.match_date)
    for key in keys:
        by_key = defaultdict(list)
        for match in free:
            by_key[key(match)].append(match)
        unmatched = []
        for match in left:
            candidates = by_key[key(match)]
            if candidates:
                yield match, candidates.pop(0)
            else:
                unmatched.append(match)
        left, free = unmatched, [match for matches in by_key.values() for match in matches]
        free.sort(key=lambda match: match.match_date)
    for match in left:
        yield match, None


def _values(match: RawMatch, names: Sequence[str]) -> str:
    """The named fields as JSON; dates and times as ISO text."""
    values: dict[str, Any] = {name: getattr(match, name) for name in names}
    return json.dumps(values, default=str)
