"""What every place that serves match files looks like: the site itself, another host, or a local folder."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

from footpred_dagster.core.domain import LEAGUES, Season

FIXTURES_PATH = "fixtures.csv"

SIMULATED_HEADER = "X-Footpred-Simulated"
"""With any value, an answer made up by the simulator."""

MAX_BODY = 8 * 2**20
"""Bytes after decompression. The largest real file has 0.4 MB; more is not a season of football."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What a conditional request sends: the validators of the copy we already hold."""

    etag: str | None
    last_modified: str | None


@dataclass(frozen=True, slots=True)
class Fetched:
    """One answer.

    status: 200 (``body`` holds the bytes, whatever they are), 304 (unchanged) or 404 (not published).
    etag, last_modified: for the next conditional request; None when this answer must not be compared against.
    seconds: wall time of the fetch, waits and retries included.
    simulated: whether the answer says that it was made up.
    """

    url: str
    status: int
    body: bytes | None
    etag: str | None
    last_modified: str | None
    seconds: float
    simulated: bool = False


class SourceUnavailable(Exception):
    """A rerun can change the answer: timeouts, 5xx, 429 exhausted, circuit open. Names the URL and the cause."""


class SourceLimited(SourceUnavailable):
    """The site requires a wait from everybody that is longer than this source may wait: no file is at fault."""


class FileUnreadable(Exception):
    """One file gives no body, and a rerun will not help until that file is mended; other files are not affected.

    reason: stable slug (too_large, broken_link, link_loop, unreadable). detail: for people, names the way out.
    """

    def __init__(self, url: str, reason: str, detail: str) -> None:
        super().__init__(f"{url}: {detail}")
        self.url, self.reason, self.detail = url, reason, detail


class BodyTooLarge(FileUnreadable):
    """The body passed ``MAX_BODY`` and was dropped while streaming."""

    def __init__(self, url: str) -> None:
        detail = f"over {MAX_BODY // 2**20} MiB, dropped while streaming; no season of football is that large"
        super().__init__(url, "too_large", detail)


class Source(Protocol):
    """Where files come from; ``name`` is a short label for metadata and messages."""

    @property
    def name(self) -> str: ...

    @property
    def rate_limited(self) -> bool:
        """Whether requests are to be few, because the server is somebody else's."""
        ...

    @property
    def given_up(self) -> bool:
        """After SourceUnavailable: whether every other file would fail as well, so that no further one is requested."""
        ...

    def fetch(self, path: str, known: Validators | None = None) -> Fetched:
        """Ask for ``path``; raises SourceUnavailable, or FileUnreadable for this file alone."""
        ...

    def close(self) -> None:
        """Let go of connections; the source is not used afterwards."""
        ...


def results_path(league: str, season: Season) -> str:
    """Where a season lives, relative to the source: ``mmz4281/2425/E0.csv``, or in its league's one ``new/ARG.csv``."""
    file = LEAGUES[league].file
    return f"new/{file}.csv" if file else f"mmz4281/{season.site_code}/{league}.csv"


def parse_results_path(path: str) -> tuple[str, Season] | None:
    """League and season of a main division's file; None for any other path."""
    found = re.fullmatch(r"mmz4281/(\d{4})/(\w+)\.csv", path)
    return (found[2], Season.parse(found[1])) if found else None
