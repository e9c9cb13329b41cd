"""Results to settle predictions by, in tables of the columns that settling and the track record read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg

KICKOFF = datetime(2024, 5, 4, 14, tzinfo=UTC)
"""That of ``tests.support.sealed.replay``."""
LATER = KICKOFF + timedelta(days=400)

TABLES = """
    create table intermediate.int_matches (
        match_id text primary key, league text, season text, home_id text, away_id text, status text,
        kickoff timestamptz, kickoff_known boolean default true, home_goals integer, away_goals integer,
        outcome integer, closing_odds_home float8, closing_odds_draw float8, closing_odds_away float8
    );
    create table intermediate.int_fixtures (match_id text, league text, season text, home_id text, away_id text);
    create table features.fct_match_features (
        match_id text primary key, league text, season text, home_table_matches float8, away_table_matches float8
    )
"""


def stub_warehouse(connection: psycopg.Connection) -> None:
    connection.execute(TABLES)


def play(
    connection: psycopg.Connection,
    match_id: str,
    home: int | None,
    away: int | None,
    *,
    odds: tuple[float, float, float] | None = None,
    kickoff: datetime = KICKOFF,
) -> None:
    """A result of 2023/24, void without goals; every second match is of the first three of its season."""
    void = home is None or away is None
    outcome = None if void else 0 if home > away else 1 if home == away else 2
    clubs = [f"{match_id} home", f"{match_id} away"]
    status = "void" if void else "played"
    row = [match_id, "E0", "2023-24", *clubs, status, kickoff, home, away, outcome, *(odds or [None] * 3)]
    columns = (
        "match_id, league, season, home_id, away_id, status, kickoff, home_goals, away_goals, outcome, "
        "closing_odds_home, closing_odds_draw, closing_odds_away"
    )
    statement = f"insert into intermediate.int_matches ({columns}) values ({', '.join(['%s'] * len(row))})"
    connection.execute(statement.encode(), row)
    seen = connection.execute("select count(*) from features.fct_match_features").fetchone()
    early = 2.0 if seen and seen[0] % 2 else 20.0
    connection.execute(
        "insert into features.fct_match_features values (%s, 'E0', '2023-24', %s, %s)", [match_id, early, early]
    )
