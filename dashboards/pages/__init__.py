"""The pages by slug, in the order of the navigation, and their CSV exports."""

from __future__ import annotations

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
from dashboards.view import Export, Page

_MODULES = (matches, match, livescores, league, ratings, track_record, models, market, data_health)
PAGES: dict[str, Page] = {module.PAGE.slug: module.PAGE for module in _MODULES}
EXPORTS: dict[str, Export] = {page.slug: page.export for page in PAGES.values() if page.export}
