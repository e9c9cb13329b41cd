"""Which parser a file goes to, and which league and season it is of, when all we have is the file.

League and season are what the caller says, else the file's place in a copy of the site (``mmz4281/2526/E0.csv``), else
words of its name (``E0_2526.csv``), else what most of its rows say.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from footpred_dagster.core.domain import EXTRA_LEAGUES, LEAGUES, MAIN_LEAGUES, Season
from footpred_dagster.sources.clients.base import FIXTURES_PATH
from footpred_dagster.sources.football_data.extra_leagues import REQUIRED as EXTRA_COLUMNS
from footpred_dagster.sources.football_data.extra_leagues import parse_extra
from footpred_dagster.sources.football_data.results import (
    KEY_COLUMNS,
    SCORE_COLUMNS,
    FileRefused,
    ParsedFile,
    ParsedFixtures,
    parse_fixtures,
    parse_results,
)
from footpred_dagster.sources.parsing.quarantine import require_rows
from footpred_dagster.sources.parsing.tabular import Table, check_shape
from footpred_dagster.sources.parsing.tolerance import refuse_unreadable
from footpred_dagster.sources.parsing.values import parse_date

_SITE_PATH = re.compile(r"mmz4281/(\d{4})/(\w+)\.csv", re.ASCII | re.IGNORECASE)
_EXTRA_PATH = re.compile(r"(?:^|/)new/(\w+)\.csv", re.ASCII | re.IGNORECASE)
_WORD = re.compile(r"[0-9A-Za-z]+(?:-\d\d)?", re.ASCII)
_SHOWN = 20


@dataclass(slots=True)
class Named:
    """League and season of a file, and who says so: option, path, name, content; None where nobody does."""

    league: str | None = None
    league_from: str | None = None
    season: Season | None = None
    season_from: str | None = None

    def add(self, league: str | None, season: Season | None, source: str) -> None:
        """What is known already stays."""
        if league in LEAGUES and self.league is None:
            self.league, self.league_from = league, source
        if season and self.season is None:
            self.season, self.season_from = season, source


@dataclass(frozen=True, slots=True)
class Part:
    """What one partition would be loaded from; pair: its league and season, None for the fixtures."""

    pair: tuple[str, Season] | None
    parsed: ParsedFile | ParsedFixtures


@dataclass(frozen=True, slots=True)
class Kind:
    """A family of files: the columns that tell it from others, and the parser it goes to.

    read: raises FileRefused; a file of several seasons gives one part for each.
    """

    name: str
    told_by: Sequence[str]
    read: Callable[[bytes, Table, Named], Sequence[Part]]


def kind_of(table: Table, path: PurePath, named: Named) -> Kind:
    """By its place on the site, else by its header; what looks like nothing we know is read, and refused, as results.

    What the path tells of league and season is added to ``named``.
    """
    if match := _SITE_PATH.search(path.as_posix()):
        named.add(match[2].upper(), _season(match[1]), "path")
        return RESULTS
    if match := _EXTRA_PATH.search(path.as_posix()):
        named.add(match[1].upper(), None, "path")
        return EXTRA
    if path.name.lower() == FIXTURES_PATH:
        return FIXTURES
    words = _WORD.findall(path.stem)
    league = next((word for word in words if word in LEAGUES), None)
    named.add(league, next(filter(None, map(_season, words)), None), "name")
    return next((kind for kind in (EXTRA, RESULTS, FIXTURES) if set(kind.told_by) <= set(table.index)), RESULTS)


def _read_results(body: bytes, table: Table, named: Named) -> list[Part]:
    check_shape(table, KEY_COLUMNS + SCORE_COLUMNS)
    require_rows(table)
    pair = _who_and_when(table, named)
    return [Part(pair, parse_results(body, *pair))]


def _read_fixtures(body: bytes, _table: Table, _named: Named) -> list[Part]:
    return [Part(None, parse_fixtures(body, MAIN_LEAGUES))]


def _read_extra(body: bytes, table: Table, named: Named) -> list[Part]:
    """A part for each competition and season; a file is told by its league, else by the country of most rows."""
    check_shape(table, EXTRA_COLUMNS)
    require_rows(table)
    countries = Counter(country.casefold() for _, (country,) in table.select(("Country",)))
    most = max(countries, key=countries.__getitem__, default="")
    told = next((code for code, league in EXTRA_LEAGUES.items() if league.country.casefold() == most), None)
    named.add(told, None, "content")
    if named.league not in EXTRA_LEAGUES:
        raise FileRefused("unknown_league", f"its rows are of no country we follow ({most[:_SHOWN]!r})")
    parts = [Part(pair, parsed) for pair, parsed in parse_extra(body, str(EXTRA_LEAGUES[named.league].file)).items()]
    for part in parts:
        refuse_unreadable(part.parsed.quarantined, int(str(part.parsed.facts["rows_read"])))
    return parts


RESULTS = Kind("results", ("Div", SCORE_COLUMNS[0]), _read_results)
FIXTURES = Kind("fixtures", KEY_COLUMNS, _read_fixtures)
EXTRA = Kind("extra", ("Country", "League", "Season", "Home", "Away"), _read_extra)


def _who_and_when(table: Table, named: Named) -> tuple[str, Season]:
    """League and season of a results file; what its rows have to tell is added to ``named``."""
    cells = [cells for _, cells in table.select(("Div", "Date"))]
    divisions = [division for division, _ in Counter(division for division, _ in cells).most_common() if division]
    seasons = Counter(Season.containing(day) for _, text in cells if (day := parse_date(text)))
    league = next((division for division in divisions if division in MAIN_LEAGUES), None)
    named.add(league, max(seasons, key=seasons.__getitem__, default=None), "content")
    if named.league is None:
        shown = ", ".join(repr(division[:_SHOWN]) for division in divisions[:3]) or "nothing"
        raise FileRefused("unknown_league", f"its rows name no division we follow ({shown}): say it with --league")
    if named.season is None:
        raise FileRefused("unknown_season", "no row has a date to tell its season by: say it with --season")
    return named.league, named.season


def _season(text: str) -> Season | None:
    try:
        return Season.parse(text)
    except ValueError:
        return None
