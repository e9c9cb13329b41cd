"""Scores as their sources had them when last asked."""

from __future__ import annotations

from dashboards.reader import Reader, Row


def scores(reader: Reader) -> list[Row]:
    """Of half a day around now, what is in play first. Names are the source's own."""
    return reader.rows("""
        select league, kickoff, home, away, status, home_goals, away_goals, ht_home_goals, ht_away_goals, source
        from serving.live_scores where kickoff between now() - interval '12 hours' and now() + interval '12 hours'
        order by status <> 'live', kickoff, league, home
    """)


def polls(reader: Reader) -> list[Row]:
    """When each source was last asked, and what was wrong if it did not answer."""
    return reader.rows("select source, league, polled_at, problem from serving.live_polls order by polled_at desc")
