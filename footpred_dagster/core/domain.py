"""The words everything else is written in: leagues, seasons, outcomes and the clock.

Nothing here does I/O. League facts are stated once more in ``dbt_project/seeds/leagues.csv`` for SQL; a contract test
holds the two together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import IntEnum
from zoneinfo import ZoneInfo

SITE_ZONE = ZoneInfo("Europe/London")
"""football-data.co.uk prints every time in UK local clock, whatever the country."""

ASSUMED_KICKOFF = time(15, 0)
"""Used when the source gives no time (before 2019/20); such rows carry ``kickoff_known = false``."""

FIRST_SEASON = 1993
SEASON_END = (6, 30)
"""Month and day by which every main division has finished (latest ever: 29 June 2003; 2019-20 ran into August)."""


class Outcome(IntEnum):
    """Full-time result in its ordinal order: home win, draw, away win."""

    HOME = 0
    DRAW = 1
    AWAY = 2


@dataclass(frozen=True, order=True, slots=True)
class Season:
    """An autumn-to-spring season, ordered by the year it starts in."""

    start: int

    def __str__(self) -> str:
        return f"{self.start}-{(self.start + 1) % 100:02d}"

    @property
    def site_code(self) -> str:
        """Four digits as the source's paths spell them: ``2425`` for 2024-25."""
        return f"{self.start % 100:02d}{(self.start + 1) % 100:02d}"

    @property
    def end(self) -> datetime:
        """The instant from which the season counts as complete."""
        return datetime(self.start + 1, *SEASON_END, tzinfo=UTC)

    @classmethod
    def parse(cls, text: str) -> Season:
        """Read ``2024-25`` or the site code ``2425``; raises ValueError that says which forms are accepted."""
        if match := re.fullmatch(r"(\d{4})-(\d{2})", text):
            start, end = int(match[1]), int(match[2])
        elif match := re.fullmatch(r"(\d{2})(\d{2})", text):
            start, end = _century(int(match[1])), int(match[2])
        else:
            raise ValueError(f"{text!r} is not a season: write 2425 or 2024-25")
        if (start + 1) % 100 != end:
            raise ValueError(f"{text!r} is not a season: its second year must follow its first")
        return cls(start)

    @classmethod
    def containing(cls, day: date) -> Season:
        """The season a day belongs to; seasons turn on 1 July."""
        return cls(day.year if day.month >= 7 else day.year - 1)


def _century(two_digits: int) -> int:
    """The site started in 1993, so 93-99 are the 1990s."""
    return (1900 if two_digits >= FIRST_SEASON % 100 else 2000) + two_digits


@dataclass(frozen=True, slots=True)
class League:
    """One division. ``first_season`` is the start year of its first season at the source."""

    code: str
    name: str
    country: str
    tier: int
    first_season: int


MAIN_LEAGUES: dict[str, League] = {
    league.code: league
    for league in (
        League("E0", "Premier League", "England", 1, 1993),
        League("E1", "Championship", "England", 2, 1993),
        League("E2", "League One", "England", 3, 1993),
        League("E3", "League Two", "England", 4, 1993),
        League("EC", "National League", "England", 5, 2005),
        League("SC0", "Premiership", "Scotland", 1, 1994),
        League("SC1", "Championship", "Scotland", 2, 1994),
        League("SC2", "League One", "Scotland", 3, 1997),
        League("SC3", "League Two", "Scotland", 4, 1997),
        League("D1", "Bundesliga", "Germany", 1, 1993),
        League("D2", "2. Bundesliga", "Germany", 2, 1993),
        League("I1", "Serie A", "Italy", 1, 1993),
        League("I2", "Serie B", "Italy", 2, 1997),
        League("SP1", "La Liga", "Spain", 1, 1993),
        League("SP2", "Segunda División", "Spain", 2, 1996),
        League("F1", "Ligue 1", "France", 1, 1993),
        League("F2", "Ligue 2", "France", 2, 1996),
        League("N1", "Eredivisie", "Netherlands", 1, 1993),
        League("B1", "Pro League", "Belgium", 1, 1995),
        League("P1", "Primeira Liga", "Portugal", 1, 1994),
        League("T1", "Süper Lig", "Turkey", 1, 1994),
        League("G1", "Super League", "Greece", 1, 1994),
    )
}

TOP_FIVE = ("E0", "D1", "I1", "SP1", "F1")


def kickoff_utc(day: date, clock: time | None) -> datetime:
    """The kickoff instant of a row: the site's UK clock, or the assumed hour when it printed none."""
    return datetime.combine(day, clock or ASSUMED_KICKOFF, SITE_ZONE).astimezone(UTC)
