"""A judged history in the tables that everything behind the features reads, without dbt."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import psycopg
from psycopg import sql

from footpred_dagster.core.features.contract import FEATURE_NAMES, IDENTITY
from footpred_dagster.core.features.dataset import CLUBS, ODDS, RESULT

FEATURES = (*IDENTITY, *FEATURE_NAMES)
MATCHES = ("match_id", "league", "season", "kickoff", "kickoff_known", "status", "outcome", *CLUBS, *RESULT, *ODDS)
TYPES = {
    **dict.fromkeys(("match_id", "league", "season", "status", *CLUBS), "text"),
    **dict.fromkeys(("kickoff", "latest_input"), "timestamptz"),
    **dict.fromkeys(("outcome", *RESULT), "integer"),
    **dict.fromkeys(("is_played", "kickoff_known"), "boolean"),
}


def stored_history(connection: psycopg.Connection, history: pd.DataFrame) -> None:
    """``judged_history``, or one like it, as played matches."""
    facts = history.assign(
        latest_input=history["kickoff"] - timedelta(days=7),
        is_played=True,
        kickoff_known=True,
        status="played",
        home_id=history["match_id"] + " home",
        away_id=history["match_id"] + " away",
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
    connection.execute("""
        create table intermediate.int_fixtures (match_id text, league text, season text, home_id text, away_id text)
    """)
