"""The ledger of sealed predictions: what goes in, and how anybody can check that nothing was changed.

The database does the sealing (``predictions.seal`` in the migrations): it stamps ``sealed_at`` with its own clock,
refuses a live row that is not live, and chains the hashes. This module writes rows and recomputes the chain.
"""

from __future__ import annotations

import hashlib
import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

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
)


@dataclass(frozen=True, slots=True)
class Prediction:
    """One prediction to seal. Instants are aware; probabilities are positive and sum to one."""

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
            cursor.execute(statement, [getattr(prediction, column) for column in COLUMNS])
            sealed += cursor.rowcount
    return sealed


def row_hash(row: dict[str, Any], previous: str) -> str:
    """The hash a row must carry, from its stored columns and the hash of the row before it ('' for the first)."""
    text = "|".join(
        [
            previous,
            str(row["seq"]),
            row["match_id"],
            *(_utc_text(row[name]) for name in ("kickoff", "as_of", "latest_input", "sealed_at")),
            row["kind"],
            row["role"],
            row["model_name"],
            str(row["model_version"]),
            row["fingerprint"],
            row["feature_hash"],
            *(struct.pack(">d", row[name]).hex() for name in ("p_home", "p_draw", "p_away")),
        ]
    )
    return hashlib.sha256(text.encode()).hexdigest()


def _utc_text(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


@dataclass(frozen=True, slots=True)
class Verification:
    """``rows`` checked, ``head`` hash of the newest, and the first bad row with what is wrong, if any."""

    rows: int
    head: str
    bad_seq: int | None = None
    problem: str | None = None

    @property
    def ok(self) -> bool:
        return self.bad_seq is None


def verify(connection: psycopg.Connection) -> Verification:
    """Recompute the whole chain; stops at the first row that is missing, changed or out of order."""
    head, rows = "", 0
    with connection.transaction(), connection.cursor(name="ledger_verify", row_factory=dict_row) as cursor:
        # Binary: floats to the last bit, whatever extra_float_digits the role has.
        cursor.execute("select * from predictions.ledger order by seq", binary=True)
        for row in cursor:
            if row["seq"] != rows + 1:
                return Verification(rows, head, rows + 1, "row is missing")
            if row_hash(row, head) != row["hash"]:
                return Verification(rows, head, row["seq"], "row does not match its hash")
            head, rows = row["hash"], rows + 1
    return Verification(rows, head)
