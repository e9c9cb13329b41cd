"""From the archive to raw.openfootball_matches: one file, one transaction, under that file's lock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

import psycopg

from footpred_dagster.core.archive.base import Archive, ObjectLost
from footpred_dagster.core.domain import LEAGUES, Season
from footpred_dagster.sources.fetching.fetch import Target
from footpred_dagster.sources.fetching.fetch_log import bodies_of, newest_bodies
from footpred_dagster.sources.openfootball import FILES, FIRST_SEASON, schedule_target
from footpred_dagster.sources.openfootball.parse import PARSER_VERSION, ParsedSchedule, ScheduledMatch, parse_schedule
from footpred_dagster.sources.parsing.records import Quarantined
from footpred_dagster.sources.parsing.tabular import FileRefused
from footpred_dagster.sources.raw_source import Loaded


@dataclass(frozen=True, slots=True)
class ScheduleReport:
    """Files ``loaded`` and ``refused`` now, and the ``rows`` the table holds."""

    loaded: int
    refused: int
    rows: int


def targets(until: date) -> list[Target]:
    """Every file there can be, newest season first."""
    return [
        schedule_target(league, season)
        for start in range(until.year, FIRST_SEASON - 1, -1)
        for league in FILES
        if (season := Season(start)).first_day <= until and LEAGUES[league].has(season)
    ]


def unsettled(connection: psycopg.Connection, wanted: Iterable[Target]) -> list[Target]:
    """Those still worth asking a remote source for: a complete season answered for since, with a file or none, is not.

    Corrections months later are not looked for here: this is the second opinion.
    """
    rows = connection.execute(
        "select path, max(fetched_at) from raw.fetches where path like %s and status in (200, 304, 404) group by 1",
        ["____-__/%.json"],
    )
    answered: dict[str, datetime] = dict(rows.fetchall())
    return [target for target in wanted if target.path not in answered or answered[target.path] < _season(target).end]


def due(connection: psycopg.Connection, wanted: Iterable[Target]) -> list[Target]:
    """Targets whose newest archived body was neither loaded nor refused by this parser."""
    known = set(connection.execute("select path, sha256, parser_version from raw.openfootball_files").fetchall())
    targets = list(wanted)
    newest = newest_bodies(connection, [target.path for target in targets])
    found = ((target, newest.get(target.path)) for target in targets)
    return [target for target, sha in found if sha and (target.path, sha, PARSER_VERSION) not in known]


def load_schedules(connection: psycopg.Connection, archive: Archive, wanted: Iterable[Target]) -> ScheduleReport:
    """Load what is due; a refused body leaves the rows as they were and is remembered with its reason."""
    loaded = refused = 0
    for target in due(connection, wanted):
        if _load(connection, archive, target):
            loaded += 1
        else:
            refused += 1
    row = connection.execute("select count(*) from raw.openfootball_matches").fetchone()
    return ScheduleReport(loaded, refused, row[0] if row else 0)


def schedules_version(connection: psycopg.Connection) -> str:
    """What the table holds, as one short text: the bodies it was loaded from and the parser that read them."""
    row = connection.execute("""
        select count(*) || ':' || left(md5(coalesce(
            string_agg(path || sha256 || parser_version, ',' order by path), '')), 16)
        from raw.openfootball_files
    """).fetchone()
    return str(row[0]) if row else "0:"


def _season(target: Target) -> Season:
    return Season.stored(target.partition_key.rpartition("|")[2])


def load_schedule_body(connection: psycopg.Connection, archive: Archive, digest: str, target: Target) -> Loaded:
    """Make a file's rows those of ``digest`` until the next load; refused, they stay and it is not remembered."""
    with connection.transaction(), connection.cursor() as cursor:
        _lock(cursor, target)
        try:
            parsed = _write(cursor, archive, target, digest)
        except FileRefused as refusal:
            return Loaded("refused", detail=f"{refusal.reason}: {refusal.detail}")
        _remember(cursor, target, digest, None)
    facts = {"rows_read": parsed.rows_read, "duplicate_rows": parsed.duplicate_rows}
    return Loaded("loaded", len(parsed.matches), len(parsed.quarantined), facts=facts)


def _load(connection: psycopg.Connection, archive: Archive, target: Target) -> bool:
    """Load the newest body; where that is refused, the rows are those of the newest that was not.

    They are written again even then, because a replay may have put others in their place.
    """
    with connection.transaction(), connection.cursor() as cursor:
        _lock(cursor, target)
        reason = None
        bodies = bodies_of(connection, target.path)
        for digest in reversed(bodies):
            try:
                _write(cursor, archive, target, digest)
                break
            except FileRefused as refusal:
                reason = reason or str(refusal)
            except ObjectLost:
                if digest == bodies[-1]:
                    raise
        _remember(cursor, target, bodies[-1], reason)
    return reason is None


def _lock(cursor: psycopg.Cursor, target: Target) -> None:
    cursor.execute("select pg_advisory_xact_lock(hashtext(%s))", [f"raw.openfootball:{target.path}"])


def _write(cursor: psycopg.Cursor, archive: Archive, target: Target, digest: str) -> ParsedSchedule:
    """Replace a file's rows and what was quarantined of it; raises FileRefused before anything is touched."""
    league, season = target.partition_key.split("|")[1:]
    parsed = parse_schedule(archive.get(digest), league, Season.stored(season))
    cursor.execute("delete from raw.openfootball_matches where league = %s and season = %s", [league, season])
    cursor.execute("delete from raw.quarantine where partition_key = %s", [target.partition_key])
    columns = ", ".join(ScheduledMatch._fields)
    with cursor.copy(f"copy raw.openfootball_matches (league, season, {columns}) from stdin") as copy:
        for match in parsed.matches:
            copy.write_row((league, season, *match))
    columns = ", ".join(f'"{name}"' for name in Quarantined._fields)
    with cursor.copy(f"copy raw.quarantine (partition_key, path, sha256, {columns}) from stdin") as copy:
        for item in parsed.quarantined:
            copy.write_row((target.partition_key, target.path, digest, *item))
    return parsed


def _remember(cursor: psycopg.Cursor, target: Target, digest: str, reason: str | None) -> None:
    cursor.execute(
        """
        insert into raw.openfootball_files (path, sha256, parser_version, refused_because)
        values (%s, %s, %s, %s)
        on conflict (path) do update set sha256 = excluded.sha256, parser_version = excluded.parser_version,
            refused_because = excluded.refused_because, loaded_at = clock_timestamp()
        """,
        [target.path, digest, PARSER_VERSION, reason],
    )
