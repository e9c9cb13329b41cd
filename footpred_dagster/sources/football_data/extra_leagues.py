"""football-data.co.uk, extra leagues: ``new/{CODE}.csv``, one file per country with all its seasons since 2012.

Columns: Country, League, Season (``2012/2013`` or ``2026``), Date and Time (UK clock), Home, Away, HG, AG, Res, then
closing odds; older copies (one of 2018) call the closing averages AvgH, AvgD, AvgA. No opening odds, no statistics.

Names of countries and leagues carry stray spaces and leagues are renamed, so a league's name decides nothing except in
the two files that hold two competitions. Every row read belongs to one season: a row whose season cannot be told is
quarantined in the season of the row before it, so that counts reconcile season by season.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache, partial
from types import MappingProxyType

from footpred_dagster.core.domain import EXTRA_LEAGUES, Season
from footpred_dagster.sources.parsing.alignment import NOT_ALIGNED
from footpred_dagster.sources.parsing.date_order import check_date_order
from footpred_dagster.sources.parsing.quarantine import (
    SHOWN,
    Dropped,
    Quarantine,
    check_alone,
    date_style,
    read_goals,
    read_key,
    require_rows,
)
from footpred_dagster.sources.parsing.records import ParsedFile, RawMatch
from footpred_dagster.sources.parsing.repeats import without_repeats
from footpred_dagster.sources.parsing.tabular import FileRefused, Table, read_table
from footpred_dagster.sources.parsing.values import NO_STATISTICS, Note, parse_date, read_odds, read_time

KEY_COLUMNS = ("League", "Date", "Home", "Away")
SCORE_COLUMNS = ("HG", "AG", "Res")
REQUIRED = ("Country", "Season", *KEY_COLUMNS, *SCORE_COLUMNS)

COMPETITIONS = MappingProxyType(
    {
        "ARG": {
            "liga profesional": "ARG",
            "primera division": "ARG",
            "superliga": "ARG",
            "copa de la liga profesional": "ARG-COPA",
            "copa de la superliga": "ARG-COPA",
        },
        "SWZ": {"super league": "SWZ", "challenge league": "SWZ-2"},
    }
)
"""Names, past ones too, in the files that hold two competitions. In every other file all names mean the one league."""
ALIKE = 0.75
"""How like a known name another must be to mean it (difflib ratio); "Liga Profesional Argentina" has .76."""

PLAYED_LATE = MappingProxyType({("ARG", Season(2013)): date(2015, 1, 29)})
"""Last day of a season that ran beyond what ``Season.holds`` grants: Boca Juniors v Velez Sarsfield, a play-off for a
place in the Copa Libertadores, is counted to 2013/2014."""

Pair = tuple[str, Season]


@dataclass(slots=True)
class _Sheet:
    """The rows of one season."""

    read: list[RawMatch] = field(default_factory=list)
    quarantine: Quarantine = field(default_factory=Quarantine)
    dates: list[str] = field(default_factory=list)
    """The date cell of every row read."""


@lru_cache(maxsize=1)
def parse_extra(body: bytes, file: str) -> dict[Pair, ParsedFile]:
    """Read ``new/<file>.csv``: every (league code, season) it holds. Raises FileRefused.

    The newest result is kept, because its seasons are loaded one after the other; nobody may change it. ``rows_read``
    and ``duplicate_rows`` in a season's facts count its rows, the other facts are the file's.
    """
    table = read_table(body, REQUIRED)
    require_rows(table)
    country = EXTRA_LEAGUES[file].country
    closing = _closing_columns(table)
    first = EXTRA_LEAGUES[file].runs[0]
    pair: Pair = (file, Season(first.first, first.autumn))
    sheets: dict[Pair, _Sheet] = {}
    rows = list(table.select(("Country", "Season", *KEY_COLUMNS, "Time", *SCORE_COLUMNS, *closing)))
    check_date_order([(line, cells[3]) for line, cells in rows])
    for line, cells in rows:
        if cells[0] and cells[0].casefold() != country.casefold() and not cells[0].startswith("#"):
            raise FileRefused(
                "wrong_division",
                f"line {line} is of {cells[0][:SHOWN]!r}, {file} is {country}: the site serves another country's file",
            )
        refused = doubt = None
        try:
            pair, doubt = _pair(file, cells)
        except Dropped as reason:
            refused = reason
        sheet = sheets.setdefault(pair, _Sheet())
        sheet.dates.append(cells[3])
        try:
            if refused:
                raise refused
            check_alone(table, line)
            note = partial(sheet.quarantine.note, line)
            sheet.read.append(_read_match(line, cells, pair, table.misaligned.get(line), closing, note))
            if doubt:
                note("Season", "season_mislabelled", doubt)
        except Dropped as reason:
            sheet.quarantine.drop(line, *reason.args)
    return {pair: _parsed(sheet, table) for pair, sheet in sheets.items()}


def _pair(file: str, cells: Sequence[str]) -> tuple[Pair, str | None]:
    """League and season of a row, and the season's label when it was not taken at its word; raises Dropped.

    A label of a season the league never had, ``2026`` where there is only 2026-27, means the other one of that year if
    that holds the date.
    """
    country, label, name, day = cells[:4]
    for column, cell in (("Country", country), ("Season", label), ("League", name)):
        if not cell or cell.startswith("#"):
            raise Dropped(column, "spreadsheet_error" if cell else f"missing_{column.lower()}", cell)
    code = _competition(file, name)
    league = EXTRA_LEAGUES[code]
    season = parse_label(label)
    if season is None:
        raise Dropped("Season", "bad_season", label)
    if league.has(season):
        return (code, season), None
    other = Season(season.start, not season.autumn)
    played = parse_date(day)
    if league.has(other) and played and other.holds(played):
        return (code, other), label
    raise Dropped("Season", "unknown_season", label)


@lru_cache(maxsize=256)
def parse_label(text: str) -> Season | None:
    """``2012/2013`` or ``2026``; None for anything else."""
    match = re.fullmatch(r"(\d{4})(?:/(\d{4}))?", text, re.ASCII)
    if not match or (match[2] and int(match[2]) != int(match[1]) + 1):
        return None
    return Season(int(match[1]), autumn=match[2] is not None)


@lru_cache(maxsize=256)
def _competition(file: str, name: str) -> str:
    """League code of a row's league name; raises Dropped for a name unlike all of a file with two competitions."""
    if (known := COMPETITIONS.get(file)) is None:
        return file
    nearest = difflib.get_close_matches(name.casefold(), known, n=1, cutoff=ALIKE)
    if not nearest:
        raise Dropped("League", "unknown_league", name)
    return known[nearest[0]]


def _read_match(
    line: int, cells: Sequence[str], pair: Pair, beyond: str | None, closing: tuple[str, ...], note: Note
) -> RawMatch:
    """Cells in the order ``parse_extra`` selects them; ``beyond``: the first one beyond the header. Raises Dropped."""
    _, _, name, day, home, away, clock, *score = cells[:10]
    match_date = read_key(KEY_COLUMNS, (name, day, home, away))
    if not pair[1].holds(match_date) and match_date != PLAYED_LATE.get(pair):
        raise Dropped("Date", "date_outside_season", day)
    goals = read_goals(SCORE_COLUMNS, *score)
    if beyond:
        note(closing[0], NOT_ALIGNED, beyond)
    fields = (
        *(line, match_date, read_time(clock, note), home, away),
        *(goals or (None, None)),
        *NO_STATISTICS,
        *(None, None, None),
        *((None, None, None) if beyond else read_odds(cells[10:13], closing, note)),
    )
    return RawMatch(*fields)


def _closing_columns(table: Table) -> tuple[str, str, str]:
    """The average over bookmakers at kickoff as this file calls it."""
    return ("AvgCH", "AvgCD", "AvgCA") if "AvgCH" in table.index else ("AvgH", "AvgD", "AvgA")


def _parsed(sheet: _Sheet, table: Table) -> ParsedFile:
    matches, repeats = without_repeats(sheet.read, None, sheet.quarantine, "HG")
    facts = {
        **table.facts,
        "rows_read": len(sheet.dates),
        "duplicate_rows": repeats,
        "date_style": date_style(sheet.dates),
    }
    return ParsedFile(matches, sheet.quarantine.sorted({match.line for match in matches}), facts)
