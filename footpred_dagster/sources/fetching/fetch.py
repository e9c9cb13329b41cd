"""From a source to the archive: ask only what is due, keep every body, log every request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import psycopg

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.matches.data_origin import MixedOrigins, simulated
from footpred_dagster.sources.clients.archive import ArchiveSource
from footpred_dagster.sources.clients.base import (
    Fetched,
    FileUnreadable,
    Source,
    SourceLimited,
    SourceUnavailable,
    Validators,
)
from footpred_dagster.sources.fetching.fetch_log import keep_log, newest_bodies, restore_log

NO_ANSWER = "no_answer"
"""Reason of a file that failed while the source answered for others: before and after, or twice."""
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
    """Fetch each target that was not requested in the last ``max_age`` seconds; archive new bodies before logging.

    A path that several partitions share is asked for once, and the answer counts for each of them.
    The connection must be in autocommit: each answer is logged as it comes, so that an interrupted fetch resumes.
    At the end the archive gets the log as well. A file that the source does not answer for stops no other: those that
    failed before come last, the longest ago first, so that no row of them has the source given up before each of the
    others had its turn.

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
    failures = connection.execute(
        """
        select path, reason, extract(epoch from clock_timestamp() - failed_at)::double precision
        from raw.fetch_failures order by failed_at
        """
    ).fetchall()
    failed = {path: reason for path, reason, _ in failures}
    just_failed = {path for path, _, age in failures if 0 <= age < max_age}
    turn = {path: number for number, path in enumerate(failed, 1)}
    for target in sorted(targets, key=lambda target: turn.get(target.path, 0)):
        if target.path in asked:
            asked[target.path].append(target.partition_key)
            continue
        progress(target)
        previous = _previous(connection, source.name, target.path)
        if previous and 0 <= previous.age < max_age:  # an answer from the future is of a clock that was wrong
            asked[target.path] = report.fresh
            report.fresh.append(target.partition_key)
            continue
        if target.path in just_failed:
            asked[target.path] = report.unreadable
            report.unreadable.append(target.partition_key)
            continue
        known = Validators(previous.etag, previous.last_modified) if previous and previous.sha256 else None
        try:
            answer = source.fetch(target.path, known)
        except FileUnreadable as failure:
            _record_failure(connection, target.path, failure.reason, str(failure))
            _are_at_fault(connection, silent)
            asked[target.path] = report.unreadable
            report.unreadable.append(target.partition_key)
            answered, silent = True, []
            continue
        except SourceUnavailable as failure:
            limited = isinstance(failure, SourceLimited)
            again = answered and target.path in failed and not limited
            _record_failure(connection, target.path, NO_ANSWER if again else SOURCE_DOWN, str(failure))
            asked[target.path] = report.unreadable
            report.unreadable.append(target.partition_key)
            if limited or not (again or failed.get(target.path, SOURCE_DOWN) != SOURCE_DOWN):
                silent.append(target.path)
            unavailable = failure
            if source.given_up:
                break
            continue
        _are_at_fault(connection, silent)
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
                answer.simulated if answer.status == 200 or previous is None else previous.simulated,
            ],
        )
    if silent and (source.given_up or not answered):
        raise unavailable
    return report


def _record_failure(connection: psycopg.Connection, path: str, reason: str, detail: str) -> None:
    """That the source is down is no news of a file that is refused for a reason of its own."""
    connection.execute(
        """
        insert into raw.fetch_failures as known (path, reason, detail) values (%s, %s, %s)
        on conflict (path) do update set failed_at = default, (reason, detail) = (
            select reason, detail from (values (known.reason, known.detail, known.reason <> %s),
                (excluded.reason, excluded.detail, excluded.reason <> %s)) as told (reason, detail, own)
            order by own desc, reason = excluded.reason desc limit 1)
        """,
        [path, reason, detail, SOURCE_DOWN, SOURCE_DOWN],
    )


def _are_at_fault(connection: psycopg.Connection, paths: Sequence[str]) -> None:
    """These failed, and then the source answered for another file."""
    connection.execute(
        "update raw.fetch_failures set reason = %s where path = any(%s) and reason = %s",
        [NO_ANSWER, list(paths), SOURCE_DOWN],
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
    simulated: bool
    age: float


def _previous(connection: psycopg.Connection, source: str, path: str) -> _Previous | None:
    row = connection.execute(
        """
        select etag, last_modified, sha256, simulated,
            extract(epoch from clock_timestamp() - fetched_at)::double precision
        from raw.fetches where path = %s and source = %s order by fetched_at desc, fetch_id desc limit 1
        """,
        [path, source],
    ).fetchone()
    return _Previous(*row) if row else None
