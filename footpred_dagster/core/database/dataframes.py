"""Query results as pandas frames, by COPY and Arrow: a quarter of the time that row objects take, floats exact."""

from __future__ import annotations

import io
from collections.abc import Iterable

import pandas as pd
import psycopg
import pyarrow as pa
from psycopg import sql
from pyarrow import csv


def read_frame(
    connection: psycopg.Connection, query: sql.Composable, *, floats: Iterable[str] = (), instants: Iterable[str] = ()
) -> pd.DataFrame:
    """Columns of ``query``: ``floats`` as float64, NaN for null; ``instants`` as UTC timestamps; the rest as text,
    None for null and for an empty text."""
    buffer = io.BytesIO()
    with (
        connection.cursor() as cursor,
        cursor.copy(sql.SQL("copy ({}) to stdout (format csv, header)").format(query)) as copy,
    ):
        for block in copy:
            buffer.write(block)
    buffer.seek(0)
    names = buffer.readline().decode().rstrip("\n").split(",")
    buffer.seek(0)
    types = dict.fromkeys(names, pa.string()) | dict.fromkeys(floats, pa.float64())
    table = csv.read_csv(
        buffer,
        parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""]),
    )
    frame: pd.DataFrame = table.to_pandas()
    return frame.assign(**{name: pd.to_datetime(frame[name], utc=True, format="ISO8601") for name in instants})
