"""League x season: the pairs that exist at the source, as partition keys such as ``E0|2024-25`` and ``BRA|2024``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import groupby

import dagster as dg

from footpred_dagster.core.domain import EXTRA_LEAGUES, FIRST_SEASON, MAIN_LEAGUES, Season


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


def league_seasons(until: Season) -> list[LeagueSeason]:
    """Every pair of the main divisions from 1993-94 to ``until``.

    The season comes first, so that one season of all leagues is one range.
    """
    return [
        LeagueSeason(league.code, Season(start))
        for start in range(FIRST_SEASON, until.start + 1)
        for league in MAIN_LEAGUES.values()
        if league.first_season <= start
    ]


def extra_league_seasons(until: date) -> list[LeagueSeason]:
    """Every pair of the extra leagues that can have begun; the file comes first, so that one file is one range."""
    return [LeagueSeason(league.code, season) for league in EXTRA_LEAGUES.values() for season in league.seasons(until)]


_TODAY = datetime.now(UTC).date()
LEAGUE_SEASONS = league_seasons(Season.containing(_TODAY)) + extra_league_seasons(_TODAY)
LEAGUE_SEASON_PARTITIONS = dg.StaticPartitionsDefinition([pair.key for pair in LEAGUE_SEASONS])


def neighbours(keys: Sequence[str]) -> list[tuple[str, str]]:
    """Runs of neighbouring partitions, as (first, last): Dagster takes a range per run."""
    position = {pair.key: index for index, pair in enumerate(LEAGUE_SEASONS)}
    ordered = sorted(keys, key=position.__getitem__)
    runs = groupby(enumerate(ordered), key=lambda item: position[item[1]] - item[0])
    grouped = [[key for _, key in run] for _, run in runs]
    return [(run[0], run[-1]) for run in grouped]
