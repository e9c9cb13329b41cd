"""The ledger of sealed predictions: what goes in, and how anybody can check that nothing was changed.

The database does the sealing (``predictions.seal`` in the migrations): it stamps ``sealed_at`` with its own clock,
refuses a live row that is not live, and chains the hashes. This module writes rows, anchors the end of the chain in
the archive and has ``chain`` recompute it.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from footpred_dagster.core.chain import Verification, verify_rows
from footpred_dagster.core.storage import Archive

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
    (a live row with an old as_of, a kickoff already past, an input not before as_of).
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
    """Write down in the archive where the chain ends, after the transaction that sealed; again is no harm."""
    end = head(connection)
    if end.rows:
        archive.put_anchor(identity(connection), end.rows, end.hash)
    return end


def verify(connection: psycopg.Connection, anchors: Iterable[tuple[int, str]] = ()) -> Verification:
    """Recompute the whole chain; stops at the first row that is missing, changed, out of order or not as anchored."""
    with connection.transaction(), stored_rows(connection) as rows:
        return verify_rows(rows, anchors)


def verify_anchored(connection: psycopg.Connection, archive: Archive) -> Verification:
    """``verify`` against the archive; a ledger with rows and no anchor is refused as well.

    Raises ArchiveError when the archive cannot be asked.
    """
    anchors = archive.anchors(identity(connection))
    found = verify(connection, anchors)
    if found.ok and found.rows and not anchors:
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
