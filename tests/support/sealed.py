"""Predictions to seal, live or replayed, each with everything usual unless a test says otherwise."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.predictions.anchors import put_anchor
from footpred_dagster.core.predictions.ledger import Prediction, head, identity, stored_anchors, stored_rows
from footpred_dagster.core.predictions.ledger_verifier import Anchor, anchor_hash, row_hash


def live(**changes: Any) -> Prediction:
    moment = datetime.now(UTC)
    usual = Prediction(
        match_id="m1",
        kickoff=moment + timedelta(days=1),
        as_of=moment,
        latest_input=moment - timedelta(days=3),
        kind="live",
        role="champion",
        model_name="elo_logit",
        model_version=1,
        fingerprint="f" * 12,
        feature_hash="a" * 16,
        p_home=0.5,
        p_draw=0.3,
        p_away=0.2,
    )
    return replace(usual, **changes)


def replay(**changes: Any) -> Prediction:
    """Made the night before 4 May 2024, 14:00, or before another ``kickoff``."""
    kickoff = changes.get("kickoff", datetime(2024, 5, 4, 14, tzinfo=UTC))
    times = {"kickoff": kickoff, "as_of": kickoff - timedelta(hours=14), "latest_input": kickoff - timedelta(days=6)}
    return live(**{"kind": "replay", **times, **changes})


def as_superuser(connection: psycopg.Connection, statement: str) -> None:
    """Do to the ledger what its triggers refuse, as only who owns it can."""
    switch = "alter table predictions.ledger {} trigger all"
    connection.execute("; ".join([switch.format("disable"), statement, switch.format("enable")]).encode())


def rewrite_rows(connection: psycopg.Connection, statement: str) -> None:
    """Change rows as their owner, and recompute their chain."""
    as_superuser(connection, statement)
    with stored_rows(connection) as found:
        rows, previous = list(found), ""
    for row in rows:
        previous = row_hash(row, previous)
        as_superuser(connection, f"update predictions.ledger set hash = '{previous}' where seq = {row['seq']}")


def rewrite_anchors(connection: psycopg.Connection, statement: str) -> None:
    """Change anchors as their owner, and recompute their chain."""
    switch = "alter table predictions.ledger_anchors {} trigger user"
    connection.execute("; ".join([switch.format("disable"), statement]).encode())
    previous = ""
    for each in stored_anchors(connection):
        previous = anchor_hash(each, previous)
        update = "update predictions.ledger_anchors set hash = %s where number = %s"
        connection.execute(update, [previous, each.number])
    connection.execute(switch.format("enable").encode())


def anchor_untimed(connection: psycopg.Connection, archive: Archive) -> None:
    """As versions before schema 0031 did."""
    end = head(connection)
    put_anchor(archive, identity(connection), Anchor(end.rows, end.hash))


def run_verifier(files: list[str]) -> subprocess.CompletedProcess[str]:
    """By the script as exported, in an interpreter that has footpred nowhere on its path; further files are anchors."""
    ledger, anchors, verifier, *earlier = files
    return subprocess.run(
        [sys.executable, "-I", verifier, ledger, anchors, *earlier], capture_output=True, text=True, timeout=60, cwd="/"
    )
