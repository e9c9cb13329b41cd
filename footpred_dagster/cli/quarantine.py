"""``footpred quarantine``: rows and values of results files that failed the parser's checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from psycopg.rows import dict_row
from rich.table import Table

from footpred_dagster.cli.options import parsed
from footpred_dagster.cli.output import console, plain
from footpred_dagster.cli.session import Reading, Session, with_session
from footpred_dagster.core.domain import LEAGUES, Season

SHOWN = 200
_QUARANTINED = """
    select partition_key as partition, path, sha256, line, "column", reason, value, dropped
    from raw.quarantine
    where (%(league)s::text is null or split_part(partition_key, '|', 1) = %(league)s)
        and (%(start)s::text is null or split_part(partition_key, '|', 2) like %(start)s || '%%')
        and (%(reason)s::text is null or reason = %(reason)s)
    order by split_part(partition_key, '|', 2) desc, partition_key, line, "column"
"""


@click.command(cls=Reading)
@click.option("--league", type=click.Choice(list(LEAGUES)), help="Only of this league.")
@click.option("--season", callback=parsed(Season.parse), help="Only of this season: 2425.")
@click.option("--reason", help="Only for this reason: bad_name, row_not_aligned.")
@with_session
def quarantine(session: Session, league: str | None, season: Season | None, reason: str | None) -> None:
    """List rows and values of the loaded files that failed the parser's checks, with file, line, column and reason."""
    wanted = {"league": league, "start": season and str(season.start), "reason": reason}
    with session.connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(_QUARANTINED, wanted).fetchall()
    session.tell({"quarantined": found}, lambda: _print_quarantined(found))


def _print_quarantined(found: Sequence[dict[str, Any]]) -> None:
    """A table of the first ``SHOWN``."""
    out = console()
    if not found:
        out.print("nothing is quarantined")
        return
    table = Table("file", "line", "column", "value", "reason", "left out", box=None)
    for entry in found[:SHOWN]:
        left_out = "the row" if entry["dropped"] else "the value"
        cells = (
            entry["path"],
            str(entry["line"]),
            entry["column"] or "",
            entry["value"] or "",
            entry["reason"],
            left_out,
        )
        table.add_row(*plain(*cells))
    out.print(table)
    if len(found) > SHOWN:
        out.print(f"{len(found) - SHOWN} more: --league, --season and --reason narrow the list, --json has all")
