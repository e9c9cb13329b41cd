"""Predictions to seal, live or replayed, each with everything usual unless a test says otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from footpred_dagster.core.ledger import Prediction


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
