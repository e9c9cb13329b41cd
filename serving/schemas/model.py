"""What is told of models."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct


class Version(Struct, frozen=True):
    """A registered fit. ``as_of``: it was fitted on everything before. ``bundle_sha256`` stands for all its files."""

    name: str
    version: int
    as_of: datetime
    training_rows: int
    profile: str
    fingerprint: str
    bundle_sha256: str


class LoadedVersion(Struct, frozen=True):
    """What predicts in this process. ``self_test``: greatest difference from its golden answers."""

    name: str
    version: int
    loaded_at: datetime
    self_test: float


class Decision(Struct, frozen=True):
    """The newest word on who is champion. ``gates``: by candidate, each gate with whether it passed and why."""

    decided_at: datetime
    decision: str
    actor: str
    because: str
    gates: dict[str, Any]


class ModelInfo(Struct, frozen=True):
    """``problem``: why what is loaded is not the champion, null when it is."""

    champion: Version | None
    loaded: LoadedVersion | None
    problem: str | None
    challengers: list[Version]
    decision: Decision | None
    disclaimer: str
    stale: bool
