"""``footpred inspect``: one file, read from disk and described, for people or programs.

Without a home nothing heavy is imported; with one, its last loads are read from its database.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from footpred_dagster.cli.output import console, safe
from footpred_dagster.core.domain import Season
from footpred_dagster.core.settings import Settings
from footpred_dagster.sources.clients.base import MAX_BODY
from footpred_dagster.sources.football_data.inspection import Inspection, inspect_body
from footpred_dagster.sources.parsing.records import ParsedFile

SHOWN_ROWS = 50


def inspect_file(path: str, league: str | None, season: Season | None) -> Inspection:
    """Inspect the file at ``path`` against the last loads of this home, if there is one; none is created.

    A pipe or device, which may never end, is a usage error.
    """
    file = Path(os.path.abspath(path))
    if not file.is_file():
        raise click.UsageError(f"{click.format_filename(path)} is not a regular file")
    try:
        with file.open("rb") as opened:
            body = opened.read(MAX_BODY + 1)
    except OSError as error:
        raise click.ClickException(f"cannot read {click.format_filename(path)}: {error.strerror}") from error
    settings = Settings.from_env()
    if not settings.external and not settings.has_embedded_database:
        return inspect_body(body, file, league, season)
    return _against_home(settings, body, file, league, season)


def _against_home(settings: Settings, body: bytes, file: Path, league: str | None, season: Season | None) -> Inspection:
    from footpred_dagster.core.database.connection import connect_reading  # psycopg: only where there is a database
    from footpred_dagster.sources.football_data.admission import admit

    with connect_reading(settings) as connection:
        if connection is None:
            return inspect_body(body, file, league, season)

        def by_last_loads(league: str, season: Season, sha256: str, parsed: ParsedFile) -> ParsedFile:
            return admit(connection, league, season, sha256, parsed)

        where = "the external database" if settings.external else str(settings.home)
        return inspect_body(body, file, league, season, by_last_loads, f"the last loads of {where}")


def print_inspection(found: Inspection, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found.as_json()))
        return
    out = console()
    out.print(_verdict(found))
    for name, text in _lines(found):
        out.print(Text(f"{name:<14}{safe(text)}"))
    for warning in found.warnings:
        out.print(Text.assemble(("warning       ", "yellow"), safe(warning)))
    if found.quarantined:
        out.print(_quarantine_table(found))


def _verdict(found: Inspection) -> Text:
    if found.accepted:
        return Text("accepted", "bold green")
    if found.not_published:
        return Text(f"not published yet ({safe(found.reason)})", "bold yellow")
    return Text(f"refused {safe(found.reason)}", "bold red")


def _lines(found: Inspection) -> list[tuple[str, str]]:
    """Name and text of each line of the summary; what is unknown is left out."""
    of = [f"{found.league} (by {found.league_from})" if found.league else ""]
    of += [f"season {found.season} (by {found.season_from})" if found.season else ""]
    dates = found.dates
    lines = [
        ("file", ", ".join(filter(None, [found.kind and f"{found.kind} file", *of]))),
        ("judged as", found.judged_against),
        ("rows", _rows(found) if found.encoding else ""),
        ("read as", f"{found.encoding}, {found.columns} named columns" if found.encoding else ""),
        ("dates", f"{dates['style']}, {dates['first']} to {dates['last']}" if dates["style"] else ""),
        *((f"{line} odds", _priced(odds)) for line, odds in found.odds.items()),
        ("quarantined", ", ".join(f"{reason} {count}" for reason, count in found.quarantined_by_reason.items())),
    ]
    return [(name, text) for name, text in lines if text]


def _rows(found: Inspection) -> str:
    counts = {
        "scored": found.matches - found.awarded,
        "awarded": found.awarded,
        "void": found.void,
        "fixtures": found.fixtures,
        "duplicates": found.duplicates,
        "dropped": sum(item["dropped"] for item in found.quarantined),
        "of other leagues": sum(found.other_leagues.values()),
    }
    shapes = {"blank": found.blank_rows, "ragged": found.ragged_rows}
    read, shaped = (", ".join(f"{n} {name}" for name, n in part.items() if n) for part in (counts, shapes))
    return str(found.rows) + (f": {read}" if read else "") + (f"; {shaped}" if shaped else "")


def _priced(odds: dict[str, object]) -> str:
    if odds["columns"] is None:
        return "no such columns"
    return f"{odds['priced']} with a full price ({odds['share']:.1%})"


def _quarantine_table(found: Inspection) -> Table:
    shown = found.quarantined[:SHOWN_ROWS]
    left = len(found.quarantined) - len(shown)
    table = Table("line", "column", "reason", "value", "effect", box=None)
    table.caption = f"and {left} more: --json lists them all" if left else None
    for item in shown:
        effect = "row dropped" if item["dropped"] else "value left out, match kept"
        cells = (str(item["line"]), item["column"] or "", item["reason"], item["value"] or "", effect)
        table.add_row(*(Text(safe(cell)) for cell in cells))
    return table
