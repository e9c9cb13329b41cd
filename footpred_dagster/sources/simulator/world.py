"""Leagues that never were: clubs whose true strengths move, and every match they play.

A world is a function of its arguments: each season of each league draws from dice of its own, so that asking for a
later season changes nothing before it, and countries do not touch each other. Seasons are simulated whole and on
demand; what of them has happened is the renderer's business.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from footpred_dagster.core.domain import FIRST_SEASON, MAIN_LEAGUES, Season
from footpred_dagster.sources.simulator.dice import dice
from footpred_dagster.sources.simulator.names import club_names
from footpred_dagster.sources.simulator.play import play_rounds
from footpred_dagster.sources.simulator.schedule import MAX_CLUBS, MIN_CLUBS, kickoffs
from footpred_dagster.sources.simulator.scorelines import Counts, Floats

DEFAULT_LEAGUES = ("E0", "E1", "D1", "I1", "SP1", "F1")
"""Two tiers of one country, for promotion, and four leagues that stand alone."""
DEFAULT_FIRST_SEASON = 2015

MATCH_LENGTH = timedelta(hours=2)
"""From kickoff to a result on the site."""
MOVERS = 3
"""Clubs that go up and down between two tiers; fewer where a league has under twelve."""

TIER_STEP = -0.3
"""Log-rate by which attack and defence of a tier stand below those of the tier above."""
SHARED, OWN = 0.19, 0.11
"""Standard deviations of log-rates inside a tier: what attack and defence share, and what each has alone. They put the
log-loss of the truth near 0.98, as the closing line has it in the real first divisions."""
KEPT = 0.98
"""Share of a club's distance from its tier's level that survives a summer. With ``play.WALK`` this makes a world calmer
than ours: a good rating can come within .006 of the log-loss of the truth, where real ratings stay .014 behind."""
HOME_ADVANTAGE = (0.24, 0.04)
BASE_RATE = (0.17, 0.05)
"""Mean and spread over leagues of log-rates: home sides above away sides, and away sides against their equals."""


@dataclass(frozen=True, eq=False)
class SeasonMatches:
    """A whole season of one league in order of kickoff; all sequences have one entry per match.

    home_rate, away_rate: true expected goals. probabilities: (n, 3) exact home, draw, away. statistics: (n, 14) counts
    in the order of ``values.STATISTICS``. clubs and points: the league's members, and their points at the end.
    """

    league: str
    season: Season
    clubs: tuple[str, ...]
    points: tuple[int, ...]
    home: tuple[str, ...]
    away: tuple[str, ...]
    kickoff: tuple[datetime, ...]
    home_rate: Floats
    away_rate: Floats
    probabilities: Floats
    home_goals: Counts
    away_goals: Counts
    statistics: Counts

    def __len__(self) -> int:
        return len(self.kickoff)

    def kicked_off(self, as_of: datetime) -> int:
        """How many matches, from the first, have kickoff <= ``as_of``."""
        return bisect_right(self.kickoff, as_of)

    def finished(self, as_of: datetime) -> int:
        """How many matches, from the first, have a result by ``as_of``."""
        return self.kicked_off(as_of - MATCH_LENGTH)


class _Country:
    """The clubs of one country, who plays in which tier, and how strong they are at the next season's start."""

    def __init__(self, seed: int, country: str, leagues: Sequence[str], clubs: int) -> None:
        self.country = country
        self.leagues = sorted(leagues, key=lambda code: MAIN_LEAGUES[code].tier)
        self.names = np.array(club_names(seed, country, clubs * len(leagues)))
        self.members = [np.arange(clubs) + clubs * place for place in range(len(leagues))]
        self.strengths = self._levels() + _strength_noise(dice(seed, country, "founding"), len(self.names))
        self.played = 0

    def _levels(self) -> Floats:
        levels = np.zeros((len(self.names), 2))
        for league, members in zip(self.leagues, self.members, strict=True):
            levels[members] = TIER_STEP * (MAIN_LEAGUES[league].tier - 1)
        return levels

    def play(self, seed: int, season: Season) -> list[SeasonMatches]:
        """All leagues' season; must be called once for each season, in order."""
        played = [self._play_league(seed, league, members, season) for league, members in self._tiers()]
        for upper in range(len(self.leagues) - 1):
            tiers = [MAIN_LEAGUES[code].tier for code in self.leagues[upper : upper + 2]]
            if tiers[1] - tiers[0] == 1:
                self._exchange(upper, played)
        self.members = [np.sort(members) for members in self.members]
        levels = self._levels()
        summer = _strength_noise(dice(seed, self.country, season, "summer"), len(self.names))
        self.strengths = levels + KEPT * (self.strengths - levels) + np.sqrt(1 - KEPT**2) * summer
        self.played += 1
        return [matches for matches, _ in played]

    def _tiers(self) -> list[tuple[str, Counts]]:
        return list(zip(self.leagues, self.members, strict=True))

    def _play_league(self, seed: int, league: str, members: Counts, season: Season) -> tuple[SeasonMatches, Counts]:
        """The season, and the members from first to last; leaves the members' strengths as they are at its end."""
        character = dice(seed, league, "character").standard_normal(2)
        advantage, base = (
            mean + spread * deviation
            for (mean, spread), deviation in zip((HOME_ADVANTAGE, BASE_RATE), character, strict=True)
        )
        played = play_rounds(seed, league, season, self.strengths[members], base, advantage)
        self.strengths[members] = played.strengths
        names = self.names[members]
        matches = SeasonMatches(
            league=league,
            season=season,
            clubs=tuple(names.tolist()),
            points=tuple(played.points.tolist()),
            home=tuple(names[played.home].tolist()),
            away=tuple(names[played.away].tolist()),
            kickoff=kickoffs(season, len(members)),
            home_rate=played.home_rate,
            away_rate=played.away_rate,
            probabilities=played.probabilities,
            home_goals=played.home_goals,
            away_goals=played.away_goals,
            statistics=played.statistics,
        )
        return matches, members[played.table]

    def _exchange(self, upper: int, played: list[tuple[SeasonMatches, Counts]]) -> None:
        """The last of one tier and the first of the tier below change places."""
        movers = min(MOVERS, len(played[upper][1]) // 4)
        down, up = played[upper][1][-movers:], played[upper + 1][1][:movers]
        self.members[upper] = np.append(np.setdiff1d(self.members[upper], down), up)
        self.members[upper + 1] = np.append(np.setdiff1d(self.members[upper + 1], up), down)


def _strength_noise(chance: np.random.Generator, clubs: int) -> Floats:
    """(clubs, 2) attack and defence around zero."""
    return np.asarray(SHARED * chance.standard_normal((clubs, 1)) + OWN * chance.standard_normal((clubs, 2)))


class World:
    """Every league, from ``first_season`` (start year) on. May be shared between threads.

    Raises ValueError for an unknown league, none at all, an odd or unplayable number of clubs, a negative seed.
    """

    def __init__(
        self,
        seed: int = 1,
        leagues: Sequence[str] = DEFAULT_LEAGUES,
        first_season: int = DEFAULT_FIRST_SEASON,
        clubs_per_league: int = 20,
    ) -> None:
        if unknown := [code for code in leagues if code not in MAIN_LEAGUES]:
            raise ValueError(f"no such league: {', '.join(unknown)}; there are {', '.join(MAIN_LEAGUES)}")
        if not leagues or len(set(leagues)) < len(leagues):
            raise ValueError("a world has at least one league, and each of them once")
        if clubs_per_league % 2 or not MIN_CLUBS <= clubs_per_league <= MAX_CLUBS:
            raise ValueError(f"{clubs_per_league} clubs: a league has an even number from {MIN_CLUBS} to {MAX_CLUBS}")
        if seed < 0 or first_season < FIRST_SEASON:
            raise ValueError(f"seed {seed} must not be negative, first season {first_season} not before {FIRST_SEASON}")
        self.seed, self.leagues, self.clubs_per_league = seed, tuple(leagues), clubs_per_league
        self.first_season = Season(first_season)
        codes: dict[str, list[str]] = {}
        for code in leagues:
            codes.setdefault(MAIN_LEAGUES[code].country, []).append(code)
        self._countries = {
            country: _Country(seed, country, members, clubs_per_league) for country, members in codes.items()
        }
        self._seasons: dict[tuple[str, Season], SeasonMatches] = {}
        self._lock = threading.Lock()

    def season(self, league: str, season: Season) -> SeasonMatches:
        """All matches of a season, future ones included; raises KeyError for what this world does not hold."""
        if league not in self.leagues or season < self.first_season:
            raise KeyError(f"{league} {season}")
        country = self._countries[MAIN_LEAGUES[league].country]
        with self._lock:
            while (league, season) not in self._seasons:
                following = Season(self.first_season.start + country.played)
                for matches in country.play(self.seed, following):
                    self._seasons[matches.league, following] = matches
            return self._seasons[league, season]

    def begun(self, until: datetime) -> list[SeasonMatches]:
        """Every season of every league with a kickoff at or before ``until`` (aware), by season, then league."""
        found = []
        for start in range(self.first_season.start, until.year + 1):
            if kickoffs(Season(start), self.clubs_per_league)[0] <= until:
                found += [self.season(league, Season(start)) for league in self.leagues]
        return found
