"""Rows whose cells do not stand under their header: a comma too many or too few, somewhere in the middle.

Cells that are missing at the end, or empty ones too many, line up. On the files of 1993 to 2025 (233 509 rows) six rows
do not: four of I2 and one of P1 in 2003-04, one of T1 in 2006-07.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

NOT_ALIGNED = "row_not_aligned"
"""Reason of the note on a row that keeps its result and loses statistics and prices."""

_FRACTION = re.compile(r"\d*\.0*[1-9]\d*", re.ASCII)


def beyond_header(cells: Sequence[str], named: int) -> str | None:
    """The first non-empty cell at or after position ``named``, where no column has a name any more."""
    return next((cell.strip() for cell in cells[named:] if cell.strip()), None)


def shifted(counts: Sequence[str], last: int, half_time_result: str, referee: str) -> str | None:
    """The first cell that only a shift explains: a name among counts, a price in the last of them, a figure as a name.

    counts: the stripped cells of the statistics, ``last`` the place of the one that stands last in the file, next to
    the prices; a fraction elsewhere is a wrong value of that cell alone. None when nothing contradicts the columns.
    """
    if not "".join(counts).isdigit():  # nearly all are
        name = next((cell for cell in counts if sum(map(str.isalpha, cell)) > 1), None)
        if name is not None:
            return name
        if _FRACTION.fullmatch(counts[last]):
            return counts[last]
    if half_time_result and half_time_result.upper() not in {"H", "D", "A"}:
        return half_time_result
    return referee if referee.replace(".", "", 1).isdigit() else None
