"""When a source is given up: so many files in a row failed that it is at fault itself."""

from __future__ import annotations

from dataclasses import dataclass

SILENT_FILES = 2
"""Files in a row for which no address sent anything: connections that fail say nothing of one file."""
FAULTY_FILES = 5
"""Files in a row that failed while the site did send something: a few may be at fault themselves."""


@dataclass(slots=True)
class Circuit:
    """What failed since the last answer. Once open, no request is sent that could close it."""

    requests: int = 0
    files: int = 0
    heard: bool = False
    """Whether the site sent anything, if only the head of an error."""
    last_cause: str = ""
    refuses_all: bool = False
    """Whether the site requires a wait from everybody that is longer than this source may wait."""

    @property
    def open(self) -> bool:
        return self.refuses_all or self.files >= (FAULTY_FILES if self.heard else SILENT_FILES)

    def close(self) -> None:
        """The site answered."""
        self.requests, self.files, self.heard = 0, 0, False
