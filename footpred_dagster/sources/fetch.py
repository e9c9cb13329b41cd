"""From a source to the archive: ask only what is due, keep every body, log every request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import psycopg

from footpred_dagster.core.provenance import MixedOrigins, simulated
from footpred_dagster.core.storage import Archive
from footpred_dagster.sources.archive import ArchiveSource
from footpred_dagster.sources.base import Fetched, FileUnreadable, Source, SourceUnavailable, Validators
from footpred_dagster.sources.fetch_log import keep_log, newest_bodies, restore_log

NO_ANSWER = "no_answer"
"""Reason of a file that failed while the source answered for others."""
SOURCE_DOWN = "source_down"
"""Reason of a file that failed with the source as a whole; such a file is not refused."""


@dataclass(frozen=True, slots=True)
class Target:
    """A file to ask for: the partition it fills and its path at the source."""

    partition_key: str
    path: str


@dataclass(slots=True)
class FetchReport:
    """What happened, by partition key."""

    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    fresh: list[str] = field(default_factory=list)
    """Not asked for: the source answered for them moments ago."""
    unreadable: list[str] = field(default_factory=list)
    """Gave no body: too large, a broken link, no answer for this file; ``raw.fetch_failures`` has the reason. What was
    loaded before stays."""


def fetch(
    connection: psycopg.Connection,
    archive: Archive,
    source: Source | ArchiveSource,
    targets: Iterable[Target],
    *,
    max_age: float = 0.0,
    progress: Callable[[Target], None] = lambda _: None,
) -> FetchReport:
    """Fetch each target that was not answered for in the last ``max_age`` seconds; archive new bodies before logging.

    A path that several partitions share is asked for once, and the answer counts for each of them.
    The connection must be in autocommit: each answer is logged as it comes, so that an interrupted fetch resumes.
    At the end the archive gets the log as well. A file that the source does not answer for stops no other: those that
    failed before come last, so that no row of them has the source given up before the others had their turn.

    Raises SourceUnavailable when no file was answered for or the source gave up, and MixedOrigins before anything is
    kept; what was fetched before stays fetched.
    """
    if isinstance(source, ArchiveSource):
        return _restore(connection, archive, targets, progress)
    try:
        report = _ask(connection, archive, source, targets, max_age, progress)
    except SourceUnavailable:
        keep_log(connection, archive)
        raise
    keep_log(connection, archive)
    return report


def _restore(
    connection: psycopg.Connection, archive: Archive, targets: Iterable[Target], progress: Callable[[Target], None]
) -> FetchReport:
    """Read the archive's log; a target is changed when that names a newer body for it."""
    wanted = list(targets)
    paths = [target.path for target in wanted]
    before = newest_bodies(connection, paths)
    restore_log(connection, archive)
    after = newest_bodies(connection, paths)
    report = FetchReport()
    for target in wanted:
        progress(target)
        body = after.get(target.path)
        same = report.unchanged if body == before.get(target.path) else report.changed
        (same if body else report.missing).append(target.partition_key)
    return report


def _ask(
    connection: psycopg.Connection,
    archive: Archive,
    source: Source,
    targets: Iterable[Target],
    max_age: float,
    progress: Callable[[Target], None],
) -> FetchReport:
    report = FetchReport()
    origin = simulated(connection)
    answered = False
    silent: list[str] = []
    asked: dict[str, list[str]] = {}
    failed: dict[str, datetime] = dict(connection.execute("select path, failed_at from raw.fetch_failures").fetchall())
    for target in sorted(targets, key=lambda target: target.path in failed):
        if target.path in asked:
            asked[target.path].append(target.partition_key)
            continue
        progress(target)
        previous = _previous(connection, source.name, target.path)
        if previous and 0 <= previous.age < max_age:  # an answer from the future is of a clock that was wrong
            asked[target.path] = report.fresh
            report.fresh.append(target.partition_key)
            continue
        known = Validators(previous.etag, previous.last_modified) if previous and previous.sha256 else None
        try:
            answer = source.fetch(target.path, known)
        except FileUnreadable as failure:
            _record_failure(connection, target.path, failure)
            asked[target.path] = report.unreadable
            report.unreadable.append(target.partition_key)
            answered, silent = True, []
            continue
        except SourceUnavailable as failure:
            _record_failure(connection, target.path, FileUnreadable(target.path, NO_ANSWER, str(failure)))
            asked[target.path] = report.unreadable
            report.unreadable.append(target.partition_key)
            silent.append(target.path)
            unavailable = failure
            if source.given_up:
                break
            continue
        answered, silent = True, []
        connection.execute("delete from raw.fetch_failures where path = %s", [target.path])
        digest = previous.sha256 if answer.status == 304 and previous else None
        if answer.status == 200 and answer.body is not None:
            origin = _same_origin(origin, answer)
            digest = archive.put(answer.body)
        bucket = (
            report.missing
            if answer.status == 404
            else report.unchanged
            if previous and digest == previous.sha256
            else report.changed
        )
        asked[target.path] = bucket
        bucket.append(target.partition_key)
        connection.execute(
            """
            insert into raw.fetches (source, path, url, status, etag, last_modified, sha256, size, seconds, simulated)
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [
                source.name,
                target.path,
                answer.url,
                answer.status,
                answer.etag or (previous.etag if previous and answer.status == 304 else None),
                answer.last_modified or (previous.last_modified if previous and answer.status == 304 else None),
                digest,
                len(answer.body) if answer.body is not None else None,
                answer.seconds,
                answer.simulated,
            ],
        )
    if silent and (source.given_up or not answered):
        at_fault = _answered_since(connection, source.name, [failed.get(path) for path in silent])
        if not at_fault:
            connection.execute("update raw.fetch_failures set reason = %s where path = any(%s)", [SOURCE_DOWN, silent])
            raise unavailable
    return report


def _answered_since(connection: psycopg.Connection, source: str, failed_at: Sequence[datetime | None]) -> bool:
    """Whether files that fail again are at fault themselves: the source answered for others after each had failed."""
    row = connection.execute("select max(fetched_at) from raw.fetches where source = %s", [source]).fetchone()
    newest: datetime | None = row[0] if row else None
    return newest is not None and all(at is not None and at < newest for at in failed_at)


def _record_failure(connection: psycopg.Connection, path: str, failure: FileUnreadable) -> None:
    connection.execute(
        """
        insert into raw.fetch_failures (path, reason, detail) values (%s, %s, %s)
        on conflict (path) do update set reason = excluded.reason, detail = excluded.detail, failed_at = default
        """,
        [path, failure.reason, str(failure)],
    )


def _same_origin(origin: bool | None, answer: Fetched) -> bool:
    if origin is not None and origin != answer.simulated:
        holds, offered = ("simulated", "real") if origin else ("real", "simulated")
        raise MixedOrigins(
            f"{answer.url} is {offered} football and this home holds {holds}: the two are never mixed, "
            "set FOOTPRED_HOME to another folder"
        )
    return answer.simulated


@dataclass(frozen=True, slots=True)
class _Previous:
    etag: str | None
    last_modified: str | None
    sha256: str | None
    age: float


def _previous(connection: psycopg.Connection, source: str, path: str) -> _Previous | None:
    row = connection.execute(
        """
        select etag, last_modified, sha256, extract(epoch from clock_timestamp() - fetched_at)::double precision
        from raw.fetches where path = %s and source = %s order by fetched_at desc, fetch_id desc limit 1
        """,
        [path, source],
    ).fetchone()
    return _Previous(*row) if row else None
