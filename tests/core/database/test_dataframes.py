"""Frames are what the database holds: exact numbers, nulls, any text, and columns of a query without rows."""

from __future__ import annotations

import numpy as np
import pytest
from psycopg import sql

from footpred_dagster.core.database.dataframes import read_frame


def test_numbers_are_the_nearest_and_nulls_are_missing(connection):
    values = [0.1, 1 / 3, 123.456789012345678, 2.0**-1074, 1e308, float("inf"), float("-inf"), float("nan"), None]
    query = sql.SQL("select unnest({}::float8[]) as value, {}::text as word").format(values, None)
    frame = read_frame(connection, query, floats=["value"])
    np.testing.assert_array_equal(frame["value"].to_numpy(), np.array(values, dtype=float))
    assert frame["word"].isna().all()


@pytest.mark.parametrize("text", ["a,b", 'say "so"', "two\nlines", "Çağrı", "007", "NaN", "\\N"])
def test_text_is_kept_as_it_is(connection, text):
    frame = read_frame(connection, sql.SQL("select {} as word, 1.5 as value").format(text), floats=["value"])
    assert frame.to_dict("records") == [{"word": text, "value": 1.5}]


def test_instants_are_utc_and_may_be_missing(connection):
    query = sql.SQL(
        "select unnest(array['2024-03-31 01:30+00', '1993-08-14 15:00:00.25+01', null]::timestamptz[]) as at"
    )
    at = read_frame(connection, query, instants=["at"])["at"]
    assert [str(each) for each in at] == ["2024-03-31 01:30:00+00:00", "1993-08-14 14:00:00.250000+00:00", "NaT"]


def test_a_query_without_rows_has_its_columns(connection):
    frame = read_frame(connection, sql.SQL("select 'x' as word, 1.0 as value where false"), floats=["value"])
    assert (len(frame), list(frame.columns), frame["value"].dtype) == (0, ["word", "value"], np.dtype("float64"))
