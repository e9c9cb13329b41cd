"""football-data.co.uk: results of the main divisions and the fixtures file, as measured on 30 years of real files.

Every row read ends as a match, one dropped quarantine record, or a counted duplicate. Nothing but FileRefused is raised
for any bytes. ``3.0`` counts as three goals. All the dates of a file tell its season (``date_order``). A row whose Div
is blank is quarantined; one that names another division refuses the file, because a file that holds one foreign row
holds, in every case seen, nothing else. A file with more unreadable rows than ``too_many`` allows is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from datetime import date
from functools import partial

from footpred_dagster.core.domain import LEAGUES, Season
from footpred_dagster.core.domain.rules import hosted_meetings
from footpred_dagster.sources.parsing.alignment import NOT_ALIGNED, shifted
from footpred_dagster.sources.parsing.awarded import awarded_lines
from footpred_dagster.sources.parsing.date_order import check_date_order, season_days
from footpred_dagster.sources.parsing.quarantine import (
    SHOWN,
    Dropped,
    Quarantine,
    check_alone,
    read_facts,
    read_goals,
    read_key,
    require_rows,
)
from footpred_dagster.sources.parsing.records import ParsedFile, ParsedFixtures, Quarantined, RawFixture, RawMatch
from footpred_dagster.sources.parsing.repeats import one_match_a_day, without_repeats
from footpred_dagster.sources.parsing.tabular import JSON, FileRefused, Table, read_table
from footpred_dagster.sources.parsing.tolerance import refuse_unreadable
from footpred_dagster.sources.parsing.values import NO_STATISTICS, STATISTICS, read_odds, read_statistics, read_time

__all__ = [
    "JSON",
    "PARSER_VERSION",
    "FileRefused",
    "ParsedFile",
    "ParsedFixtures",
    "Quarantined",
    "RawFixture",
    "RawMatch",
    "opening_columns",
    "parse_fixtures",
    "parse_results",
]

PARSER_VERSION = "3"
"""Bump when the same bytes would give other rows: every stored file is then read again."""

KEY_COLUMNS = ("Div", "Date", "HomeTeam", "AwayTeam")
SCORE_COLUMNS = ("FTHG", "FTAG", "FTR")
CLOSING = ("AvgCH", "AvgCD", "AvgCA")
CELLS = (*KEY_COLUMNS, "Time", *SCORE_COLUMNS, *STATISTICS, "HTR", "Referee")
"""What is read of a results row beside its prices."""


def parse_results(body: bytes, league: str, season: Season) -> ParsedFile:
    """Read ``mmz4281/<season>/<league>.csv``; raises FileRefused."""
    table = read_table(body, KEY_COLUMNS + SCORE_COLUMNS)
    require_rows(table)
    opening = opening_columns(table)
    rows = list(table.select((*CELLS, *opening, *CLOSING)))
    for line, cells in rows:
        if cells[0] and cells[0] != league and not cells[0].startswith("#"):
            raise FileRefused(
                "wrong_division",
                f"line {line} is of division {cells[0][:SHOWN]!r}, {league} was requested; the site serves another "
                f"division here until the season starts",
            )
    check_date_order([(line, cells[1]) for line, cells in rows])
    days = season_days([cells[1] for _, cells in rows], season)
    last = max(range(len(STATISTICS)), key=lambda place: table.index.get(STATISTICS[place], -1))
    read, quarantine = [], Quarantine()
    for line, cells in rows:
        try:
            check_alone(table, line)
            misplaced = table.misaligned.get(line) or shifted(cells[8:22], last, *cells[22:24])
            read.append(_read_match(line, cells, days, misplaced, opening, quarantine))
        except Dropped as refusal:
            quarantine.drop(line, *refusal.args)
    matches, repeats = without_repeats(read, hosted_meetings(league, season), quarantine, "FTHG")
    refuse_unreadable(quarantine.records, len(rows))
    awarded = awarded_lines(table, matches)
    matches = [match._replace(looks_awarded=True) if match.line in awarded else match for match in matches]
    lines = {match.line for match in matches}
    return ParsedFile(matches, quarantine.sorted(lines), read_facts(table, repeats))


def parse_fixtures(body: bytes, leagues: Container[str]) -> ParsedFixtures:
    """Read ``fixtures.csv``; rows of other leagues are counted, a header alone is fine. Raises FileRefused."""
    table = read_table(body, KEY_COLUMNS)
    opening = opening_columns(table)
    fixtures: dict[tuple[str, date, str, str], RawFixture] = {}
    quarantine = Quarantine()
    duplicates, others = 0, Counter[str]()
    for line, cells in table.select((*KEY_COLUMNS, "Time", *opening)):
        league, _, home, away, clock, *odds = cells
        if league and league not in leagues and not league.startswith("#"):
            others[league[:SHOWN]] += 1
            continue
        try:
            check_alone(table, line)
            day = read_key(KEY_COLUMNS, cells)
        except Dropped as refusal:
            quarantine.drop(line, *refusal.args)
            continue
        if (league, day, home, away) in fixtures:
            duplicates += 1
            continue
        note = partial(quarantine.note, line)
        if beyond := table.misaligned.get(line):
            note(opening[0], NOT_ALIGNED, beyond)
            odds = ["", "", ""]
        prices = read_odds(odds, opening, note)
        fixtures[league, day, home, away] = RawFixture(line, league, day, read_time(clock, note), home, away, *prices)
    facts = read_facts(table, duplicates)
    facts |= {"other_league_rows": others.total(), "other_leagues": dict(others.most_common(50))}
    kept = one_match_a_day(list(fixtures.values()), quarantine, lambda row, club: (LEAGUES[row.league].country, club))
    return ParsedFixtures(kept, quarantine.sorted({row.line for row in kept}), facts)


def _read_match(
    line: int,
    cells: list[str],
    days: Container[date],
    misplaced: str | None,
    opening: tuple[str, str, str],
    quarantine: Quarantine,
) -> RawMatch:
    """Cells in the order of ``CELLS`` and the prices; raises Dropped.

    days: those of the season. misplaced: a cell by which the row does not stand under its header, else None.
    """
    day, clock = cells[1], cells[4]
    home_goals, away_goals, result = cells[5:8]
    match_date = read_key(KEY_COLUMNS, cells)
    if match_date not in days:
        raise Dropped("Date", "date_outside_season", day)
    goals = read_goals(SCORE_COLUMNS, home_goals, away_goals, result)
    note = partial(quarantine.note, line)
    key = (line, match_date, read_time(clock, note), cells[2], cells[3], *(goals or (None, None)))
    if goals and misplaced:
        note("HTHG", NOT_ALIGNED, misplaced)
        return RawMatch(*key, *NO_STATISTICS, *[None] * 6)
    fields = (
        *key,
        *(read_statistics(cells[8:22], cells[22], goals, note) if goals else NO_STATISTICS),
        *read_odds(cells[24:27], opening, note),
        *read_odds(cells[27:30], CLOSING, note),
    )
    return RawMatch(*fields)


def opening_columns(table: Table) -> tuple[str, str, str]:
    """The average over bookmakers as this file's era calls it."""
    return ("AvgH", "AvgD", "AvgA") if "AvgH" in table.index else ("BbAvH", "BbAvD", "BbAvA")
