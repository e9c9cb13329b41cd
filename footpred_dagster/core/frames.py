"""Query results as pandas frames, by COPY: a third of the time that row objects take on the full history."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Iterable

import pandas as pd
import psycopg
from psycopg import sql


def read_frame(
    connection: psycopg.Connection, query: sql.Composable, *, floats: Iterable[str] = (), instants: Iterable[str] = ()
) -> pd.DataFrame:
    """Columns of ``query``: ``floats`` as float64, NaN for null; ``instants`` as UTC timestamps; the rest as text."""
    buffer = io.BytesIO()
    with (
        connection.cursor() as cursor,
        cursor.copy(sql.SQL("copy ({}) to stdout (format csv, header)").format(query)) as copy,
    ):
        for block in copy:
            buffer.write(block)
    buffer.seek(0)
    types = defaultdict(lambda: "str", dict.fromkeys(floats, "float64"))
    frame = pd.read_csv(buffer, dtype=types, keep_default_na=False, na_values=[""])
    return frame.assign(**{name: pd.to_datetime(frame[name], utc=True, format="ISO8601") for name in instants})
