"""One protocol and one record for every source of live scores, and what their answers have in common."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from footpred_dagster.sources.clients.base import Source, SourceUnavailable

Status = Literal["scheduled", "live", "finished", "postponed", "suspended", "cancelled", "awarded"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LiveScore:
    """One match as its source has it now.

    source, source_id: who says so, and his number for the match. league: our code. home, away: as the source spells
    them, aliases unresolved. Goals are None until kickoff, and where the source does not tell. updated: when the source
    last touched the match, None where it does not say.
    """

    source: str
    source_id: str
    league: str
    kickoff: datetime
    home: str
    away: str
    status: Status
    home_goals: int | None
    away_goals: int | None
    ht_home_goals: int | None
    ht_away_goals: int | None
    updated: datetime | None


class LiveSource(Protocol):
    """Where scores come from; ``name`` is a short label for pages and messages."""

    @property
    def name(self) -> str: ...

    def scores(self) -> list[LiveScore]:
        """Matches of one competition, by kickoff; raises SourceUnavailable."""
        ...

    def close(self) -> None:
        """Let go of connections; the source is not used afterwards."""
        ...


def ask(site: Source, path: str) -> Any:
    """The JSON a path answers with, its field names in lower case; raises SourceUnavailable."""
    answer = site.fetch(path)
    if answer.status != 200 or answer.body is None:
        raise SourceUnavailable(f"{answer.url}: HTTP {answer.status}, no scores there")
    try:
        return _lowered(json.loads(answer.body))
    except (ValueError, RecursionError) as error:
        raise SourceUnavailable(f"{answer.url}: not JSON: {str(error)[:80]}") from error


def _lowered(value: Any) -> Any:
    """Field names have changed their case over the years; of two that differ in nothing else the first counts."""
    if isinstance(value, list):
        return [_lowered(item) for item in value]
    if isinstance(value, dict):
        found: dict[str, Any] = {}
        for name, item in value.items():
            found.setdefault(name.lower(), _lowered(item))
        return found
    return value


def read_all(entries: Any, read: Callable[[dict[str, Any]], LiveScore], name: str) -> list[LiveScore]:
    """Every entry that can be read, by kickoff; one that cannot is logged and left out. Raises SourceUnavailable."""
    if not isinstance(entries, list):
        raise SourceUnavailable(f"{name}: no list of matches: the format changed")
    return sorted(_readable(entries, read, name), key=lambda score: (score.kickoff, score.source_id))


def _readable(entries: list[Any], read: Callable[[dict[str, Any]], LiveScore], name: str) -> Iterable[LiveScore]:
    for entry in entries:
        try:
            yield read(entry)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.warning("%s: a match that cannot be read was left out: %s", name, type(error).__name__)


def instant(text: str) -> datetime:
    """An ISO timestamp; UTC unless it says otherwise."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def goals(value: Any) -> int | None:
    """A count of goals; raises ValueError for what is none."""
    if value is None or (type(value) is int and 0 <= value <= 99):
        return value
    raise ValueError("no count of goals")


def text(value: Any) -> str:
    """Words for people; raises ValueError for nothing."""
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise ValueError("no text")
