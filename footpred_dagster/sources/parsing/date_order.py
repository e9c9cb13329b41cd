"""What a file's dates say as a whole: their order and form, and the season they belong to.

A single cell cannot tell 4 January from 1 April; a column can.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.parsing.tabular import FileRefused
from footpred_dagster.sources.parsing.tolerance import ALLOWED_ROWS, too_many
from footpred_dagster.sources.parsing.values import parse_date

LATE_GAP = timedelta(days=30)
"""A season that runs past 30 June goes on without a longer pause (2019-20 did); next season starts after one."""

_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/\d{2}(?:\d{2})?", re.ASCII)


def check_date_order(dates: Sequence[tuple[int, str]]) -> None:
    """Refuse a file whose dates are not day/month/year; ``dates`` holds (line, cell). Raises FileRefused.

    Month-first order is proven by days above 12 in the second position and none in the first. A form such as ISO or a
    serial number is unreadable in every row.
    """
    read = {cell: _SLASHED.fullmatch(cell) for _, cell in dates}  # a day has many matches
    slashed = [(line, cell, match) for line, cell in dates if (match := read[cell])]
    day_second = [(line, cell) for line, cell, match in slashed if int(match[1]) <= 12 < int(match[2]) <= 31]
    day_first = any(int(match[1]) > 12 for _, _, match in slashed)
    if day_second and not day_first and too_many(len(day_second), 5 * ALLOWED_ROWS):
        line, cell = day_second[0]
        raise FileRefused(
            "month_first_dates",
            f"dates are written month first (line {line}: {cell!r}, and no date has a day above 12 in first place): "
            f"the site writes day/month/year; fetch the file again, or save it with such dates",
        )
    other = [(line, cell) for line, cell in dates if cell and not cell.startswith("#") and not read[cell]]
    if too_many(len(other), len(dates)):
        line, cell = other[0]
        raise FileRefused(
            "unreadable_dates",
            f"{len(other)} of {len(dates)} dates are not day/month/year (line {line}: {cell[:20]!r}): fetch the file "
            f"again, or save it with dates as the site writes them",
        )


def season_days(dates: Sequence[str], season: Season) -> set[date]:
    """The days in ``dates`` on which ``season`` was played; raises FileRefused when most dates are of another season.

    A day belongs to its season by the turn of 1 July; later days belong to it too while no gap above ``LATE_GAP``
    separates them from the days before.
    """
    days: Counter[date] = Counter()
    for text, rows in Counter(dates).items():
        if day := parse_date(text):
            days[day] += rows
    own = {day for day in days if Season.containing(day) == season}
    if own:
        last = max(own)
        for day in sorted(days.keys() - own):
            if last < day <= last + LATE_GAP and season.holds(day):
                own.add(day)
                last = day
    inside = sum(rows for day, rows in days.items() if day in own)
    if 2 * inside < days.total():
        seasons: Counter[Season] = Counter()
        for day, rows in days.items():
            seasons[Season.containing(day)] += rows
        other, rows = seasons.most_common(1)[0]
        raise FileRefused(
            "wrong_season",
            f"{rows} of {days.total()} dates are of {other}, {season} was requested: the site serves another season's "
            f"file here; a later fetch brings the right one",
        )
    return own
