"""What ``footpred quarantine`` lists: rows and values of results files that failed the parser's checks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click
from psycopg.rows import dict_row
from rich.table import Table

from footpred_dagster.cli.output import console, plain
from footpred_dagster.core.database.connection import connect_migrated
from footpred_dagster.core.domain import Season

SHOWN = 200


def quarantined(league: str | None, season: Season | None, reason: str | None) -> list[dict[str, Any]]:
    """Every entry of the files loaded last, the newest season first; None leaves an argument open."""
    with connect_migrated() as connection, connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(
            """
            select partition_key as partition, path, sha256, line, "column", reason, value, dropped
            from raw.quarantine
            where (%(league)s::text is null or split_part(partition_key, '|', 1) = %(league)s)
                and (%(start)s::text is null or split_part(partition_key, '|', 2) like %(start)s || '%%')
                and (%(reason)s::text is null or reason = %(reason)s)
            order by split_part(partition_key, '|', 2) desc, partition_key, line, "column"
            """,
            {"league": league, "start": season and str(season.start), "reason": reason},
        ).fetchall()


def print_quarantined(found: Sequence[dict[str, Any]], *, as_json: bool) -> None:
    """One JSON object with every entry, or a table of the first ``SHOWN``."""
    if as_json:
        click.echo(json.dumps({"quarantined": found}))
        return
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
