"""Attack and defence of every club by a Kalman filter on pseudo-goals, one pass through history, a day at a time.

A match without statistics counts by its goals, and for less. Sides score with rate exp(mu + home / 2 + attack of one -
defence of the other), the away side with - home / 2; mu and home belong to the division. Attack and defence wander,
apart from each other a little and together a lot, and move towards the division's mean over the summer. Clubs are
filtered independently of each other, two by two states each, which is what lets a day's matches be updated at once.

Extended Kalman filter with log link, after the dynamic Poisson model of Koopman & Lit (2015). The constants come from a
search on 2021-22 and 2022-23. A logit on the difference and the sum of the two log-rates has a log-loss of 1.0054 on
2021-22 and 2022-23 and 1.0081 on 2023-24 and 2024-25 (22 divisions), the Elo logit 1.0133 on the latter. Nothing is
fitted inside a run.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

NOISE, NOISE_GOALS_ONLY = 0.4, 1.4
"""Variance of pseudo-goals over their mean; of goals alone it is 1.4 with what a Poisson model leaves out."""
DRIFT, TOGETHER = 3e-5, 0.93
"""Variance a day adds to attack and to defence, and the correlation of the two."""
LEAGUE_DRIFT, HOME_DRIFT = 1e-6, 2e-6
PRIOR, LEAGUE_PRIOR, HOME_PRIOR = 0.02, 0.05, 0.02
SUMMER_VARIANCE, SUMMER_KEPT = 0.006, 0.93
"""What a summer adds to the variance, and the share of the distance from the division's mean it leaves."""
RETURNING_KEPT = 0.5
"""The same for a club that was away for longer than a summer."""
NEWCOMER = -0.05
"""Where a club never seen before stands against its division's mean."""
TIER_STEP = 0.3
"""Per tier, while a division has no past to take a mean from."""
START_MU, START_HOME = 0.25, 0.25
LONGEST_GAP = 30
"""Days; a winter break adds no more uncertainty than a month."""
_UNSEEN = -99
_OF_LEAGUES = frozenset({"mu", "advantage", "var_mu", "var_advantage", "league_day"})


@dataclass(frozen=True, slots=True)
class Matches:
    """Matches and fixtures in order of ``day`` (ordinal); one entry each.

    home, away, league: numbers from 0. season: a number that grows by one a season. tier: from 1. home_x, away_x:
    pseudo-goals, NaN until played. noise: NOISE or NOISE_GOALS_ONLY.
    """

    day: Ints
    season: Ints
    league: Ints
    tier: Ints
    home: Ints
    away: Ints
    home_x: Floats
    away_x: Floats
    noise: Floats

    def __len__(self) -> int:
        return len(self.day)


@dataclass(frozen=True, slots=True)
class Strengths:
    """What was known before each match, (n,) each, as log-rates.

    home_rate, away_rate: logarithms of expected pseudo-goals. variance: of the difference of the two.
    """

    home_attack: Floats
    home_defence: Floats
    away_attack: Floats
    away_defence: Floats
    home_rate: Floats
    away_rate: Floats
    variance: Floats


def strengths(matches: Matches) -> Strengths:
    """Filter the whole history; all matches of a day are rated from the days before.

    A match without a result leaves no trace: whether a fixture was ever listed changes nothing that comes after it.
    """
    found = {field.name: np.empty(len(matches)) for field in fields(Strengths)}
    state = _State(
        clubs=int(max(matches.home.max(initial=-1), matches.away.max(initial=-1))) + 1,
        leagues=int(matches.league.max(initial=-1)) + 1,
    )
    has_result = np.isfinite(matches.home_x) & np.isfinite(matches.away_x)
    for day in _days(matches.day):
        played, to_come = day[has_result[day]], day[~has_result[day]]
        if len(to_come):
            before = state.copy_of(matches, to_come)
            state.advance(matches, to_come)
            _record(found, to_come, state.ratings(matches, to_come))
            state.restore(before)
        if len(played):
            state.advance(matches, played)
            _record(found, played, state.ratings(matches, played))
            state.learn(matches, played)
    return Strengths(**found)


def _record(found: dict[str, Floats], rows: Ints, ratings: dict[str, Floats]) -> None:
    for name, values in ratings.items():
        found[name][rows] = values


def _days(day: Ints) -> list[Ints]:
    """Row numbers of each day."""
    return np.split(np.arange(len(day)), np.flatnonzero(np.diff(day)) + 1) if len(day) else []


class _State:
    """Means and covariances of clubs (attack, defence) and of divisions (mu, home), and when each was last seen."""

    def __init__(self, clubs: int, leagues: int) -> None:
        self.attack, self.defence = np.zeros(clubs), np.zeros(clubs)
        self.var_attack, self.var_defence, self.cov = np.zeros(clubs), np.zeros(clubs), np.zeros(clubs)
        self.mu, self.advantage = np.full(leagues, START_MU), np.full(leagues, START_HOME)
        self.var_mu, self.var_advantage = np.full(leagues, LEAGUE_PRIOR), np.full(leagues, HOME_PRIOR)
        self.club_day, self.league_day = np.full(clubs, _UNSEEN), np.full(leagues, _UNSEEN)
        self.season, self.league = np.full(clubs, _UNSEEN), np.full(clubs, -1)
        self.last_season, self.last_league = np.full(clubs, _UNSEEN), np.full(clubs, -1)

    def copy_of(self, matches: Matches, rows: Ints) -> list[tuple[str, Ints, npt.NDArray[np.generic]]]:
        """What ``advance`` may change for these matches, for ``restore``."""
        clubs, leagues = np.concatenate([matches.home[rows], matches.away[rows]]), matches.league[rows]
        return [
            (name, places, values[places].copy())
            for name, values in vars(self).items()
            for places in [leagues if name in _OF_LEAGUES else clubs]
        ]

    def restore(self, saved: list[tuple[str, Ints, npt.NDArray[np.generic]]]) -> None:
        for name, places, values in saved:
            getattr(self, name)[places] = values

    def advance(self, matches: Matches, rows: Ints) -> None:
        """Let time pass for all who play: drift, and the summer for those who have not played this season."""
        today = int(matches.day[rows[0]])
        clubs = np.concatenate([matches.home[rows], matches.away[rows]])
        leagues = np.concatenate([matches.league[rows]] * 2)
        seasons = np.concatenate([matches.season[rows]] * 2)
        tiers = np.concatenate([matches.tier[rows]] * 2)
        played = self.club_day[clubs] != _UNSEEN
        gap = np.where(played, np.minimum(today - self.club_day[clubs], LONGEST_GAP), 0) * DRIFT
        self.var_attack[clubs] += gap
        self.var_defence[clubs] += gap
        self.cov[clubs] += TOGETHER * gap
        divisions = np.unique(leagues)
        known = self.league_day[divisions] != _UNSEEN
        idle = np.where(known, np.minimum(today - self.league_day[divisions], LONGEST_GAP), 0)
        self.var_mu[divisions] += LEAGUE_DRIFT * idle
        self.var_advantage[divisions] += HOME_DRIFT * idle
        arriving = (self.season[clubs] != seasons) | (self.league[clubs] != leagues)
        # All of a day from the state before it: its order must not matter.
        begins = [
            self._begin(int(clubs[place]), int(leagues[place]), int(seasons[place]), int(tiers[place]))
            for place in np.flatnonzero(arriving)
        ]
        for club, changes in begins:
            for name, value in changes.items():
                getattr(self, name)[club] = value
        self.club_day[clubs] = today
        self.league_day[divisions] = today

    def _begin(self, club: int, league: int, season: int, tier: int) -> tuple[int, dict[str, float]]:
        """What changes when a club begins a season in a division: it moves towards the mean of last season's members.

        A club never seen before starts near that mean, one that was away for longer than a summer half way to it.
        """
        same = self.season == season
        before = np.where(same, self.last_season, self.season) == season - 1
        members = before & (np.where(same, self.last_league, self.league) == league)
        members[club] = False
        known, away_for = self.season[club] != _UNSEEN, season - int(self.season[club])
        level = -TIER_STEP * (tier - 1)
        kept = SUMMER_KEPT if away_for <= 1 else RETURNING_KEPT
        changes: dict[str, float] = {"season": season, "league": league}
        for name in ("attack", "defence"):
            values = getattr(self, name)
            mean = values[members].mean() if members.any() else level
            start = mean + (NEWCOMER if members.any() else 0.0)
            changes[name] = mean + kept * (values[club] - mean) if known else start
        for name, share in (("var_attack", 1.0), ("var_defence", 1.0), ("cov", TOGETHER)):
            if away_for > 1:
                changes[name] = share * PRIOR
            elif away_for == 1:
                changes[name] = kept**2 * getattr(self, name)[club] + share * SUMMER_VARIANCE
        if away_for:
            changes |= {"last_season": self.season[club], "last_league": self.league[club]}
        return club, changes

    def ratings(self, matches: Matches, rows: Ints) -> dict[str, Floats]:
        home, away, league = matches.home[rows], matches.away[rows], matches.league[rows]
        spread = self.var_attack + self.var_defence + 2 * self.cov
        return {
            "home_attack": self.attack[home],
            "home_defence": self.defence[home],
            "away_attack": self.attack[away],
            "away_defence": self.defence[away],
            "home_rate": self.mu[league] + self.advantage[league] / 2 + self.attack[home] - self.defence[away],
            "away_rate": self.mu[league] - self.advantage[league] / 2 + self.attack[away] - self.defence[home],
            "variance": spread[home] + spread[away],
        }

    def learn(self, matches: Matches, rows: Ints) -> None:
        """Update by a day's results: nobody plays twice a day, so all clubs move at once."""
        home, away, league, noise = matches.home[rows], matches.away[rows], matches.league[rows], matches.noise[rows]
        self._score(home, away, league, 0.5, matches.home_x[rows], noise)
        self._score(away, home, league, -0.5, matches.away_x[rows], noise)

    def _score(self, scoring: Ints, conceding: Ints, league: Ints, side: float, x: Floats, noise: Floats) -> None:
        """One observation a match: pseudo-goals of ``scoring``, whose home advantage counts ``side``."""
        log_rate = self.mu[league] + side * self.advantage[league] + self.attack[scoring] - self.defence[conceding]
        rate = np.exp(np.clip(log_rate, -3.0, 2.0))
        own, other = self.var_attack[scoring], self.var_defence[conceding]
        uncertainty = own + other + self.var_mu[league] + side**2 * self.var_advantage[league]
        gain = 1.0 / (rate * uncertainty + noise)  # rate / (rate^2 * uncertainty + noise * rate)
        step, shrink = gain * (x - rate), gain * rate
        cov, other_cov = self.cov[scoring], self.cov[conceding]
        self.attack[scoring] += own * step
        self.defence[scoring] += cov * step
        self.attack[conceding] -= other_cov * step
        self.defence[conceding] -= other * step
        self.var_attack[scoring] -= own**2 * shrink
        self.cov[scoring] -= own * cov * shrink
        self.var_defence[scoring] -= cov**2 * shrink
        self.var_defence[conceding] -= other**2 * shrink
        self.cov[conceding] -= other * other_cov * shrink
        self.var_attack[conceding] -= other_cov**2 * shrink
        steps, shrinks = (np.bincount(league, values, len(self.mu)) for values in (step, shrink))
        # A division's matches of a day are one observation of it: their weights add up before they shrink anything.
        self.mu += self.var_mu * steps / (1 + self.var_mu * shrinks)
        self.advantage += side * self.var_advantage * steps / (1 + side**2 * self.var_advantage * shrinks)
        self.var_mu /= 1 + self.var_mu * shrinks
        self.var_advantage /= 1 + side**2 * self.var_advantage * shrinks
