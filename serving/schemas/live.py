"""Live scores."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct


class LiveScore(Struct, frozen=True):
    """``home``, ``away`` as the source spells them. Goals are null until kickoff. ``updated``: by the source."""

    source: str
    source_id: str
    league: str
    kickoff: datetime
    home: str
    away: str
    status: Literal["scheduled", "live", "finished", "postponed", "suspended", "cancelled", "awarded"]
    home_goals: int | None
    away_goals: int | None
    ht_home_goals: int | None
    ht_away_goals: int | None
    updated: datetime | None


class LiveScores(Struct, frozen=True):
    """``as_of``: when a source was last asked, null while none was. ``note``: what is missing, and why."""

    scores: list[LiveScore]
    as_of: datetime | None
    note: str | None
