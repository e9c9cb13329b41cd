"""The fetch log beside the objects it names, so that an archive alone is enough to fill an empty database.

A segment is one immutable file of JSON lines, a request a line, under the column names of ``raw.fetches``; instants are
ISO, UTC. A request is known by its source, path and instant: one that stands in two segments counts once. What
``footpred accept`` let in decides what a load makes of these bodies: each is a segment of one line, ``{"accepted":
row}``, with a row of ``raw.accepted``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.matches.data_origin import MixedOrigins, mixed

COLUMNS = (
    *("source", "path", "url", "status", "etag", "last_modified", "sha256", "size", "seconds", "simulated"),
    "fetched_at",
)
READERS = 8
"""Segments asked for at once: on S3 the time goes by waiting."""


def keep_log(connection: psycopg.Connection, archive: Archive) -> None:
    """Write the requests that stand in no segment yet as one; what a killed process left behind is among them."""
    with connection.transaction(), connection.cursor() as cursor:
        rows = cursor.execute(
            _composed("select fetch_id, {} from raw.fetches where segment is null order by fetch_id for update")
        ).fetchall()
        if not rows:
            return
        lines = [json.dumps(dict(zip(COLUMNS, map(_plain, row[1:]), strict=True))) + "\n" for row in rows]
        segment = archive.put_segment("".join(lines).encode())
        kept = [row[0] for row in rows]
        cursor.execute("update raw.fetches set segment = %s where fetch_id = any(%s)", [segment, kept])


def keep_acceptance(connection: psycopg.Connection, archive: Archive, sha256: str) -> None:
    """Write a row of ``raw.accepted`` as a segment."""
    row = connection.execute("select to_jsonb(kept) from raw.accepted as kept where sha256 = %s", [sha256]).fetchone()
    archive.put_segment((json.dumps({"accepted": row[0] if row else None}) + "\n").encode())


def restore_log(connection: psycopg.Connection, archive: Archive) -> None:
    """Add the requests and acceptances of the archive's log that this database does not know.

    Raises MixedOrigins and adds nothing.
    """
    known = {name for (name,) in connection.execute("select distinct segment from raw.fetches")}
    missing = [name for name in archive.segments() if name not in known]
    with connection.transaction(), ThreadPoolExecutor(READERS) as pool:
        for name, text in zip(missing, pool.map(archive.get_segment, missing), strict=True):
            lines = f"[{','.join(text.decode().splitlines())}]"
            connection.execute(
                """
                insert into raw.accepted
                select kept.* from jsonb_array_elements(%s) as line,
                    jsonb_populate_record(null::raw.accepted, line -> 'accepted') as kept
                where line ? 'accepted'
                on conflict do nothing
                """,
                [lines],
            )
            connection.execute(
                _composed("""
                    insert into raw.fetches ({}, segment)
                    select {}, %s from jsonb_populate_recordset(null::raw.fetches, %s::jsonb) as kept
                    where kept.path is not null and not exists (
                        select from raw.fetches as known
                        where (known.source, known.path, known.fetched_at) = (kept.source, kept.path, kept.fetched_at)
                    )
                    order by fetched_at
                """),
                [name, lines],
            )
        if mixed(connection):
            raise MixedOrigins("this archive's football and this home's are not both real or both simulated")


def newest_bodies(connection: psycopg.Connection, paths: Iterable[str]) -> dict[str, str]:
    """sha256 of the newest body any source gave, by path; a path nobody gave one for is not in it."""
    rows = connection.execute(
        """
        select distinct on (path) path, sha256 from raw.fetches
        where sha256 is not null and path = any(%s) order by path, fetched_at desc, fetch_id desc
        """,
        [list(paths)],
    )
    return dict(rows.fetchall())


def bodies_of(connection: psycopg.Connection, path: str) -> list[str]:
    """sha256 of every body a path ever had, oldest first; one that came back stands in it again."""
    rows = connection.execute(
        """
        select sha256 from (
            select fetched_at, fetch_id, sha256, lag(sha256) over (order by fetched_at, fetch_id) as before
            from raw.fetches where sha256 is not null and path = %s
        ) as answers
        where sha256 is distinct from before order by fetched_at, fetch_id
        """,
        [path],
    )
    return [digest for (digest,) in rows]


def _composed(statement: str) -> sql.Composed:
    """``statement`` with the columns in place of each ``{}``."""
    columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
    return sql.SQL(statement).format(*[columns] * statement.count("{}"))


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
