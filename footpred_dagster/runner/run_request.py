"""What a run was asked for, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from footpred_dagster.runner.selection import Selection
from footpred_dagster.sources.football_data.refusals import NotLoaded


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for. ``where`` names the source, ``second`` the one results are checked against, if any;
    ``as_of`` is None for the real clock."""

    where: str
    selection: Selection
    as_of: datetime | None
    second: str | None = None

    @property
    def clock(self) -> datetime:
        return self.as_of or datetime.now(UTC)


@dataclass(slots=True)
class Outcome:
    """What happened. ``errors`` stopped the run, ``warnings`` did not; files that were not loaded stopped no other."""

    seconds: dict[str, float] = field(default_factory=dict)
    materialized: int = 0
    sealed_before: int = 0
    checks_passed: int = 0
    checks_failed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    not_loaded: NotLoaded = field(default_factory=lambda: NotLoaded([], []))
