"""Which results files there are: a league-season each, named by keys such as ``E0|2024-25`` and ``BRA|2024``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from footpred_dagster.core.domain import EXTRA_LEAGUES, MAIN_LEAGUES, Season


@dataclass(frozen=True, slots=True)
class LeagueSeason:
    """One results file, or one season of an extra league's file."""

    league: str
    season: Season

    @property
    def key(self) -> str:
        return f"{self.league}|{self.season}"

    @classmethod
    def parse(cls, key: str) -> LeagueSeason:
        league, _, season = key.partition("|")
        return cls(league, Season.stored(season))


def league_seasons(today: date) -> list[LeagueSeason]:
    """Every pair that can have begun by ``today``.

    Main divisions go season by season, so that one season of all of them is one range; extra leagues file by file.
    """
    main = [LeagueSeason(league.code, season) for league in MAIN_LEAGUES.values() for season in league.seasons(today)]
    extra = [LeagueSeason(league.code, season) for league in EXTRA_LEAGUES.values() for season in league.seasons(today)]
    return sorted(main, key=lambda pair: pair.season) + extra
