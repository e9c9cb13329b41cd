"""Which sources of live scores are switched on."""

from __future__ import annotations

from collections.abc import Callable

from footpred_dagster.core.domain import Season
from footpred_dagster.core.settings import Settings, SettingsError
from footpred_dagster.sources.live import football_data_org, openligadb
from footpred_dagster.sources.live.base import LiveSource


def open_live(settings: Settings, league: str, season: Season, matchday: int) -> list[LiveSource]:
    """The sources FOOTPRED_LIVE_SCORES names that have the league, in that order; none while it is unset.

    Nothing is requested yet. Raises SettingsError for a name nobody goes by, or a token that is missing.
    """
    openers: dict[str, tuple[dict[str, str], Callable[[], LiveSource]]] = {
        openligadb.NAME: (openligadb.SHORTCUTS, lambda: openligadb.OpenLigaDb(league, season, matchday)),
        football_data_org.NAME: (
            football_data_org.COMPETITIONS,
            lambda: football_data_org.FootballDataOrg(league, _token(settings)),
        ),
    }
    if unknown := [name for name in settings.live_scores if name not in openers]:
        raise SettingsError(f"FOOTPRED_LIVE_SCORES: unknown {', '.join(unknown)}; known are {', '.join(openers)}")
    chosen = [openers[name] for name in settings.live_scores]
    return [opener() for leagues, opener in chosen if league in leagues]


def _token(settings: Settings) -> str:
    if settings.football_data_org_token is None:
        raise SettingsError("FOOTPRED_LIVE_SCORES names football-data.org: set FOOTPRED_FOOTBALL_DATA_ORG_TOKEN too")
    return settings.football_data_org_token
