"""The ledger of sealed predictions: what goes in, and how anybody can check that nothing was changed.

The database does the sealing (``predictions.seal`` in the migrations): it stamps ``sealed_at`` with its own clock,
refuses a live row that is not live, and chains the hashes. It takes anchors in the same way. This module writes rows,
copies anchors to the archive and has ``chain`` recompute both chains.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.predictions.anchors import archived_anchors, put_anchor
from footpred_dagster.core.predictions.ledger_verifier import Anchor, Verification, verify_rows

Kind = Literal["live", "replay"]
Role = Literal["champion", "challenger", "market_aware"]

COLUMNS = (
    "match_id",
    "kickoff",
    "as_of",
    "latest_input",
    "kind",
    "role",
    "model_name",
    "model_version",
    "fingerprint",
    "feature_hash",
    "p_home",
    "p_draw",
    "p_away",
    "rate_home",
    "rate_away",
    "rate_correction",
    "reasons",
)
STORED = ("seq", *COLUMNS, "sealed_at", "hash")
ANCHOR_COLUMNS = sql.SQL(", ").join(map(sql.Identifier, Anchor._fields))
SEALED_WITHIN = timedelta(seconds=30)
"""From the check that a kickoff is still to come until a batch is sealed; a thousand rows take a second."""
ANCHOR_AFTER = "45 minutes"
"""An anchor of this age is followed by another, although nothing was sealed."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """One prediction to seal. Instants are aware; probabilities are positive and sum to one.

    rates: expected goals of home and away and the correction of low scores, of the goals model before its grid is
    reconciled to the probabilities. reasons: contributions to the log-odds of home against away, by group.
    """

    match_id: str
    kickoff: datetime
    as_of: datetime
    latest_input: datetime
    kind: Kind
    role: Role
    model_name: str
    model_version: int
    fingerprint: str
    feature_hash: str
    p_home: float
    p_draw: float
    p_away: float
    rate_home: float | None = None
    rate_away: float | None = None
    rate_correction: float | None = None
    reasons: Mapping[str, float] | None = None

    def values(self) -> list[Any]:
        """In the order of ``COLUMNS``."""
        plain = [getattr(self, column) for column in COLUMNS[:-1]]
        return [*plain, None if self.reasons is None else json.dumps(dict(self.reasons))]


def feature_hash(values: Sequence[float | None]) -> str:
    """Sixteen hex digits of the exact feature values, in contract order; null and NaN are the same."""
    packed = b"".join(b"null" if value is None or math.isnan(value) else struct.pack(">d", value) for value in values)
    return hashlib.sha256(packed).hexdigest()[:16]


def seal(connection: psycopg.Connection, predictions: Iterable[Prediction]) -> int:
    """Insert predictions, skip those already sealed with the same features and model; returns how many were new.

    The caller owns the transaction. Raises psycopg.errors.CheckViolation when a row is not what it claims to be
    (a live row with an old as_of, a kickoff already past, an input not before as_of), and when the database's clock is
    behind the ledger.
    """
    statement = sql.SQL(
        "insert into predictions.ledger ({}) values ({}) "
        "on conflict (match_id, model_name, model_version, kind, role, feature_hash) do nothing"
    ).format(sql.SQL(", ").join(map(sql.Identifier, COLUMNS)), sql.SQL(", ").join([sql.Placeholder()] * len(COLUMNS)))
    sealed = 0
    with connection.cursor() as cursor:
        for prediction in predictions:
            cursor.execute(statement, prediction.values())
            sealed += cursor.rowcount
    return sealed


def still_to_come(connection: psycopg.Connection, predictions: Sequence[Prediction]) -> list[Prediction]:
    """Those whose kickoff is far enough ahead for a live row to be sealed; all replays.

    From here to the end of the caller's transaction nobody else seals: nothing can delay what is sealed next.
    """
    row = connection.execute(
        "select pg_advisory_xact_lock(hashtext('predictions.ledger')), clock_timestamp()"
    ).fetchone()
    assert row is not None
    return [each for each in predictions if each.kind == "replay" or each.kickoff > row[1] + SEALED_WITHIN]


@dataclass(frozen=True, slots=True)
class Head:
    """How many rows a ledger has and the hash of its newest; '' for an empty one."""

    rows: int
    hash: str


def head(connection: psycopg.Connection) -> Head:
    """The end of the chain as stored; nothing is recomputed."""
    row = connection.execute("select seq, hash from predictions.ledger order by seq desc limit 1").fetchone()
    return Head(*row) if row else Head(0, "")


def identity(connection: psycopg.Connection) -> str:
    """What this ledger is called in the archive: made once, with its table."""
    row = connection.execute("select ledger_id::text from predictions.ledger_identity").fetchone()
    if row is None:
        raise LookupError("predictions.ledger_identity was emptied: the ledger's anchors cannot be found")
    return str(row[0])


def anchor(connection: psycopg.Connection, archive: Archive) -> Head:
    """Take an anchor, commit, and copy it to the archive with any that are missing there.

    Raises psycopg.errors.CheckViolation when the database's clock is behind the ledger; the message names the command
    that goes on from there.
    """
    taken = _take_anchor(connection, None)
    publish_anchors(connection, archive)
    return Head(taken.rows, taken.head)


def resume(connection: psycopg.Connection, archive: Archive, because: str) -> Anchor:
    """Begin the order of times anew at the database's clock, which was set back; every verifier names it.

    Raises psycopg.errors.CheckViolation when the clock is not behind the ledger.
    """
    taken = _take_anchor(connection, because)
    publish_anchors(connection, archive)
    return taken


def _take_anchor(connection: psycopg.Connection, because: str | None) -> Anchor:
    """The trigger waits for the lock of inserts and fills in the rest. Committed before the archive has it: an anchor
    must never name a row that was rolled back.
    """
    statement = sql.SQL("insert into predictions.ledger_anchors (because) values (%s) returning {}")
    row = connection.execute(statement.format(ANCHOR_COLUMNS), [because]).fetchone()
    connection.commit()
    assert row is not None
    return Anchor(*row)


def anchor_is_due(connection: psycopg.Connection) -> bool:
    """Whether rows were sealed since the newest anchor, or it is about to be an hour old."""
    row = connection.execute(
        """
        select max(rows) is distinct from (select coalesce(max(seq), 0) from predictions.ledger)
            or max(at) < clock_timestamp() - %s::interval or max(at) > clock_timestamp()
        from (select rows, at from predictions.ledger_anchors order by number desc limit 1) as newest
        """,
        [ANCHOR_AFTER],
    ).fetchone()
    return row is None or row[0] is not False


def stored_anchors(connection: psycopg.Connection) -> list[Anchor]:
    """The anchors in the database, in order; none before schema 0031."""
    there = connection.execute("select to_regclass('predictions.ledger_anchors') is not null").fetchone()
    if there != (True,):
        return []
    query = sql.SQL("select {} from predictions.ledger_anchors order by number").format(ANCHOR_COLUMNS)
    return [Anchor(*row) for row in connection.execute(query)]


def publish_anchors(connection: psycopg.Connection, archive: Archive) -> None:
    """Copy to the archive what it lacks of the anchors in the database: it may have been out of reach."""
    ledger = identity(connection)
    for missing in sorted(set(stored_anchors(connection)) - set(archived_anchors(archive, ledger)), key=_number):
        put_anchor(archive, ledger, missing)


def adopt_anchors(connection: psycopg.Connection, archive: Archive, *, replace_first: bool) -> None:
    """After a restore: take over anchors that were taken after the backup and are in the archive.

    ``replace_first``: the backup has none, the one in the database is of the migration and gives way to the archive's.
    In the caller's transaction; the caller owns the tables.
    """
    later = sorted(
        (each for each in archived_anchors(archive, identity(connection)) if each.at is not None), key=_number
    )
    if not later:
        return
    execute = connection.execute
    values = sql.SQL(", ").join([sql.Placeholder()] * len(Anchor._fields))
    insert = sql.SQL("insert into predictions.ledger_anchors ({}) values ({}) on conflict do nothing")
    execute("alter table predictions.ledger_anchors disable trigger user")
    if replace_first:
        execute("delete from predictions.ledger_anchors")
    for each in later:
        execute(insert.format(ANCHOR_COLUMNS, values), each)
    execute("alter table predictions.ledger_anchors enable trigger user")


def all_anchors(connection: psycopg.Connection, archive: Archive) -> list[Anchor]:
    """Anchors in the archive and in the database, in order; two that contradict each other are both there.

    Raises ArchiveError when the archive does not answer.
    """
    return sorted({*archived_anchors(archive, identity(connection)), *stored_anchors(connection)}, key=_number)


def _number(anchor: Anchor) -> tuple[int, int]:
    return anchor.number, anchor.rows


def verify(
    connection: psycopg.Connection, anchors: Iterable[Anchor] | None = None, earlier: Iterable[Anchor] = ()
) -> Verification:
    """``chain.verify_rows`` of the stored rows, with the anchors in the database unless others are given."""
    given = stored_anchors(connection) if anchors is None else anchors
    try:
        with connection.transaction(), stored_rows(connection) as rows:
            return verify_rows(rows, given, earlier)
    except psycopg.DataError:  # infinity, or a year that Python does not reach
        row = connection.execute("""
            select min(seq) from predictions.ledger
            where least(kickoff, as_of, latest_input, sealed_at) < '0001-01-01 00:00+00'
                or greatest(kickoff, as_of, latest_input, sealed_at) >= '10000-01-01 00:00+00'
        """).fetchone() or (None,)
        return Verification(0, "", row[0], "row holds an infinite time or a year outside 1 to 9999")


def verify_anchored(connection: psycopg.Connection, archive: Archive, earlier: Iterable[Anchor] = ()) -> Verification:
    """``verify`` against archive and database; a ledger with rows and no anchor in the archive is refused as well.

    Raises ArchiveError when the archive does not answer.
    """
    found = verify(connection, all_anchors(connection, archive), earlier)
    if found.ok and found.rows and not archived_anchors(archive, identity(connection)):
        return replace(found, bad_seq=1, problem="the archive has no anchor of this ledger: footpred run sets one")
    return found


@contextmanager
def stored_rows(connection: psycopg.Connection) -> Iterator[Iterable[dict[str, Any]]]:
    """Every row by ``seq``, a batch at a time, with the reasons as the text that was hashed."""
    with connection.cursor(name="ledger_rows", row_factory=dict_row) as cursor:
        # Binary: floats to the last bit, whatever extra_float_digits the role has.
        names = sql.SQL(", ").join(sql.Identifier(name) for name in STORED if name != "reasons")
        query = sql.SQL("select {}, reasons::text as reasons from predictions.ledger order by seq").format(names)
        cursor.execute(query, binary=True)
        yield cursor
