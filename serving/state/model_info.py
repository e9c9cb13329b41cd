"""Champion, challengers and the newest decision, as the tables of models have them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg

from footpred_dagster.core.registry import promotions, versions
from footpred_dagster.core.registry.promotions import CHAMPION_CHANNEL
from footpred_dagster.core.registry.versions import ModelVersion
from serving.schemas.model import Decision, Version


class ModelFacts:
    channels: Sequence[str] = (CHAMPION_CHANNEL,)

    def __init__(self) -> None:
        self.champion: Version | None = None
        self.challengers: list[Version] = []
        self.decision: Decision | None = None

    def refresh(self, connection: psycopg.Connection[Any]) -> None:
        champion = promotions.champion(connection)
        names = connection.execute("select name from models.candidates order by name").fetchall()
        rivals = [versions.candidate(connection, name) for (name,) in names]
        newest = connection.execute("""
            select decided_at, decision, actor, because, reasons from models.decisions
            order by promotion_id desc limit 1
        """).fetchone()
        self.champion = _told(champion) if champion else None
        self.challengers = [_told(rival) for rival in rivals if rival and rival != champion]
        self.decision = Decision(*newest) if newest else None


def _told(version: ModelVersion) -> Version:
    return Version(
        version.name,
        version.version,
        version.as_of,
        version.training_rows,
        version.profile,
        version.fingerprint,
        version.artifact_sha256,
    )
