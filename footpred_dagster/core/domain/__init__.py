"""Football facts that every layer shares: leagues, seasons, outcomes, the clock, and the rules of each competition.

Nothing here does I/O. The names below may be imported from this package; rules and standings have modules of their own.
"""

from footpred_dagster.core.domain.leagues import (
    ASSUMED_KICKOFF,
    EXTRA_LEAGUES,
    FIRST_SEASON,
    LEAGUES,
    MAIN_LEAGUES,
    SEASON_END,
    SITE_ZONE,
    TOP_FIVE,
    YEAR_SEASON_END,
    League,
    Outcome,
    Run,
    Season,
    kickoff_utc,
)

__all__ = [
    "ASSUMED_KICKOFF",
    "EXTRA_LEAGUES",
    "FIRST_SEASON",
    "LEAGUES",
    "MAIN_LEAGUES",
    "SEASON_END",
    "SITE_ZONE",
    "TOP_FIVE",
    "YEAR_SEASON_END",
    "League",
    "Outcome",
    "Run",
    "Season",
    "kickoff_utc",
]
