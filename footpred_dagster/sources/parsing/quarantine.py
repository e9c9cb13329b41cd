"""From named cells to accepted rows: what every results file has in common, whatever its columns are called.

Every row read ends as a match, one dropped quarantine record, or a counted duplicate.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from datetime import date

from footpred_dagster.sources.parsing.records import Quarantined
from footpred_dagster.sources.parsing.tabular import JSON, FileRefused, Table
from footpred_dagster.sources.parsing.values import MAX_GOALS, is_name, parse_date, parse_whole, result_of

SHOWN = 80
"""Characters of a quarantined value that are kept."""

_DATE_STYLES = {2: "dd/mm/yy", 4: "dd/mm/yyyy"}


class Dropped(Exception):
    """This row is quarantined; arguments: column, reason, value."""


class Quarantine:
    """Collects what is not accepted: whole rows (dropped) and single values (noted)."""

    def __init__(self) -> None:
        self.records: list[Quarantined] = []

    def drop(self, line: int, column: str | None, reason: str, value: str) -> None:
        self.records.append(Quarantined(line, column, reason, value[:SHOWN], dropped=True))

    def note(self, line: int, column: str, reason: str, value: str) -> None:
        self.records.append(Quarantined(line, column, reason, value[:SHOWN], dropped=False))

    def sorted(self, kept_lines: Container[int] | None = None) -> list[Quarantined]:
        """By line; a note on a row that was not kept after all says nothing and goes."""
        kept = (item for item in self.records if item.dropped or kept_lines is None or item.line in kept_lines)
        return sorted(kept, key=lambda item: item.line)


def require_rows(table: Table) -> None:
    """A results file says something; raises FileRefused."""
    if not table.rows:
        raise FileRefused("empty", "a header without a row; a later fetch brings the matches")


def check_alone(table: Table, line: int) -> None:
    """Where a line end was lost the first match may read well and the second would be gone; raises Dropped."""
    if line in table.joined:
        raise Dropped("Date", "rows_run_together", table.joined[line])


def read_key(columns: Sequence[str], cells: Sequence[str]) -> date:
    """Check competition, date and both names, the first four cells; raises Dropped. Returns the date."""
    for column, cell in zip(columns, cells, strict=False):
        if cell.startswith("#"):
            raise Dropped(column, "spreadsheet_error", cell)
    competition, day, home, away = cells[:4]
    if not competition:
        raise Dropped(columns[0], "missing_division", "")
    if (match_date := parse_date(day)) is None:
        raise Dropped(columns[1], "impossible_date", day)
    for column, name in ((columns[2], home), (columns[3], away)):
        if not name:
            raise Dropped(column, "missing_team", "")
        if not is_name(name):
            raise Dropped(column, "bad_name", name)
    if home == away:
        raise Dropped(columns[3], "same_team", away)
    return match_date


def read_goals(columns: Sequence[str], home: str, away: str, result: str) -> tuple[int, int] | None:
    """Full-time goals; None for a void match, whose result letter is ignored. Raises Dropped.

    columns: names of home goals, away goals and the result letter.
    """
    if not home and not away:
        return None
    goals = parse_whole(home), parse_whole(away)
    for column, cell, value in zip(columns, (home, away), goals, strict=False):
        if value is None or value > MAX_GOALS:
            raise Dropped(column, "bad_goals", cell)
    scored = (goals[0] or 0, goals[1] or 0)
    if not result:
        raise Dropped(columns[2], "missing_result", "")
    if result != result_of(*scored):
        raise Dropped(columns[2], "result_disagrees", f"{result} for {scored[0]}-{scored[1]}")
    return scored


def read_facts(table: Table, duplicates: int) -> dict[str, JSON]:
    """What the table noticed about its shape, with the repeated rows and how dates are written."""
    style = date_style(cells[0] for _, cells in table.select(("Date",)))
    return {**table.facts, "duplicate_rows": duplicates, "date_style": style}


def date_style(dates: Iterable[str]) -> str | None:
    """dd/mm/yy, dd/mm/yyyy or mixed; None where no cell is a date."""
    years = {len(cell.rpartition("/")[2]) for cell in dates if parse_date(cell)}
    return _DATE_STYLES[years.pop()] if len(years) == 1 else "mixed" if years else None
