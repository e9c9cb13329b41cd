"""The pages by slug, in the order of the navigation, and their CSV exports."""

from __future__ import annotations

from dashboards.exports import Export
from dashboards.pages import (
    data_health,
    league,
    livescores,
    market,
    match,
    matches,
    models,
    ratings,
    track_record,
)
from dashboards.view import Page

_MODULES = (matches, match, livescores, league, ratings, track_record, models, market, data_health)
PAGES: dict[str, Page] = {module.PAGE.slug: module.PAGE for module in _MODULES}
EXPORTS: dict[str, Export] = {
    "matches": matches.export,
    "league": league.export,
    "ratings": ratings.export,
    "track-record": track_record.export,
    "models": models.export,
    "market": market.export,
    "data-health": data_health.export,
}
