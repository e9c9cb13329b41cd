"""Ratings in the warehouse: read the spine in date order, write the rating of both teams before each match."""

from __future__ import annotations

import psycopg

from footpred_dagster.core.models.ratings import RatedMatch, elo


def store_elo(connection: psycopg.Connection) -> int:
    """Replace ``ratings.team_elo`` by one pass over all matches and fixtures; returns the rows written.

    The caller owns the transaction; whoever reads the table meanwhile waits for it.
    """
    rows = connection.execute("""
        select match_id, match_date, tier, home_id, away_id, home_goals, away_goals, league, season, kickoff
        from intermediate.int_match_spine order by match_date, match_id
    """).fetchall()
    rated = elo([RatedMatch(*row[:7]) for row in rows])
    with connection.cursor() as cursor:
        cursor.execute("truncate ratings.team_elo")
        columns = "match_id, home_elo, away_elo, league, season, kickoff"
        with cursor.copy(f"copy ratings.team_elo ({columns}) from stdin") as copy:
            for before, row in zip(rated, rows, strict=True):
                copy.write_row((*before, *row[7:]))
        cursor.execute("analyze ratings.team_elo")
    return len(rows)
