"""When the source publishes the first results of a season."""

from __future__ import annotations

from datetime import date, timedelta

from footpred_dagster.core.domain import LEAGUES, Season

BEFORE_PUBLICATION = frozenset({"html", "wrong_division", "empty"})
"""Refusals that the site's answers before a season's first results look like: its own page, another division, a header
without rows."""
PUBLISHED_WITHIN = timedelta(days=60)
"""After the usual start of a season; 2020-21 began up to seven weeks late in the main divisions of six countries."""


def may_be_unpublished(league: str, season: Season, today: date) -> bool:
    """Whether the usual start of a season is still to come or not long past, so that its file may not exist yet."""
    return today < LEAGUES[league].starts(season) + PUBLISHED_WITHIN
