"""League x season: the pairs that exist at the source, as partition keys such as ``E0|2024-25``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import dagster as dg

from footpred_dagster.core.domain import FIRST_SEASON, MAIN_LEAGUES, Season


@dataclass(frozen=True, slots=True)
class LeagueSeason:
    """One results file."""

    league: str
    season: Season

    @property
    def key(self) -> str:
        return f"{self.league}|{self.season}"

    @classmethod
    def parse(cls, key: str) -> LeagueSeason:
        league, _, season = key.partition("|")
        return cls(league, Season.parse(season))


def league_seasons(until: Season) -> list[LeagueSeason]:
    """Every pair from 1993-94 to ``until``; the season comes first, so that one season of all leagues is one range."""
    return [
        LeagueSeason(league.code, Season(start))
        for start in range(FIRST_SEASON, until.start + 1)
        for league in MAIN_LEAGUES.values()
        if league.first_season <= start
    ]


LEAGUE_SEASONS = league_seasons(Season.containing(datetime.now(UTC).date()))
LEAGUE_SEASON_PARTITIONS = dg.StaticPartitionsDefinition([pair.key for pair in LEAGUE_SEASONS])
