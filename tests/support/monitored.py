"""A judged history in the tables that everything behind the features reads, without dbt."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import psycopg
from psycopg import sql

from footpred_dagster.core.contract import FEATURE_NAMES, IDENTITY
from footpred_dagster.core.dataset import CLUBS, ODDS, RESULT

FEATURES = (*IDENTITY, *FEATURE_NAMES)
MATCHES = ("match_id", "league", "season", "kickoff", "status", "outcome", *CLUBS, *RESULT, *ODDS)
TYPES = {
    **dict.fromkeys(("match_id", "league", "season", "status", *CLUBS), "text"),
    **dict.fromkeys(("kickoff", "latest_input"), "timestamptz"),
    **dict.fromkeys(("outcome", *RESULT), "integer"),
    "is_played": "boolean",
}


def stored_history(connection: psycopg.Connection, history: pd.DataFrame) -> None:
    """``judged_history``, or one like it, as played matches."""
    facts = history.assign(
        latest_input=history["kickoff"] - timedelta(days=7),
        is_played=True,
        status="played",
        home_id="a",
        away_id="b",
    )
    for table, columns in {"features.fct_match_features": FEATURES, "intermediate.int_matches": MATCHES}.items():
        name = sql.Identifier(*table.split("."))
        declared = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(each), sql.SQL(TYPES.get(each, "double precision")))
            for each in columns
        )
        connection.execute(sql.SQL("create table {} ({})").format(name, declared))
        with connection.cursor() as cursor, cursor.copy(sql.SQL("copy {} from stdin").format(name)) as copy:
            for row in facts[list(columns)].itertuples(index=False, name=None):
                copy.write_row([None if value != value else value for value in row])
