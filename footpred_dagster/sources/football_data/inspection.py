"""Would this file be accepted, and what would be read from it: what a load would do, without loading anything."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.clients.base import MAX_BODY
from footpred_dagster.sources.football_data.file_kinds import Named, kind_of
from footpred_dagster.sources.football_data.publication import BEFORE_PUBLICATION, may_be_unpublished
from footpred_dagster.sources.football_data.results import (
    CLOSING,
    FileRefused,
    ParsedFile,
    ParsedFixtures,
    RawMatch,
    opening_columns,
)
from footpred_dagster.sources.parsing.quarantine import date_style
from footpred_dagster.sources.parsing.tabular import Table, cut_table
from footpred_dagster.sources.parsing.tolerance import without_future
from footpred_dagster.sources.parsing.values import parse_date

FIRST_LOAD = "first load"


@dataclass(slots=True)
class Inspection:
    """What ``footpred inspect`` says of a file; field names are keys that programs read.

    judged_against: ``first load``, or the home whose last loads were compared. not_published: whether a run would take
    the refusal for a season that has not started yet. reason: why the file is refused, starting with the refusal's
    code, else None. rows: data rows, blank ones left out =
    matches + void + fixtures + duplicates + rows of other leagues + quarantined ones marked ``dropped``. matches:
    scored, and how many of them look ``awarded``. league, season (as the site writes it: 2526), and who says so. dates:
    style, first, last (ISO). odds: ``opening`` and ``closing``, each with the columns read, the scored matches (or
    fixtures) ``priced`` in full, and their ``share`` from 0 to 1.
    """

    accepted: bool = False
    not_published: bool = False
    judged_against: str = FIRST_LOAD
    reason: str | None = None
    kind: str | None = None
    league: str | None = None
    league_from: str | None = None
    season: str | None = None
    season_from: str | None = None
    rows: int = 0
    matches: int = 0
    awarded: int = 0
    void: int = 0
    fixtures: int = 0
    duplicates: int = 0
    other_leagues: dict[str, int] = field(default_factory=dict)
    quarantined: list[dict[str, Any]] = field(default_factory=list)
    quarantined_by_reason: dict[str, int] = field(default_factory=dict)
    encoding: str | None = None
    dates: dict[str, str | None] = field(default_factory=lambda: {"style": None, "first": None, "last": None})
    odds: dict[str, dict[str, Any]] = field(default_factory=dict)
    blank_rows: int = 0
    ragged_rows: int = 0
    columns: int = 0
    warnings: list[str] = field(default_factory=list)
    bytes: int = 0
    sha256: str | None = None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


Admit = Callable[[str, Season, str, ParsedFile], ParsedFile]
"""admit(league, season, sha256, parsed): what may be loaded of it; raises FileRefused."""


def as_first_load(_league: str, _season: Season, _sha256: str, parsed: ParsedFile) -> ParsedFile:
    """What a home without any load admits."""
    return without_future(parsed, datetime.now(UTC).date())


def inspect_body(
    body: bytes,
    path: PurePath,
    league: str | None = None,
    season: Season | None = None,
    admit: Admit = as_first_load,
    judged_against: str = FIRST_LOAD,
) -> Inspection:
    """Inspect the bytes of a file; of one beyond MAX_BODY a byte more is enough. Any bytes do, nothing is raised."""
    found = Inspection(bytes=len(body), judged_against=judged_against)
    named = Named()
    named.add(league, season, "option")
    try:
        if len(body) > MAX_BODY:
            raise FileRefused("too_large", f"over {MAX_BODY // 2**20} MiB, which no season of football is")
        found.sha256 = hashlib.sha256(body).hexdigest()
        table = cut_table(body)
        _describe(found, table)
        kind = kind_of(table, path, named)
        found.kind = kind.name
        parts = [
            admit(*part.pair, found.sha256, part.parsed)
            if part.pair and isinstance(part.parsed, ParsedFile)
            else part.parsed
            for part in kind.read(body, table, named)
        ]
        _count(found, parts, table)
        found.accepted = True
    except FileRefused as refusal:
        found.reason = str(refusal)
        if named.league and named.season and refusal.reason in BEFORE_PUBLICATION:
            found.not_published = may_be_unpublished(named.league, named.season, datetime.now(UTC).date())
    found.league, found.league_from = named.league, named.league_from
    found.season, found.season_from = named.season.site_code if named.season else None, named.season_from
    return found


def _describe(found: Inspection, table: Table) -> None:
    """What can be said of any table, refused or not."""
    facts: dict[str, Any] = dict(table.facts)
    found.rows, found.blank_rows, found.ragged_rows = facts["rows_read"], facts["blank_rows"], facts["ragged_rows"]
    found.encoding, found.columns = facts["encoding"], len(facts["columns"])
    found.warnings += facts["header_warnings"]
    dates = [text for _, (text,) in table.select(("Date",))]
    if days := sorted(filter(None, map(parse_date, dates))):
        found.dates = {"style": date_style(dates), "first": str(days[0]), "last": str(days[-1])}
    if found.dates["style"] == "mixed":
        found.warnings.append("two date styles in one file, which no real file has")
    if table.unended_width and table.rows:
        found.warnings.append("no line end after the last row: a cut inside its last cell could not be seen")


def _count(found: Inspection, parts: Sequence[ParsedFile | ParsedFixtures], table: Table) -> None:
    """What an accepted file gives."""
    scored: list[RawMatch] = []
    for part in parts:
        facts: dict[str, Any] = dict(part.facts)
        found.duplicates += facts["duplicate_rows"]
        found.quarantined += [item._asdict() for item in part.quarantined]
        if isinstance(part, ParsedFixtures):
            found.fixtures, found.other_leagues = len(part.fixtures), facts["other_leagues"]
            found.odds["opening"] = _coverage(table, opening_columns(table), [item.avg_h for item in part.fixtures])
            continue
        scored += [match for match in part.matches if match.home_goals is not None]
        found.matches, found.void = len(scored), found.void + sum(match.home_goals is None for match in part.matches)
        found.awarded = sum(match.looks_awarded for match in scored)
        found.odds["opening"] = _coverage(table, opening_columns(table), [match.avg_h for match in scored])
        found.odds["closing"] = _coverage(table, CLOSING, [match.avg_close_h for match in scored])
    found.quarantined.sort(key=lambda item: int(item["line"]))
    found.quarantined_by_reason = dict(Counter(item["reason"] for item in found.quarantined).most_common())


def _coverage(table: Table, columns: Sequence[str], prices: Sequence[float | None]) -> dict[str, Any]:
    """Prices are believed all three or none, so that the first of them tells."""
    priced = sum(price is not None for price in prices)
    there = all(column in table.index for column in columns)
    return {
        "columns": list(columns) if there else None,
        "priced": priced,
        "share": round(priced / len(prices), 4) if prices else 0.0,
    }
