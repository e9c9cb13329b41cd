"""How far each table built from matches has taken in ``raw.changes``, so that only what is affected is built again.

A build covers the changes its parent has taken in and it has not. Whoever is interrupted keeps the old mark and does
the same again; whoever was built by other code is built anew. dbt models keep the same marks (``macros/changes.sql``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import psycopg

MATCHES = "int_matches"


@dataclass(frozen=True, slots=True)
class Build:
    """What one build of ``model`` covers: everything, or ``since`` the first changed day of each country."""

    model: str
    building: int
    code: str
    since: dict[str, date] | None

    def done(self, connection: psycopg.Connection) -> None:
        """Call in the transaction that writes the rows."""
        connection.execute(
            """
            insert into intermediate.build_marks (model, change_id, building, code) values (%s, %s, %s, %s)
            on conflict (model) do update set
                change_id = excluded.change_id, building = excluded.building, code = excluded.code
            """,
            [self.model, self.building, self.building, self.code],
        )


def begin(connection: psycopg.Connection, model: str, code: str, parent: str = MATCHES) -> Build:
    """``code`` is the version of what builds ``model``; that of its parent counts with it."""
    marks = {
        row[0]: row[1:] for row in connection.execute("select model, change_id, code from intermediate.build_marks")
    }
    building, parents_code = marks.get(parent, (0, None))
    built, built_by = marks.get(model, (0, None))
    code = f"{code} {parents_code}"
    if built_by != code:
        return Build(model, building, code, None)
    changed = connection.execute(
        """
        select country, min(from_date) from intermediate.int_changes
        where change_id > %s and change_id <= %s group by country
        """,
        [built, building],
    )
    return Build(model, building, code, dict(changed.fetchall()))


def codes_built(connection: psycopg.Connection) -> dict[str, str | None]:
    """The code each table was last built by."""
    return dict(connection.execute("select model, code from intermediate.build_marks").fetchall())
