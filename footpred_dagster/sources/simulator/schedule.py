"""When the rounds of a season are played, and who meets whom in them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from footpred_dagster.core.domain import Season, kickoff_utc

MIN_CLUBS, MAX_CLUBS = 4, 24
"""More than 24 clubs have more rounds than a season has room for."""
MIDWEEK_EVERY = 10
"""One round in ten is played on a Tuesday and Wednesday."""

_SATURDAY, _SUNDAY = 0, 1
_Slots = tuple[tuple[int, time], ...]

_WEEKEND: _Slots = (
    *((_SATURDAY, time(15)), (_SUNDAY, time(14)), (_SATURDAY, time(15)), (_SATURDAY, time(17, 30))),
    *((_SUNDAY, time(16, 30)), (_SATURDAY, time(15)), (_SATURDAY, time(12, 30)), (_SATURDAY, time(15))),
    *((_SUNDAY, time(14)), (_SATURDAY, time(15)), (_SATURDAY, time(20)), (_SATURDAY, time(15))),
)
"""Days after Saturday and UK clock, by priority: small rounds use the first ones, a Sunday always among them."""
_MIDWEEK: _Slots = ((3, time(19, 45)), (4, time(19, 45)), (4, time(20)))
"""Tuesday and Wednesday, as days after the Saturday before."""


@lru_cache(maxsize=32)
def pairings(clubs: int) -> npt.NDArray[np.int64]:
    """Circle method: (2 (clubs - 1), clubs / 2, 2) places of (home, away).

    Every pair meets once at home and once away, every club plays once a round; the second half of the season mirrors
    the first. ``clubs`` is even.
    """
    half = clubs // 2
    circle = list(range(clubs))
    first = []
    for turn in range(clubs - 1):
        sides = circle[:half], circle[: half - 1 : -1]
        first.append(list(zip(*(sides if turn % 2 == 0 else sides[::-1]), strict=True)))
        circle = [circle[0], circle[-1], *circle[1:-1]]
    rounds = np.array(first, dtype=np.int64)
    return np.concatenate([rounds, rounds[:, :, ::-1]])


@lru_cache(maxsize=128)
def kickoffs(season: Season, clubs: int) -> tuple[datetime, ...]:
    """UTC instants of a season's matches in order, round by round: ``clubs / 2`` to a round.

    Rounds spread evenly from July to June, the two weekends on which the clocks change included, 24 and 25 December
    left out. Rounds do not overlap.
    """
    rounds = 2 * (clubs - 1)
    saturdays = _saturdays(season)
    midweek_rounds = max(rounds // MIDWEEK_EVERY, rounds - len(saturdays))
    weekends = _spread(len(saturdays), rounds - midweek_rounds)
    for number in (place for place, day in enumerate(saturdays) if _clocks_change(day + timedelta(days=1))):
        if number not in weekends:
            weekends.remove(min(weekends - {0, len(saturdays) - 1}, key=lambda other: abs(other - number)))
            weekends.add(number)
    midweeks = [day for day in saturdays[1:-1] if not any(_christmas(day + timedelta(days=n)) for n, _ in _MIDWEEK)]
    starts = [(saturdays[number], _WEEKEND) for number in weekends]
    starts += [(midweeks[number], _MIDWEEK) for number in _spread(len(midweeks), midweek_rounds)]
    instants = []
    for saturday, pattern in starts:
        slots = sorted(pattern[number % len(pattern)] for number in range(clubs // 2))
        instants += [kickoff_utc(saturday + timedelta(days=after), clock) for after, clock in slots]
    return tuple(sorted(instants))


def _saturdays(season: Season) -> list[date]:
    """From 3 July to 26 June; a Christmas weekend is none of them.

    There is no summer break: whatever the day, a round of a full league begins within two weeks, so that the demo has
    something to predict.
    """
    first = date(season.start, 7, 3)
    first += timedelta(days=(5 - first.weekday()) % 7)
    days = (first + timedelta(weeks=week) for week in range(52))
    return [
        day
        for day in days
        if day <= date(season.start + 1, 6, 26) and not _christmas(day) and not _christmas(day + timedelta(days=1))
    ]


def _christmas(day: date) -> bool:
    return day.month == 12 and day.day in (24, 25)


def _clocks_change(day: date) -> bool:
    before, after = (kickoff_utc(day + timedelta(days=shift), None) for shift in (-1, 0))
    return after - before != timedelta(days=1)


def _spread(places: int, count: int) -> set[int]:
    """``count`` of ``places`` numbers, evenly, first and last included."""
    return set(np.linspace(0, places - 1, count).round().astype(int).tolist())
