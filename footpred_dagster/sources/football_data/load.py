"""From the archive to the raw tables: one partition, one transaction, under that partition's lock."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg import sql

from footpred_dagster.core.archive.base import Archive, ObjectLost, sha256_hex
from footpred_dagster.core.domain import LEAGUES, MAIN_LEAGUES, Season
from footpred_dagster.sources.clients.base import FIXTURES_PATH, results_path
from footpred_dagster.sources.fetching.fetch import Target
from footpred_dagster.sources.fetching.fetch_log import bodies_of, newest_bodies
from footpred_dagster.sources.football_data.admission import admit, refuse_emptied
from footpred_dagster.sources.football_data.corrections import record_changes, record_corrections
from footpred_dagster.sources.football_data.extra_leagues import parse_extra
from footpred_dagster.sources.football_data.results import (
    PARSER_VERSION,
    FileRefused,
    ParsedFile,
    Quarantined,
    RawFixture,
    RawMatch,
    parse_fixtures,
    parse_results,
)
from footpred_dagster.sources.parsing.tolerance import refuse_unreadable
from footpred_dagster.sources.raw_source import Loaded

NO_ROWS = {"rows_read": 0, "duplicate_rows": 0}

FIXTURES = Target("fixtures", FIXTURES_PATH)


def results_target(league: str, season: Season) -> Target:
    return Target(f"{league}|{season}", results_path(league, season))


def load_results(
    connection: psycopg.Connection, archive: Archive, league: str, season: Season, digest: str | None = None
) -> Loaded:
    """Replace one league-season by the newest archived body, unless the table holds that body already.

    A refused body leaves the rows as they were and is remembered in ``raw.refusals``; what an accepted one changes in
    matches already loaded is kept in ``raw.match_history``. A partition without rows goes through all its bodies in the
    order they came, so that it ends as one that saw them come. With ``digest`` it is replaced by exactly that body (a
    replay) until the next load: no guard, no history; refused, that one is not remembered.
    """
    target = results_target(league, season)

    def write(cursor: psycopg.Cursor, body: bytes) -> _Written:
        parsed = parse_season(body, league, season)
        corrected = 0
        if digest is None:
            parsed = admit(cursor.connection, league, season, sha256_hex(body), parsed)
            corrected = record_corrections(cursor, target.partition_key, body, parsed.matches)
        else:
            refuse_emptied(cursor.connection, target.partition_key, parsed)
        record_changes(cursor, target.partition_key, parsed.matches)
        cursor.execute("delete from raw.matches where partition_key = %s", [target.partition_key])
        rows = [(target.partition_key, league, str(season), *match) for match in parsed.matches]
        _copy(cursor, "matches", ("partition_key", "league", "season", *RawMatch._fields), rows)
        return _Written(len(rows), parsed.quarantined, parsed.facts, corrected)

    return _load(connection, archive, target, write, digest)


def parse_season(body: bytes, league: str, season: Season) -> ParsedFile:
    """One season of a file; one that an extra league's file does not hold yet is empty. Raises FileRefused."""
    file = LEAGUES[league].file
    if file is None:
        return parse_results(body, league, season)
    parsed = parse_extra(body, file).get((league, season)) or ParsedFile([], [], dict(NO_ROWS))
    refuse_unreadable(parsed.quarantined, int(str(parsed.facts["rows_read"])))
    return parsed


def load_fixtures(connection: psycopg.Connection, archive: Archive, digest: str | None = None) -> Loaded:
    """Replace the fixtures by the newest archived ``fixtures.csv``, under the same rules."""

    def write(cursor: psycopg.Cursor, body: bytes) -> _Written:
        parsed = parse_fixtures(body, MAIN_LEAGUES)
        cursor.execute("delete from raw.fixtures")
        _copy(cursor, "fixtures", RawFixture._fields, parsed.fixtures)
        return _Written(len(parsed.fixtures), parsed.quarantined, parsed.facts)

    return _load(connection, archive, FIXTURES, write, digest)


def due(connection: psycopg.Connection, targets: Sequence[Target]) -> list[str]:
    """Partition keys whose newest archived body is neither loaded nor already refused, and those that were replayed."""
    rows = connection.execute(
        """
        with newest as (
            select distinct on (path) path, sha256 from raw.fetches
            where sha256 is not null and path = any(%(paths)s) order by path, fetched_at desc, fetch_id desc
        )
        select target.partition_key
        from unnest(%(keys)s::text[], %(paths)s::text[]) with ordinality as target (partition_key, path, position)
        inner join newest on target.path = newest.path
        left join raw.loads as loads on target.partition_key = loads.partition_key
        left join raw.refusals as refusals on target.partition_key = refusals.partition_key
        where (
            (loads.sha256, loads.parser_version) is distinct from (newest.sha256, %(parser)s)
            -- the file that was refused is gone and the one before it is back
            or refusals.sha256 is not null
        ) and (refusals.sha256, refusals.parser_version) is distinct from (newest.sha256, %(parser)s)
        or loads.replayed
        order by target.position
        """,
        {
            "keys": [target.partition_key for target in targets],
            "paths": [target.path for target in targets],
            "parser": PARSER_VERSION,
        },
    ).fetchall()
    return [row[0] for row in rows]


def raw_version(connection: psycopg.Connection, *, fixtures: bool) -> str:
    """What the raw tables hold, as one short text: the bodies they were loaded from and the parser that read them."""
    row = connection.execute(
        """
        select count(*) || ':' || left(md5(coalesce(
            string_agg(partition_key || sha256 || parser_version, ',' order by partition_key), '')), 16)
        from raw.loads where (partition_key = %s) = %s
        """,
        [FIXTURES.partition_key, fixtures],
    ).fetchone()
    return str(row[0]) if row else "0:"


@dataclass(frozen=True, slots=True)
class _Written:
    rows: int
    quarantined: list[Quarantined]
    facts: dict[str, Any]
    corrected: int = 0


def _load(
    connection: psycopg.Connection, archive: Archive, target: Target, write: Any, replayed: str | None = None
) -> Loaded:
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext(%s))", [f"raw.loads:{target.partition_key}"])
        newest = newest_bodies(connection, [target.path]).get(target.path)
        if replayed:
            return _load_body(cursor, archive, target, write, replayed, aside=replayed != newest, again=True)
        if newest is None:
            return Loaded("missing")
        lost = _load_earlier(cursor, archive, target, write)
        return replace(_load_body(cursor, archive, target, write, newest), lost=lost)


def _load_earlier(cursor: psycopg.Cursor, archive: Archive, target: Target, write: Any) -> tuple[str, ...]:
    """Take a partition without rows, or one set aside, through all bodies but the newest; returns the lost ones."""
    row = cursor.execute("select replayed from raw.loads where partition_key = %s", [target.partition_key]).fetchone()
    if row == (False,):
        return ()
    cursor.execute("update raw.loads set replayed = false where partition_key = %s", [target.partition_key])
    lost = []
    for digest in bodies_of(cursor.connection, target.path)[:-1]:
        try:
            _load_body(cursor, archive, target, write, digest)
        except ObjectLost:
            lost.append(digest)
    return tuple(lost)


def _load_body(
    cursor: psycopg.Cursor,
    archive: Archive,
    target: Target,
    write: Any,
    digest: str,
    *,
    again: bool = False,
    aside: bool = False,
) -> Loaded:
    """Make a partition hold what ``digest`` says.

    again: also when it holds that already, and without touching what is remembered of refusals.
    aside: it then holds something else than its log says.
    """
    current = cursor.execute(
        """
        select rows, quarantined, facts from raw.loads
        where partition_key = %s and sha256 = %s and parser_version = %s
        """,
        [target.partition_key, digest, PARSER_VERSION],
    ).fetchone()
    if current and not again:
        cursor.execute("delete from raw.refusals where partition_key = %s", [target.partition_key])
        rows, quarantined, facts = current
        return Loaded("unchanged", rows, quarantined, facts=facts)
    try:
        written = write(cursor, archive.get(digest))
    except FileRefused as refusal:
        if not again:
            _remember_refusal(cursor, target, digest, refusal)
        return Loaded("refused", detail=f"{refusal.reason}: {refusal.detail}")
    if not again:
        cursor.execute("delete from raw.refusals where partition_key = %s", [target.partition_key])
    _remember_load(cursor, target, digest, written, aside=aside)
    return Loaded("loaded", written.rows, len(written.quarantined), facts=written.facts, corrected=written.corrected)


def _remember_load(cursor: psycopg.Cursor, target: Target, digest: str, written: _Written, *, aside: bool) -> None:
    cursor.execute("delete from raw.quarantine where partition_key = %s", [target.partition_key])
    _copy(
        cursor,
        "quarantine",
        ("partition_key", "path", "sha256", *Quarantined._fields),
        [(target.partition_key, target.path, digest, *item) for item in written.quarantined],
    )
    cursor.execute(
        """
        insert into raw.loads (partition_key, sha256, parser_version, rows, quarantined, facts, replayed)
        values (%s, %s, %s, %s, %s, %s, %s)
        on conflict (partition_key) do update set
            sha256 = excluded.sha256, parser_version = excluded.parser_version, rows = excluded.rows,
            quarantined = excluded.quarantined, facts = excluded.facts, replayed = excluded.replayed,
            loaded_at = clock_timestamp()
        """,
        [
            target.partition_key,
            digest,
            PARSER_VERSION,
            written.rows,
            len(written.quarantined),
            json.dumps(written.facts),
            aside,
        ],
    )


def _remember_refusal(cursor: psycopg.Cursor, target: Target, digest: str, refusal: FileRefused) -> None:
    cursor.execute(
        """
        insert into raw.refusals (partition_key, sha256, parser_version, reason, detail, structural)
        values (%s, %s, %s, %s, %s, %s)
        on conflict (partition_key) do update set
            sha256 = excluded.sha256, parser_version = excluded.parser_version, reason = excluded.reason,
            detail = excluded.detail, structural = excluded.structural, refused_at = clock_timestamp()
        """,
        [target.partition_key, digest, PARSER_VERSION, refusal.reason, refusal.detail, refusal.structural],
    )


def _copy(cursor: psycopg.Cursor, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    statement = sql.SQL("copy {} ({}) from stdin").format(
        sql.Identifier("raw", table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
