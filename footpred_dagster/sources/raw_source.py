"""What the load of a file from any source comes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Loaded:
    """How a partition stands after loading; ``detail`` says why a body was refused.

    corrected: matches loaded before that this body changes or lacks, each with a row in ``raw.match_history``.
    """

    state: Literal["loaded", "unchanged", "refused", "missing"]
    rows: int = 0
    quarantined: int = 0
    detail: str | None = None
    facts: dict[str, Any] | None = None
    corrected: int = 0
    lost: tuple[str, ...] = ()
    """Earlier bodies of a partition without rows that the archive cannot give back; it went on without them."""

    def metadata(self) -> dict[str, Any]:
        """For the asset's event: state, counts, and what the parser noted about the file."""
        noted = {name: value for name, value in (self.facts or {}).items() if isinstance(value, str | int | float)}
        reason = {"refused because": self.detail} if self.detail else {}
        counts = {"rows": self.rows, "quarantined": self.quarantined, "corrected": self.corrected}
        lost = {"earlier bodies lost": ", ".join(self.lost)} if self.lost else {}
        state = "not published yet" if self.state == "missing" else self.state
        return {"state": state, **counts, **reason, **lost, **noted}
