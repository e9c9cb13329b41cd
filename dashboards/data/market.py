"""What betting would have returned, and how seasons may end: tables that the pipeline writes whole."""

from __future__ import annotations

import psycopg

from dashboards.reader import Reader, Row


def returns(reader: Reader) -> list[Row]:
    """Bets on claimed edges by model, line and bar, over the whole final window; none where never computed."""
    try:
        return reader.rows("""
            select model, line, edge, matches, bets, staked, profit, roi, roi_low, roi_high, max_drawdown
            from predictions.market_roi where slice = 'all' order by model, line, edge
        """)
    except psycopg.errors.UndefinedTable:
        return []


def projection(reader: Reader, league: str) -> list[Row]:
    """A league's clubs with the chances of their places, best first; none where never computed."""
    try:
        return reader.rows(
            """
            select latest.*, coalesce(teams.display_name, latest.team_name) as display_name
            from predictions.latest_projections as latest left join marts.dim_teams as teams using (team_id)
            where latest.league = %(league)s
            order by latest.expected_points desc, latest.place, display_name
            """,
            {"league": league},
        )
    except psycopg.errors.UndefinedTable:
        return []
