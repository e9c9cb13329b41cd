"""What a source of raw files is to those who load them; ``registry`` lists ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import psycopg

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.sources.fetching.fetch import Target


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


class RawSource(Protocol):
    """Files of one origin: which partitions a file fills, and how a body becomes their rows."""

    def targets_of(self, path: str) -> Sequence[Target]:
        """The partitions that the file at ``path`` fills; none for a path of another source."""

    def rows(self, connection: psycopg.Connection, target: Target) -> int | None:
        """How many rows a partition has; None when it was never loaded."""

    def load_body(self, connection: psycopg.Connection, archive: Archive, digest: str, target: Target) -> Loaded:
        """Make a partition hold exactly that body until the next load, whatever the fetch log says.

        A refused body leaves the rows as they are. Raises ArchiveError.
        """
