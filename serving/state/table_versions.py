"""Whether tables changed since they were read, without reading them."""

from __future__ import annotations

from typing import Any

import psycopg

Versions = tuple[tuple[int | None, int | None], ...]


def table_versions(connection: psycopg.Connection[Any], *tables: str) -> Versions:
    """(identity, number of changes) of each table; dbt replaces a table by one of another identity."""
    return tuple(
        connection.execute(
            """
            select to_regclass(tables.name)::oid::bigint, versions.version
            from unnest(%s::text[]) with ordinality as tables (name, number)
            left join serving.table_versions as versions using (name) order by tables.number
            """,
            [list(tables)],
        )
    )
