"""Scores as their sources had them when last asked."""

from __future__ import annotations

from dashboards.data.teams import search
from dashboards.reader import Reader, Row
from footpred_dagster.core.clubs.search import ClubSearch


def scores(reader: Reader) -> list[Row]:
    """Of half a day around now, what is in play first. Clubs by their proper names where the spelling is known."""
    rows = reader.rows("""
        select league, kickoff, home, away, status, home_goals, away_goals, ht_home_goals, ht_away_goals, source
        from serving.live_scores where kickoff between now() - interval '12 hours' and now() + interval '12 hours'
        order by status <> 'live', kickoff, league, home
    """)
    clubs = search(reader)
    return [row | {side: proper(clubs, row["league"], row[side]) for side in ("home", "away")} for row in rows]


def proper(clubs: ClubSearch, league: str, name: str) -> str:
    """The proper name of the one club of a league that goes by ``name``; else ``name``."""
    found = clubs.named(league, name)
    return found[0].display_name if len(found) == 1 else name


def polls(reader: Reader) -> list[Row]:
    """When each source was last asked, and what was wrong if it did not answer."""
    return reader.rows("select source, league, polled_at, problem from serving.live_polls order by polled_at desc")
