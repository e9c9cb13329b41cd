"""From one cell to one value: dates, goals, match statistics, odds, and which of them are believable."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, time
from functools import lru_cache

from footpred_dagster.core.domain import FIRST_SEASON

MAX_GOALS = 20
MAX_STATISTIC = 100
MAX_NAME = 100
"""Characters; the longest real team name has 21."""
MAX_ODDS = 1001.0
BOOK_SUM = (1.0, 1.35)
"""Believable sums of 1/odds: no book pays out more than it takes (ghost prices of an exchange do); above is a typo."""

Note = Callable[[str, str, str], None]
"""note(column, reason, value): a value was nulled, the match is kept."""

STATISTICS = ("HTHG", "HTAG", "HS", "AS", "HST", "AST", "HF", "AF", "HC", "AC", "HY", "AY", "HR", "AR")
"""In RawMatch order, from ht_home_goals to away_reds."""

NO_STATISTICS: tuple[int | None, ...] = (None,) * len(STATISTICS)

_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})", re.ASCII)
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?", re.ASCII)
_WHOLE = re.compile(r"0{0,9}(\d{1,3})(?:\.0{1,9})?", re.ASCII)
_DECIMAL = re.compile(r"\d{1,4}(?:\.\d{1,9})?", re.ASCII)


@lru_cache(maxsize=4096)
def parse_date(text: str) -> date | None:
    """``dd/mm/yy`` (93-99 are the 1990s) or ``dd/mm/yyyy``; None for anything else, 30 February included."""
    if not (match := _DATE.fullmatch(text)):
        return None
    day, month, year = map(int, match.groups())
    if len(match[3]) == 2:
        year += 1900 if year >= FIRST_SEASON % 100 else 2000
    try:
        return date(year, month, day)
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def parse_time(text: str) -> time | None:
    """``15:00``, UK local clock; None for anything else."""
    match = _TIME.fullmatch(text)
    return time(int(match[1]), int(match[2])) if match and int(match[1]) < 24 and int(match[2]) < 60 else None


@lru_cache(maxsize=1024)
def parse_whole(text: str) -> int | None:
    """A count from 0 to 999. ``3.0`` is 3, as spreadsheets write it; ``1.5``, ``-1`` and ``abc`` are None."""
    match = _WHOLE.fullmatch(text)
    return int(match[1]) if match else None


@lru_cache(maxsize=16384)
def parse_odds(text: str) -> float | None:
    """Decimal odds above 1; None for anything else."""
    value = float(text) if _DECIMAL.fullmatch(text) else 0.0
    return value if 1.0 < value <= MAX_ODDS else None


def is_name(text: str) -> bool:
    """Whether this can be a team's name, stored as text whatever it says.

    Without a letter it is a time or a figure from a row whose cells have shifted.
    """
    return 0 < len(text) <= MAX_NAME and text.isprintable() and any(map(str.isalpha, text))


def read_time(cell: str, note: Note) -> time | None:
    """Kickoff, noted when something was there that is no time."""
    clock = parse_time(cell)
    if cell and clock is None:
        note("Time", "bad_time", cell)
    return clock


def read_odds(
    cells: Sequence[str], columns: Sequence[str], note: Note
) -> tuple[float, float, float] | tuple[None, None, None]:
    """Home, draw, away odds: all three or none. Noted only when something was there."""
    first, second, third = cells
    if not (first or second or third):
        return None, None, None
    home, draw, away = parse_odds(first), parse_odds(second), parse_odds(third)
    if home and draw and away and BOOK_SUM[0] <= round(1 / home + 1 / draw + 1 / away, 9) <= BOOK_SUM[1]:
        return home, draw, away
    note(columns[0], "bad_odds", "/".join(cells))
    return None, None, None


def read_statistics(
    cells: Sequence[str], half_time_result: str, goals: tuple[int, int], note: Note
) -> tuple[int | None, ...]:
    """The fourteen counts of STATISTICS, implausible ones None and noted.

    Where two figures contradict each other and either may be wrong, both go: a half time above full time or against
    its own result letter, more shots on target than shots. Goals are trusted, so more goals than shots on target (one
    own goal aside) costs the shots on target only.
    """
    values = [parse_whole(cell) if cell else None for cell in cells]
    for place, cell in enumerate(cells):
        value = values[place]
        if cell and (value is None or value > MAX_STATISTIC):
            note(STATISTICS[place], "implausible_value", cell)
            values[place] = None
    _check_half_time(values, half_time_result, goals, note)
    for side in (0, 1):
        shots, on_target = values[2 + side], values[4 + side]
        if on_target is None:
            continue
        if shots is not None and on_target > shots:
            note(STATISTICS[4 + side], "on_target_above_shots", f"{on_target} of {shots}")
            values[2 + side] = values[4 + side] = None
        elif goals[side] > on_target + 1:
            note(STATISTICS[4 + side], "goals_above_on_target", f"{goals[side]} goals of {on_target}")
            values[4 + side] = None
    return tuple(values)


def _check_half_time(values: list[int | None], letter: str, goals: tuple[int, int], note: Note) -> None:
    home, away = values[0], values[1]
    if home is None and away is None:
        return
    if home is None or away is None:
        values[0] = values[1] = None
        note("HTHG", "half_time_incomplete", f"{'' if home is None else home}-{'' if away is None else away}")
    elif home > goals[0] or away > goals[1]:
        values[0] = values[1] = None
        note("HTHG", "half_time_above_full_time", f"{home}-{away} of {goals[0]}-{goals[1]}")
    elif letter and letter != result_of(home, away):
        values[0] = values[1] = None
        note("HTR", "half_time_result_disagrees", f"{letter} for {home}-{away}")


def result_of(home: int, away: int) -> str:
    """The site's letter: H, D or A."""
    return "H" if home > away else "D" if home == away else "A"
