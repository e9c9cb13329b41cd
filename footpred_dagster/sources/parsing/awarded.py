"""Results that stand in a file like any other and were never played: administrative ones.

Bookmakers price every match that is to be played, and the source notes how it went. In a file that has both of nearly
every match, a score with neither was decided without play. Of the files of 1993 to 2025 that holds for 74 rows of
six. Files without prices (before 2000-01) tell nothing: 38 such rows of theirs are gaps, and those matches were played.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from footpred_dagster.sources.parsing.records import RawMatch
from footpred_dagster.sources.parsing.tabular import Table
from footpred_dagster.sources.parsing.values import STATISTICS

COVERED = 0.9
"""Share of a file's scored rows with a half time and a pre-match price from which on their absence means something."""


def awarded_lines(table: Table, matches: Sequence[RawMatch]) -> frozenset[int]:
    """Lines of scored ``matches`` without half time, statistics or pre-match price, in a file that has them."""
    scored = [match for match in matches if match.home_goals is not None]
    suspects = {match.line for match in scored if match.ht_home_goals is None} - table.misaligned.keys()
    prices = pre_match_columns(table)
    if not suspects or not prices:
        return frozenset()
    priced = {line for line, cells in table.select(prices) if any(cells)}
    covered = sum(match.ht_home_goals is not None and match.line in priced for match in scored)
    if covered / len(scored) < COVERED:
        return frozenset()
    noted = {line for line, cells in table.select(STATISTICS) if any(cells)}
    return frozenset(suspects - priced - noted)


def pre_match_columns(table: Table) -> list[str]:
    """Prices of a win, a draw and a defeat, and of goals, by any bookmaker.

    Closing ones are left out: one walkover has a stray one.
    """
    books = {name[:-1] for name in table.index if name.endswith("H")}
    quoted = {book for book in books if {f"{book}D", f"{book}A"} <= table.index.keys()}
    opening = {book for book in quoted if not (book.endswith("C") and book[:-1] in quoted)}
    goals = {name for name in table.index if re.fullmatch(r".*[^C][<>]2\.5", name)}
    return sorted({f"{book}{side}" for book in opening for side in "HDA"} | goals)
