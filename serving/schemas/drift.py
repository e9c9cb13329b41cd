"""What has drifted."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct


class Finding(Struct, frozen=True):
    """One measure of the newest season against an earlier one. ``flagged``: beyond chance and large enough to matter.

    ``statistic`` and ``effect`` are what their kind calls for; ``says`` puts them in words. ``p_adjusted``: by
    Benjamini and Hochberg, for all that was tested beside it.
    """

    kind: str
    subject: str
    league: str
    reference: str
    current: str
    n_reference: int
    n_current: int
    statistic: float | None
    effect: float | None
    p: float | None
    p_adjusted: float | None
    flagged: bool
    says: str


class Drift(Struct, frozen=True):
    """``as_of``: of the newest look, null before the first. ``alarms``: what is flagged over all leagues now."""

    as_of: datetime | None
    alarms: list[str]
    findings: list[Finding]
