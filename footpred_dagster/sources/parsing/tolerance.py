"""How many rows a file may lose to quarantine before it is refused whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

from footpred_dagster.sources.parsing.quarantine import SHOWN
from footpred_dagster.sources.parsing.records import ParsedFile, Quarantined
from footpred_dagster.sources.parsing.tabular import FileRefused

ALLOWED_SHARE = 0.02
ALLOWED_ROWS = 3
"""Unreadable rows that a file may hold: three, or 2 % of its rows. Beyond that the file is refused whole."""
A_DAY = timedelta(days=1)


def too_many(unreadable: int, rows: int) -> bool:
    """Whether a file with ``unreadable`` of ``rows`` rows is refused whole."""
    return unreadable > max(ALLOWED_ROWS, ALLOWED_SHARE * rows)


def refuse_unreadable(quarantined: Sequence[Quarantined], rows: int) -> None:
    """Raise FileRefused when more rows are quarantined than ``too_many`` allows."""
    dropped = sorted((item for item in quarantined if item.dropped), key=lambda item: item.line)
    if too_many(len(dropped), rows):
        reasons = ", ".join(f"{reason} {n}" for reason, n in Counter(item.reason for item in dropped).most_common(4))
        first = dropped[0]
        raise FileRefused(
            "unreadable_rows",
            f"{len(dropped)} of {rows} rows cannot be read ({reasons}), the first is line {first.line}, column "
            f"{first.column}: {(first.value or '')[:SHOWN]!r}; footpred inspect lists them; fetch the file again or "
            f"correct it",
        )


def without_future(parsed: ParsedFile, fetched_on: date) -> ParsedFile:
    """Quarantine scores of matches dated after the day on which the file was fetched, a day of grace for time zones.

    Raises FileRefused where they are many: in a file of the first weeks it is the only sign of month-first dates.
    """
    later = [
        match for match in parsed.matches if match.home_goals is not None and match.match_date > fetched_on + A_DAY
    ]
    future_rows = {
        match.line: Quarantined(match.line, "Date", "result_in_future", f"{match.match_date:%d/%m/%Y}", dropped=True)
        for match in later
    }
    return without_rows(parsed, future_rows)


def without_rows(parsed: ParsedFile, dropped: Mapping[int, Quarantined]) -> ParsedFile:
    """``parsed`` less the rows of these lines; raises FileRefused when too many are gone by then."""
    if not dropped:
        return parsed
    notes = [item for item in parsed.quarantined if item.line not in dropped]
    quarantined = sorted([*notes, *dropped.values()], key=lambda item: item.line)
    refuse_unreadable(quarantined, int(str(parsed.facts["rows_read"])))
    matches = [match for match in parsed.matches if match.line not in dropped]
    return replace(parsed, matches=matches, quarantined=quarantined)
