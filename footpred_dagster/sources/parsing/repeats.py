"""One match told twice: exact repeats, the same meeting under two dates, and a club with two matches on one day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date
from itertools import combinations
from typing import Protocol, TypeVar

from footpred_dagster.sources.parsing.quarantine import Quarantine
from footpred_dagster.sources.parsing.records import RawMatch


class Dated(Protocol):
    """A row that names a day and two clubs."""

    @property
    def line(self) -> int: ...
    @property
    def match_date(self) -> date: ...
    @property
    def home(self) -> str: ...
    @property
    def away(self) -> str: ...


Row = TypeVar("Row", bound=Dated)


def without_repeats(
    matches: Sequence[RawMatch], hosted: int | None, quarantine: Quarantine, goals_column: str
) -> tuple[list[RawMatch], int]:
    """The matches of one season in which each is told once, and the number of rows that repeated another.

    hosted: how often the rules of that season let a club host one other club; None where no rule limits it.

    Rows of one day and pair: equal scores are one match, different ones quarantine all of them. Played rows of a pair
    beyond ``hosted``: equal scores are one match on the later day, which is noted; otherwise the two that are closest
    in time are quarantined. Then of a club's two matches on one day the one on the later line is quarantined.
    """
    kept, repeats = _one_per_day(matches, quarantine, goals_column)
    if hosted is not None:
        kept, told_twice = _one_per_meeting(kept, hosted, quarantine, goals_column)
        repeats += told_twice
    return one_match_a_day(kept, quarantine, lambda match, club: club), repeats


def one_match_a_day(rows: Sequence[Row], quarantine: Quarantine, club_key: Callable[[Row, str], object]) -> list[Row]:
    """The rows without those in which a club that plays on an earlier line plays again on the same day.

    ``club_key(row, name)`` identifies a club across the file.
    """
    busy: dict[tuple[date, object], Row] = {}
    kept = []
    for row in sorted(rows, key=lambda row: row.line):
        keys = [(row.match_date, club_key(row, club)) for club in (row.home, row.away)]
        earlier = next((busy[key] for key in keys if key in busy), None)
        if earlier is not None:
            detail = f"{row.home} v {row.away}; line {earlier.line} has {earlier.home} v {earlier.away} on that day"
            quarantine.drop(row.line, "Date", "second_match_on_one_day", detail)
            continue
        busy.update(dict.fromkeys(keys, row))
        kept.append(row)
    return kept


def _one_per_day(matches: Sequence[RawMatch], quarantine: Quarantine, goals_column: str) -> tuple[list[RawMatch], int]:
    groups: dict[tuple[date, str, str], list[RawMatch]] = defaultdict(list)
    for match in matches:
        groups[match.match_date, match.home, match.away].append(match)
    kept, repeats = [], 0
    for group in groups.values():
        if len(group) > 1 and len({score(match) for match in group}) > 1:
            for match in group:
                quarantine.drop(match.line, goals_column, "conflicting_duplicate", score(match))
            continue
        kept.append(group[0])
        repeats += len(group) - 1
    return kept, repeats


def _one_per_meeting(
    matches: Sequence[RawMatch], hosted: int, quarantine: Quarantine, goals_column: str
) -> tuple[list[RawMatch], int]:
    meetings: dict[tuple[str, str], list[RawMatch]] = defaultdict(list)
    for match in matches:
        if match.home_goals is not None:
            meetings[match.home, match.away].append(match)
    gone: set[int] = set()
    repeats = 0
    for rows in meetings.values():
        while len(rows) > hosted:
            same = [pair for pair in combinations(rows, 2) if score(pair[0]) == score(pair[1])]
            first, second = sorted(
                min(same or combinations(rows, 2), key=lambda pair: abs(pair[1].match_date - pair[0].match_date)),
                key=lambda match: match.match_date,
            )
            rows.remove(first)
            gone.add(first.line)
            if same:
                repeats += 1
                detail = f"also on line {first.line} with the date {first.match_date:%d/%m/%Y}"
                quarantine.note(second.line, "Date", "told_twice", detail)
                continue
            rows.remove(second)
            gone.add(second.line)
            for match in (first, second):
                detail = f"{match.home} v {match.away} {score(match)}: the season has {hosted} such a match"
                quarantine.drop(match.line, goals_column, "too_many_meetings", detail)
    return [match for match in matches if match.line not in gone], repeats


def score(match: RawMatch) -> str:
    """``2-1``, or ``void`` for a match without a score."""
    return "void" if match.home_goals is None else f"{match.home_goals}-{match.away_goals}"
