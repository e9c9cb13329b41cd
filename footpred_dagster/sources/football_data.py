"""football-data.co.uk: results of the main divisions and the fixtures file, as measured on 30 years of real files.

Every row read ends as a match, one dropped quarantine record, or a counted duplicate. Nothing but FileRefused is raised
for any bytes. ``3.0`` counts as three goals; a date belongs to a season from 1 July to 31 August of the next year (real
extremes: 15 July, and 7 August 2020). A row whose Div is blank is quarantined; one that names another division refuses
the file, because a file that holds one foreign row holds, in every case seen, nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable
from datetime import date
from functools import partial

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.records import ParsedFile, ParsedFixtures, Quarantined, RawFixture, RawMatch
from footpred_dagster.sources.tabular import JSON, FileRefused, Table, read_table
from footpred_dagster.sources.values import (
    MAX_GOALS,
    NO_STATISTICS,
    STATISTICS,
    is_name,
    parse_date,
    parse_whole,
    read_odds,
    read_statistics,
    read_time,
    result_of,
)

__all__ = [
    "JSON",
    "PARSER_VERSION",
    "FileRefused",
    "ParsedFile",
    "ParsedFixtures",
    "Quarantined",
    "RawFixture",
    "RawMatch",
    "date_style",
    "opening_columns",
    "parse_fixtures",
    "parse_results",
    "require_rows",
]

PARSER_VERSION = "2"
"""Bump when the same bytes would give other rows: every stored file is then read again."""

KEY_COLUMNS = ("Div", "Date", "HomeTeam", "AwayTeam")
SCORE_COLUMNS = ("FTHG", "FTAG", "FTR")
CLOSING = ("AvgCH", "AvgCD", "AvgCA")
ONE_ROUND = 10
"""Rows that must all miss the season before the file counts as another season's and not as one with typos."""

_SHOWN = 80
_DATE_STYLES = {2: "dd/mm/yy", 4: "dd/mm/yyyy"}


class _Dropped(Exception):
    """This row is not believed; arguments: column, reason, value."""


def parse_results(body: bytes, league: str, season: Season) -> ParsedFile:
    """Read ``mmz4281/<season>/<league>.csv``; raises FileRefused."""
    table = read_table(body, KEY_COLUMNS + SCORE_COLUMNS)
    require_rows(table)
    opening = opening_columns(table)
    believed, quarantine = _Believed(), _Quarantine()
    for line, cells in table.select((*KEY_COLUMNS, "Time", *SCORE_COLUMNS, *STATISTICS, "HTR", *opening, *CLOSING)):
        if cells[0] and cells[0] != league and not cells[0].startswith("#"):
            raise FileRefused(
                "wrong_division",
                f"line {line} is of division {cells[0][:_SHOWN]!r}, {league} was asked for; the site serves another "
                f"division here until the season starts",
            )
        try:
            _check_alone(table, line)
            believed.add(_read_match(line, cells, season, opening, quarantine), quarantine)
        except _Dropped as refusal:
            quarantine.drop(line, *refusal.args)
    matches = list(believed.matches.values())
    outside = sum(item.reason == "date_outside_season" for item in quarantine.records)
    if not matches and outside >= ONE_ROUND:
        raise FileRefused("wrong_season", f"no row is of {season}: the site serves another season here for now")
    lines = {match.line for match in matches}
    return ParsedFile(matches, quarantine.sorted(lines), _facts(table, believed.duplicates))


def parse_fixtures(body: bytes, leagues: Container[str]) -> ParsedFixtures:
    """Read ``fixtures.csv``; rows of other leagues are counted, a header alone is fine. Raises FileRefused."""
    table = read_table(body, KEY_COLUMNS)
    opening = opening_columns(table)
    fixtures: dict[tuple[str, date, str, str], RawFixture] = {}
    quarantine = _Quarantine()
    duplicates, others = 0, Counter[str]()
    for line, cells in table.select((*KEY_COLUMNS, "Time", *opening)):
        league, _, home, away, clock, *odds = cells
        if league and league not in leagues and not league.startswith("#"):
            others[league[:_SHOWN]] += 1
            continue
        try:
            _check_alone(table, line)
            day = _read_key(cells)
        except _Dropped as refusal:
            quarantine.drop(line, *refusal.args)
            continue
        if (league, day, home, away) in fixtures:
            duplicates += 1
            continue
        note = partial(quarantine.note, line)
        prices = read_odds(odds, opening, note)
        fixtures[league, day, home, away] = RawFixture(line, league, day, read_time(clock, note), home, away, *prices)
    facts = _facts(table, duplicates)
    facts |= {"other_league_rows": others.total(), "other_leagues": dict(others.most_common(50))}
    return ParsedFixtures(list(fixtures.values()), quarantine.sorted(), facts)


class _Quarantine:
    """Collects what was not believed."""

    def __init__(self) -> None:
        self.records: list[Quarantined] = []

    def drop(self, line: int, column: str | None, reason: str, value: str) -> None:
        self.records.append(Quarantined(line, column, reason, value[:_SHOWN], dropped=True))

    def note(self, line: int, column: str, reason: str, value: str) -> None:
        self.records.append(Quarantined(line, column, reason, value[:_SHOWN], dropped=False))

    def sorted(self, kept_lines: Container[int] | None = None) -> list[Quarantined]:
        """By line; a note on a row that was not kept after all says nothing and goes."""
        kept = (item for item in self.records if item.dropped or kept_lines is None or item.line in kept_lines)
        return sorted(kept, key=lambda item: item.line)


class _Believed:
    """One match per date and pair: an exact repeat is counted, repeats with different scores all go."""

    def __init__(self) -> None:
        self.matches: dict[tuple[date, str, str], RawMatch] = {}
        self.duplicates = 0
        self._disputed: set[tuple[date, str, str]] = set()

    def add(self, match: RawMatch, quarantine: _Quarantine) -> None:
        key = (match.match_date, match.home, match.away)
        if key not in self._disputed:
            earlier = self.matches.setdefault(key, match)
            if earlier is match:
                return
            if _score(earlier) == _score(match):
                self.duplicates += 1
                return
            self._disputed.add(key)
            quarantine.drop(earlier.line, "FTHG", "conflicting_duplicate", _score(earlier))
            del self.matches[key]
        raise _Dropped("FTHG", "conflicting_duplicate", _score(match))


def _read_match(
    line: int, cells: list[str], season: Season, opening: tuple[str, str, str], quarantine: _Quarantine
) -> RawMatch:
    """Cells in the order ``parse_results`` selects them; raises _Dropped."""
    _, day, home, away, clock, home_goals, away_goals, result = cells[:8]
    match_date = _read_key(cells)
    if not date(season.start, 7, 1) <= match_date <= date(season.start + 1, 8, 31):
        raise _Dropped("Date", "date_outside_season", day)
    goals = _read_goals(home_goals, away_goals, result)
    note = partial(quarantine.note, line)
    fields = (
        line,
        match_date,
        read_time(clock, note),
        home,
        away,
        *(goals or (None, None)),
        *(read_statistics(cells[8:22], cells[22], goals, note) if goals else NO_STATISTICS),
        *read_odds(cells[23:26], opening, note),
        *read_odds(cells[26:29], CLOSING, note),
    )
    return RawMatch._make(fields)


def _check_alone(table: Table, line: int) -> None:
    """Where a line end was lost the first match may read well and the second would be gone; raises _Dropped."""
    if line in table.joined:
        raise _Dropped("Date", "rows_run_together", table.joined[line])


def _read_key(cells: list[str]) -> date:
    """Check division, date and names, the first four cells; raises _Dropped."""
    for column, cell in zip(KEY_COLUMNS, cells, strict=False):
        if cell.startswith("#"):
            raise _Dropped(column, "spreadsheet_error", cell)
    division, day, home, away = cells[:4]
    if not division:
        raise _Dropped("Div", "missing_division", "")
    if (match_date := parse_date(day)) is None:
        raise _Dropped("Date", "impossible_date", day)
    for column, name in (("HomeTeam", home), ("AwayTeam", away)):
        if not name:
            raise _Dropped(column, "missing_team", "")
        if not is_name(name):
            raise _Dropped(column, "bad_name", name)
    if home == away:
        raise _Dropped("AwayTeam", "same_team", away)
    return match_date


def _read_goals(home: str, away: str, result: str) -> tuple[int, int] | None:
    """Full-time goals; None for a void match, whose result letter is ignored. Raises _Dropped."""
    if not home and not away:
        return None
    goals = parse_whole(home), parse_whole(away)
    for column, cell, value in zip(SCORE_COLUMNS, (home, away), goals, strict=False):
        if value is None or value > MAX_GOALS:
            raise _Dropped(column, "bad_goals", cell)
    scored = (goals[0] or 0, goals[1] or 0)
    if not result:
        raise _Dropped("FTR", "missing_result", "")
    if result != result_of(*scored):
        raise _Dropped("FTR", "result_disagrees", f"{result} for {scored[0]}-{scored[1]}")
    return scored


def require_rows(table: Table) -> None:
    """A results file says something; raises FileRefused."""
    if not table.rows:
        raise FileRefused("empty", "a header without a row; a later fetch brings the matches")


def opening_columns(table: Table) -> tuple[str, str, str]:
    """The average over bookmakers as this file's era calls it."""
    return ("AvgH", "AvgD", "AvgA") if "AvgH" in table.index else ("BbAvH", "BbAvD", "BbAvA")


def _score(match: RawMatch) -> str:
    return "void" if match.home_goals is None else f"{match.home_goals}-{match.away_goals}"


def date_style(dates: Iterable[str]) -> str | None:
    """How a file writes its dates, by its date cells; real files never mix."""
    years = {len(cell.rpartition("/")[2]) for cell in dates if parse_date(cell)}
    return _DATE_STYLES[years.pop()] if len(years) == 1 else "mixed" if years else None


def _facts(table: Table, duplicates: int) -> dict[str, JSON]:
    style = date_style(cells[0] for _, cells in table.select(("Date",)))
    return {**table.facts, "duplicate_rows": duplicates, "date_style": style}
