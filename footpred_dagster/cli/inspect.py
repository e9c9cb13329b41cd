"""``footpred inspect``: one file, read from disk and described, for people or programs.

Without a home nothing heavy is imported; with one, its last loads are read from its database.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from footpred_dagster.cli.options import parsed
from footpred_dagster.cli.output import console, safe
from footpred_dagster.cli.session import FAILED, Session, with_session
from footpred_dagster.core.domain import LEAGUES, Season
from footpred_dagster.core.settings import Settings
from footpred_dagster.sources.clients.base import MAX_BODY
from footpred_dagster.sources.football_data.inspection import Inspection, inspect_body
from footpred_dagster.sources.parsing.records import ParsedFile

SHOWN_ROWS = 50


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option("--league", type=click.Choice(list(LEAGUES)), help="Division it should be of.")
@click.option("--season", callback=parsed(Season.parse), help="Season it should be of: 2526.")
@with_session
def inspect(session: Session, file: str, league: str | None, season: Season | None) -> None:
    """Tell whether a run would accept a file, and what it would read from it, without loading anything.

    League and season are taken from the path (mmz4281/2526/E0.csv), the file's name or its rows where not given. Where
    this home holds loads, the file is compared with the last ones. Exit code 1 when the file would be refused.
    """
    path, body = _read(file)
    settings = session.settings
    if settings.external or settings.has_embedded_database:
        found = _against_home(settings, body, path, league, season)
    else:
        found = inspect_body(body, path, league, season)
    session.tell(found.as_json(), lambda: _print_inspection(found))
    sys.exit(0 if found.accepted or found.not_published else FAILED)


def _read(name: str) -> tuple[Path, bytes]:
    """A file's absolute path and its bytes; a pipe or device, which may never end, is a usage error."""
    path = Path(os.path.abspath(name))
    if not path.is_file():
        raise click.UsageError(f"{click.format_filename(name)} is not a regular file")
    try:
        with path.open("rb") as opened:
            return path, opened.read(MAX_BODY + 1)
    except OSError as error:
        raise click.ClickException(f"cannot read {click.format_filename(name)}: {error.strerror}") from error


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


def _print_inspection(found: Inspection) -> None:
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
