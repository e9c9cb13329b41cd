"""Scores of matches in play, as a poller stored them; the service itself asks nobody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from footpred_dagster.core.live_scores import LIVE_CHANNEL
from serving.schemas.live import LiveScore, LiveScores

NOT_POLLED = "no source of live scores was asked yet: FOOTPRED_LIVE_SCORES switches them on"


class Live:
    """``scores``: the newest ones, replaced when the poller stored others."""

    channels: Sequence[str] = (LIVE_CHANNEL,)

    def __init__(self) -> None:
        self.scores = LiveScores([], None, NOT_POLLED)

    def refresh(self, connection: psycopg.Connection[Any]) -> None:
        polls = connection.execute("select source, league, polled_at, problem from serving.live_polls").fetchall()
        with connection.cursor(row_factory=class_row(LiveScore)) as cursor:
            scores = cursor.execute(
                "select * from serving.live_scores order by kickoff, league, home, source"
            ).fetchall()
        as_of: datetime | None = max((at for *_, at, _ in polls), default=None)
        troubles = sorted(f"{source} ({league}): {problem}" for source, league, _, problem in polls if problem)
        found = LiveScores(scores, as_of, "; ".join(troubles) or (None if polls else NOT_POLLED))
        if found != self.scores:
            self.scores = found
