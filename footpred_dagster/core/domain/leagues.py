"""The words everything else is written in: leagues, seasons, outcomes and the clock.

Nothing here does I/O. League facts are stated once more in ``dbt_project/seeds/leagues.csv`` for SQL; a contract test
holds the two together.

Models are trained and judged on the main divisions only. The extra leagues have no opening odds, no shots and calendars
of their own; they are loaded, identified and rated, and left out in one place (``core/features/dataset.py``).
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
YEAR_SEASON_END = (3, 1)
"""The same, a year on, for seasons that follow the calendar year (latest ever: Brazil's 2020, on 26 February 2021)."""


class Outcome(IntEnum):
    """Full-time result in its ordinal order: home win, draw, away win."""

    HOME = 0
    DRAW = 1
    AWAY = 2


@dataclass(frozen=True, order=True, slots=True)
class Season:
    """A season by the year it starts in: from autumn to spring (every main division), or within a calendar year.

    Ordered by time, and so is the text it is stored as: ``2016`` before ``2016-17`` before ``2017``.
    """

    start: int
    autumn: bool = True

    def __str__(self) -> str:
        return f"{self.start}-{(self.start + 1) % 100:02d}" if self.autumn else str(self.start)

    @property
    def site_code(self) -> str:
        """Four digits as the source's paths and the command line spell them: ``2425`` for 2024-25 and for 2024."""
        return f"{self.start % 100:02d}{(self.start + 1) % 100:02d}"

    @property
    def end(self) -> datetime:
        """The instant from which the season counts as complete."""
        return datetime(self.start + 1, *(SEASON_END if self.autumn else YEAR_SEASON_END), tzinfo=UTC)

    @property
    def first_day(self) -> date:
        """The earliest day a match of this season can be played on."""
        return date(self.start, 7 if self.autumn else 1, 1)

    def holds(self, day: date) -> bool:
        """Whether a match of this season can be played on ``day``, postponed ones included.

        Real extremes: 1 July (Mexico 2023) and 12 August of the next year (Romania 2020) from autumn to spring, 22
        January (Argentina 2026) and 26 February of the next year (Brazil 2021) in a calendar year.
        """
        last_day = date(self.start + 1, 8, 31) if self.autumn else date(self.start + 1, 3, 31)
        return self.first_day <= day <= last_day

    @classmethod
    def stored(cls, text: str) -> Season:
        """Read what ``str`` wrote: ``2024-25`` or ``2024``. There 2021 is a calendar year, never the site code."""
        return cls(int(text), autumn=False) if re.fullmatch(r"\d{4}", text) else cls.parse(text)

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


STARTS = {
    **dict.fromkeys(("B1", "F2"), (7, 31)),
    **dict.fromkeys(("D2", "F1", "SC0", "SC1", "SC2", "SC3"), (8, 4)),
    **dict.fromkeys(("E1", "E2", "E3", "EC", "T1"), (8, 9)),
    **dict.fromkeys(("D1", "E0", "N1", "P1"), (8, 14)),
    **dict.fromkeys(("G1", "I1", "I2", "SP1", "SP2"), (8, 26)),
}
"""Month and day of a season's first match: medians of the files from 1993-94 to 2024-25, within three days."""
USUAL_START = (8, 1)


@dataclass(frozen=True, slots=True)
class Run:
    """Seasons of one calendar in a row, by start year; ``last`` is None while they go on."""

    first: int
    last: int | None = None
    autumn: bool = True


@dataclass(frozen=True, slots=True)
class League:
    """One competition. ``first_season`` is the start year of its first season at the source.

    file: code of the file under ``new/`` that holds all its seasons; None for a main division, with one file each.
    calendars: which seasons it has had; empty for a main division, which plays from autumn to spring throughout.
    """

    code: str
    name: str
    country: str
    tier: int
    first_season: int
    file: str | None = None
    calendars: tuple[Run, ...] = ()

    @property
    def runs(self) -> tuple[Run, ...]:
        return self.calendars or (Run(self.first_season),)

    @property
    def calendar(self) -> str:
        """``autumn`` (to spring) or ``year``: how its newest seasons run."""
        return "autumn" if self.runs[-1].autumn else "year"

    def seasons(self, until: date) -> list[Season]:
        """Every season that can have begun by ``until``, oldest first."""
        found = [
            Season(start, run.autumn) for run in self.runs for start in range(run.first, (run.last or until.year) + 1)
        ]
        return [season for season in found if season.first_day <= until]

    def starts(self, season: Season) -> date:
        """The day around which a season of this league starts: the median of its past seasons, for main divisions."""
        if not season.autumn:
            return date(season.start, 3, 1)
        return date(season.start, *STARTS.get(self.code, USUAL_START))

    def season(self, text: str) -> Season:
        """The season of this league that ``text`` names: as stored, or its site code.

        Raises ValueError where there is none. 2021 is the calendar year in a league that had one, else the site code.
        """
        read = [Season.stored(text)] if re.fullmatch(r"\d{4}(-\d{2})?", text) else []
        if re.fullmatch(r"\d{4}", text) and not self.has(read[0]):
            start = Season.parse(text).start
            read = [Season(start), Season(start, autumn=False)]
        found = next((season for season in read if self.has(season)), None)
        if found is None:
            raise ValueError(f"{self.name} has no season {text!r}: write 2425 or 2024-25")
        return found

    def has(self, season: Season) -> bool:
        """Whether the league played, plays or will play such a season."""
        return any(
            run.autumn == season.autumn and run.first <= season.start <= (run.last or season.start) for run in self.runs
        )


# A league more here has rules, formats and zones of its own to be added, and its code is an input of every model: their
# contract has another fingerprint then, and the next run fits all of them anew.
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

_SINCE_2012 = (Run(2012),)
_YEARS_SINCE_2012 = (Run(2012, autumn=False),)
_ARGENTINA = (Run(2012, 2013), Run(2014, 2016, autumn=False), Run(2016, 2019), Run(2021, autumn=False))
_COPA = (Run(2020, 2024, autumn=False),)

EXTRA_LEAGUES: dict[str, League] = {
    league.code: league
    for league in (
        League("ARG", "Liga Profesional", "Argentina", 1, 2012, "ARG", _ARGENTINA),
        League("ARG-COPA", "Copa de la Liga Profesional", "Argentina", 1, 2020, "ARG", _COPA),
        League("AUT", "Bundesliga", "Austria", 1, 2012, "AUT", _SINCE_2012),
        League("BRA", "Série A", "Brazil", 1, 2012, "BRA", _YEARS_SINCE_2012),
        League("CHN", "Super League", "China", 1, 2014, "CHN", (Run(2014, autumn=False),)),
        League("DNK", "Superliga", "Denmark", 1, 2012, "DNK", _SINCE_2012),
        League("FIN", "Veikkausliiga", "Finland", 1, 2012, "FIN", _YEARS_SINCE_2012),
        League("IRL", "Premier Division", "Ireland", 1, 2012, "IRL", _YEARS_SINCE_2012),
        League("JPN", "J1 League", "Japan", 1, 2012, "JPN", (Run(2012, 2025, autumn=False), Run(2026))),
        League("MEX", "Liga MX", "Mexico", 1, 2012, "MEX", _SINCE_2012),
        League("NOR", "Eliteserien", "Norway", 1, 2012, "NOR", _YEARS_SINCE_2012),
        League("POL", "Ekstraklasa", "Poland", 1, 2012, "POL", _SINCE_2012),
        League("ROU", "Superliga", "Romania", 1, 2012, "ROU", _SINCE_2012),
        League("RUS", "Premier League", "Russia", 1, 2012, "RUS", _SINCE_2012),
        League("SWE", "Allsvenskan", "Sweden", 1, 2012, "SWE", _YEARS_SINCE_2012),
        League("SWZ", "Super League", "Switzerland", 1, 2012, "SWZ", _SINCE_2012),
        League("SWZ-2", "Challenge League", "Switzerland", 2, 2020, "SWZ", (Run(2020, 2020),)),
        League("USA", "Major League Soccer", "USA", 1, 2012, "USA", _YEARS_SINCE_2012),
    )
}
"""The sixteen files of ``new/``; two of them hold two competitions. Japan moved to autumn in 2026."""

LEAGUES = MAIN_LEAGUES | EXTRA_LEAGUES

TOP_FIVE = ("E0", "D1", "I1", "SP1", "F1")


def kickoff_utc(day: date, clock: time | None) -> datetime:
    """The kickoff instant of a row: the site's UK clock, or the assumed hour when it printed none."""
    return datetime.combine(day, clock or ASSUMED_KICKOFF, SITE_ZONE).astimezone(UTC)
