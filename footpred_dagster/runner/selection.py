"""Which leagues and seasons a command is about, as its user writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from footpred_dagster.core.domain import EXTRA_LEAGUES, FIRST_SEASON, LEAGUES, MAIN_LEAGUES, Season

GROUPS = {"main": tuple(MAIN_LEAGUES), "extra": tuple(EXTRA_LEAGUES), "all": tuple(LEAGUES)}


@dataclass(frozen=True, slots=True)
class Selection:
    """League codes, and a closed range of seasons.

    bounded: the user gave the range. Otherwise it ends where as_of lies, and extra leagues, whose one file holds all
    their seasons, are taken whole: as_of cuts later.
    """

    leagues: tuple[str, ...]
    first: Season
    last: Season
    bounded: bool = True

    def covers(self, league: str, season: Season) -> bool:
        """Whether a partition is meant; seasons of a calendar year go by the year they start in."""
        in_range = self.first.start <= season.start <= self.last.start
        return league in self.leagues and (in_range or (league in EXTRA_LEAGUES and not self.bounded))

    @property
    def seasons(self) -> list[str]:
        """Seasons of the main divisions, as they are stored."""
        return [str(Season(start)) for start in range(self.first.start, self.last.start + 1)]


def parse_leagues(text: str) -> tuple[str, ...]:
    """``main``, ``extra``, ``all``, or codes such as ``E0,ARG-COPA``; raises ValueError naming the unknown."""
    if text in GROUPS:
        return GROUPS[text]
    codes = tuple(dict.fromkeys(code.strip() for code in text.split(",") if code.strip()))
    if unknown := [code for code in codes if code not in LEAGUES]:
        raise ValueError(f"unknown league {', '.join(unknown)}; known are {', '.join([*GROUPS, *LEAGUES])}")
    if not codes:
        raise ValueError("no league given; write main, extra, all, or codes such as E0,D1")
    return codes


def parse_seasons(text: str | None, until: Season) -> tuple[Season, Season]:
    """``1516-2425``, one season ``2425`` or ``2024-25``, or None for everything up to ``until``."""
    if text is None:
        return Season(FIRST_SEASON), until
    if re.fullmatch(r"\d{4}-\d{2}", text):
        return Season.parse(text), Season.parse(text)
    first, _, last = text.partition("-")
    start = Season.parse(first)
    end = Season.parse(last) if last else start
    if end < start:
        raise ValueError(f"{text!r} runs backwards: write the earlier season first")
    return start, end


def parse_digest(text: str) -> str:
    """The sha256 of an archived body, as the tables and the UI show it."""
    if not re.fullmatch(r"[0-9a-f]{64}", digest := text.strip().lower()):
        raise ValueError(f"{text!r} is not a sha256: write its 64 hex digits")
    return digest


def parse_instant(text: str) -> datetime:
    """A date (00:00 UTC at its start) or an ISO timestamp (UTC unless it says otherwise)."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not a date or timestamp: write 2025-06-30 or 2025-06-30T12:00:00Z") from error
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
