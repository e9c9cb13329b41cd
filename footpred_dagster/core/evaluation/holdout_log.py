"""The log of uses of the final window: the more often it is used, the less its scores prove."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import psycopg


def record_look(
    connection: psycopg.Connection, as_of: datetime, seasons: Sequence[str], models: Sequence[str], by: str
) -> None:
    """Count a look at the final window: the more often it is looked at, the less its scores prove."""
    connection.execute(
        "insert into models.looks (as_of, seasons, models, by) values (%s, %s, %s, %s)",
        [as_of, ",".join(seasons), ",".join(models), by],
    )


def looks(connection: psycopg.Connection, seasons: Sequence[str]) -> int:
    """How often any of ``seasons`` was looked at as final."""
    row = connection.execute(
        "select count(*) from models.looks where string_to_array(seasons, ',') && %s", [list(seasons)]
    ).fetchone()
    return row[0] if row else 0
