"""The ledger as files that anybody can verify without footpred: rows, anchors and the verifier itself."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
from pyarrow import parquet

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.predictions import ledger_verifier
from footpred_dagster.core.predictions.ledger import STORED, all_anchors, identity, stored_rows

ROWS_AT_ONCE = 10_000
LEDGER, ANCHORS, VERIFIER = "ledger.parquet", "anchors.json", "verify.py"
NUMBERS = {"seq": pa.int64(), "model_version": pa.int32()}
SCHEMA = pa.schema(
    [
        (name, pa.timestamp("us", tz="UTC"))
        if name in ledger_verifier.INSTANTS
        else (name, NUMBERS.get(name, pa.float64() if name.startswith(("p_", "rate_")) else pa.string()))
        for name in STORED
    ]
)


@dataclass(frozen=True, slots=True)
class Exported:
    """``rows`` and ``anchors`` that were written, ``head`` the hash of the newest row, and the ``files``."""

    rows: int
    head: str
    anchors: int
    files: list[str]


def export(connection: psycopg.Connection, archive: Archive, directory: Path) -> Exported:
    """Write the whole ledger under ``directory``, over an export that is there; nothing is verified by it.

    Every column is exact: instants to the microsecond, floats to the last bit, reasons as the text that was hashed.
    """
    directory.mkdir(parents=True, exist_ok=True)
    # Read first: an anchor taken while rows are read must not name more rows than the file holds.
    anchors, ledger = all_anchors(connection, archive), identity(connection)
    count, head = 0, ""
    with (
        parquet.ParquetWriter(directory / LEDGER, SCHEMA) as writer,
        connection.transaction(),
        stored_rows(connection) as rows,
    ):
        for batch in _batches(rows):
            writer.write_batch(pa.RecordBatch.from_pylist(batch, SCHEMA))
            count, head = count + len(batch), batch[-1]["hash"]
    listed = {"ledger": ledger, "anchors": [anchor.as_json() for anchor in anchors]}
    (directory / ANCHORS).write_text(json.dumps(listed, indent=1), encoding="utf-8")
    (directory / VERIFIER).write_text(inspect.getsource(ledger_verifier), encoding="utf-8")
    return Exported(count, head, len(anchors), [str(directory / name) for name in (LEDGER, ANCHORS, VERIFIER)])


def _batches(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, ROWS_AT_ONCE)):
        yield batch
