"""``footpred accept``: an engineer's word that a file with fewer rows than the one before is right."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.sources.fetching.fetch_log import keep_acceptance


class NothingToAccept(LookupError):
    """No file of that sha256 is being refused for its rows; the message lists those that are."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was let in; the next run loads it."""

    sha256: str
    partition_key: str
    because: str


def accept(connection: psycopg.Connection, archive: Archive, sha256: str, because: str) -> Accepted:
    """Let a body refused as ``rows_fell`` in, for good, here and wherever the archive is loaded from.

    Raises NothingToAccept, or ArchiveError when the archive cannot keep it: then nothing is accepted.
    """
    with connection.transaction():
        row = connection.execute(
            "delete from raw.refusals where sha256 = %s and reason = 'rows_fell' returning partition_key", [sha256]
        ).fetchone()
        if row is None:
            waiting = connection.execute(
                "select partition_key, sha256 from raw.refusals where reason = 'rows_fell' order by 1"
            ).fetchall()
            listed = ", ".join(f"{digest} ({key})" for key, digest in waiting)
            raise NothingToAccept(f"{sha256!r} is not refused for fewer rows; what is: {listed or 'nothing'}")
        connection.execute(
            "insert into raw.accepted (sha256, partition_key, because) values (%s, %s, %s) on conflict do nothing",
            [sha256, row[0], because],
        )
        keep_acceptance(connection, archive, sha256)
    return Accepted(sha256, row[0], because)
