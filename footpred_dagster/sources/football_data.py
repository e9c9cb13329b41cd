"""football-data.co.uk: results of the main divisions and the fixtures file, as measured on 30 years of real files.

Every row read ends as a match, one dropped quarantine record, or a counted duplicate. Nothing but FileRefused is raised
for any bytes. ``3.0`` counts as three goals; a date belongs to a season from 1 July to 31 August of the next year (real
extremes: 15 July, and 7 August 2020). A row whose Div is blank is quarantined; one that names another division refuses
the file, because a file that holds one foreign row holds, in every case seen, nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from datetime import date
from functools import partial

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.records import ParsedFile, ParsedFixtures, Quarantined, RawFixture, RawMatch
from footpred_dagster.sources.rows import (
    SHOWN,
    Believed,
    Dropped,
    Quarantine,
    check_alone,
    read_facts,
    read_goals,
    read_key,
    require_rows,
)
from footpred_dagster.sources.tabular import JSON, FileRefused, Table, read_table
from footpred_dagster.sources.values import NO_STATISTICS, STATISTICS, read_odds, read_statistics, read_time

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

PARSER_VERSION = "2"
"""Bump when the same bytes would give other rows: every stored file is then read again."""

KEY_COLUMNS = ("Div", "Date", "HomeTeam", "AwayTeam")
SCORE_COLUMNS = ("FTHG", "FTAG", "FTR")
CLOSING = ("AvgCH", "AvgCD", "AvgCA")
ONE_ROUND = 10
"""Rows that must all miss the season before the file counts as another season's and not as one with typos."""


def parse_results(body: bytes, league: str, season: Season) -> ParsedFile:
    """Read ``mmz4281/<season>/<league>.csv``; raises FileRefused."""
    table = read_table(body, KEY_COLUMNS + SCORE_COLUMNS)
    require_rows(table)
    opening = opening_columns(table)
    believed, quarantine = Believed(), Quarantine()
    for line, cells in table.select((*KEY_COLUMNS, "Time", *SCORE_COLUMNS, *STATISTICS, "HTR", *opening, *CLOSING)):
        if cells[0] and cells[0] != league and not cells[0].startswith("#"):
            raise FileRefused(
                "wrong_division",
                f"line {line} is of division {cells[0][:SHOWN]!r}, {league} was asked for; the site serves another "
                f"division here until the season starts",
            )
        try:
            check_alone(table, line)
            believed.add(_read_match(line, cells, season, opening, quarantine), quarantine, "FTHG")
        except Dropped as refusal:
            quarantine.drop(line, *refusal.args)
    matches = list(believed.matches.values())
    outside = sum(item.reason == "date_outside_season" for item in quarantine.records)
    if not matches and outside >= ONE_ROUND:
        raise FileRefused("wrong_season", f"no row is of {season}: the site serves another season here for now")
    lines = {match.line for match in matches}
    return ParsedFile(matches, quarantine.sorted(lines), read_facts(table, believed.duplicates))


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
        prices = read_odds(odds, opening, note)
        fixtures[league, day, home, away] = RawFixture(line, league, day, read_time(clock, note), home, away, *prices)
    facts = read_facts(table, duplicates)
    facts |= {"other_league_rows": others.total(), "other_leagues": dict(others.most_common(50))}
    return ParsedFixtures(list(fixtures.values()), quarantine.sorted(), facts)


def _read_match(
    line: int, cells: list[str], season: Season, opening: tuple[str, str, str], quarantine: Quarantine
) -> RawMatch:
    """Cells in the order ``parse_results`` selects them; raises Dropped."""
    _, day, home, away, clock, home_goals, away_goals, result = cells[:8]
    match_date = read_key(KEY_COLUMNS, cells)
    if not season.holds(match_date):
        raise Dropped("Date", "date_outside_season", day)
    goals = read_goals(SCORE_COLUMNS, home_goals, away_goals, result)
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


def opening_columns(table: Table) -> tuple[str, str, str]:
    """The average over bookmakers as this file's era calls it."""
    return ("AvgH", "AvgD", "AvgA") if "AvgH" in table.index else ("BbAvH", "BbAvD", "BbAvA")
