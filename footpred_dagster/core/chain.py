"""Verify an exported ledger: python verify.py ledger.parquet [anchors.json]. Needs pyarrow and nothing of footpred.

Each row's hash is the sha256 of its fields and of the hash before it, so that no row can be changed, removed or put
between unseen; anchors, written elsewhere when rows were sealed, show rows cut off the end and a chain made anew.
"""

from __future__ import annotations

import hashlib
import json
import struct
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

INSTANTS = ("kickoff", "as_of", "latest_input", "sealed_at")
GRID = ("rate_home", "rate_away", "rate_correction")


def canonical(row: Mapping[str, Any], previous: str) -> str:
    """The text that is hashed: fields joined by ``|``, instants in UTC to the microsecond, floats as their 8 bytes.

    The grid and the reasons (JSON text as stored) come last, and only where the row has them.
    """
    fields = [
        previous,
        str(row["seq"]),
        row["match_id"],
        *(_utc_text(row[name]) for name in INSTANTS),
        row["kind"],
        row["role"],
        row["model_name"],
        str(row["model_version"]),
        row["fingerprint"],
        row["feature_hash"],
        *(_bytes_of(row[name]) for name in ("p_home", "p_draw", "p_away")),
        *(_bytes_of(row[name]) for name in GRID if row[name] is not None),
    ]
    return "|".join(fields if row["reasons"] is None else [*fields, row["reasons"]])


def row_hash(row: Mapping[str, Any], previous: str) -> str:
    """The hash a row must carry, given the hash of the row before it ('' for the first)."""
    return hashlib.sha256(canonical(row, previous).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Verification:
    """``rows`` that are whole, ``head`` the hash of the last of them, and the first bad row with what is wrong."""

    rows: int
    head: str
    bad_seq: int | None = None
    problem: str | None = None

    @property
    def ok(self) -> bool:
        return self.bad_seq is None


def verify_rows(rows: Iterable[Mapping[str, Any]], anchors: Iterable[tuple[int, str]] = ()) -> Verification:
    """Recompute the chain of ``rows`` in order of ``seq``; stops at the first that is missing, changed or untimely.

    ``anchors``: pairs of a number of rows and the hash of the last one then, as written down elsewhere.
    """
    head, count = "", 0
    expected: dict[int, set[str]] = {}
    for length, anchored in anchors:
        expected.setdefault(length, set()).add(anchored)
    for row in rows:
        seq = count + 1
        if row["seq"] != seq:
            return Verification(count, head, seq, "row is missing")
        if row_hash(row, head) != row["hash"]:
            return Verification(count, head, seq, "row does not match its hash")
        if not row["latest_input"] < row["as_of"] < row["kickoff"]:
            return Verification(count, head, seq, "row was not made before kickoff from inputs before its as_of")
        if expected.pop(seq, {row["hash"]}) != {row["hash"]}:
            return Verification(count, head, seq, "chain was made anew: row differs from its anchor")
        head, count = row["hash"], seq
    if expected:
        return Verification(
            count, head, count + 1, f"rows were cut off: {max(expected)} were anchored, {count} are there"
        )
    return Verification(count, head)


def _utc_text(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _bytes_of(value: float) -> str:
    return struct.pack(">d", value).hex()


def main(exported: str, anchored: str | None = None) -> int:
    """Print the verdict; 0 when the chain is whole, else 1."""
    from pyarrow import parquet

    anchors: list[tuple[int, str]] = []
    if anchored:
        with open(anchored, encoding="utf-8") as file:
            anchors = [(anchor["rows"], anchor["head"]) for anchor in json.load(file)["anchors"]]
    batches = parquet.ParquetFile(exported).iter_batches()
    found = verify_rows((row for batch in batches for row in batch.to_pylist()), anchors)
    if not found.ok:
        print(f"row {found.bad_seq}: {found.problem}")  # noqa: T201
        return 1
    print(f"{found.rows} rows are whole, {len(anchors)} anchors agree, head {found.head}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
