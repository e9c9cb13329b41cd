"""Attack and defence of every club, by a Kalman filter on several statistics at once.

A side scores with rate exp(mu + home / 2 + its attack - the other's defence), the away side with - home / 2; mu and
home belong to the division. Attack and defence wander, apart from each other a little and together a lot, and over the
summer move towards the mean of the division's members. Each statistic is scaled to goals and has a filter of its own;
all of them share the calendar, and a step of a day's update is one operation on (statistics, matches). Clubs are
filtered independently of each other, two by two states each, which is what lets a day's matches be updated at once.
Countries never meet, so each is rated by its own matches alone.

Extended Kalman filter with log link, after the dynamic Poisson model of Koopman & Lit (2015).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from footpred_dagster.core.ratings import momentum
from footpred_dagster.core.ratings.history import UNSEEN, Floats, Ints, Matches
from footpred_dagster.core.ratings.observations import STATISTICS
from footpred_dagster.core.ratings.poisson import log_odds

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


class Side(NamedTuple):
    """Strength of clubs, (statistics, ...) each, as log-rates."""

    attack: Floats
    defence: Floats


class Division(NamedTuple):
    """(statistics, ...) level of a division and its home advantage, as log-rates."""

    mu: Floats
    home: Floats


def rates(home: Side, away: Side, division: Division) -> tuple[Floats, Floats]:
    """(statistics, ...) each: logarithms of what is expected of the home and of the away side."""
    return (
        division.mu + division.home / 2 + home.attack - away.defence,
        division.mu - division.home / 2 + away.attack - home.defence,
    )


def features(home: Side, away: Side, division: Division) -> dict[str, Floats]:
    """Of one pairing or many: what strengths say of it, by the name it is stored under."""
    home_rate, away_rate = rates(home, away, division)
    home_draw, away_draw = log_odds(home_rate[0], away_rate[0])
    found = {
        "home_attack": home.attack[0],
        "home_defence": home.defence[0],
        "away_attack": away.attack[0],
        "away_defence": away.defence[0],
        "home_log_goals": home_rate[0],
        "away_log_goals": away_rate[0],
        "log_goals_difference": home_rate[0] - away_rate[0],
        "poisson_home": home_draw,
        "poisson_away": away_draw,
    }
    for place, name in enumerate(STATISTICS[1:], start=1):
        found[f"log_{name}_difference"] = home_rate[place] - away_rate[place]
        found[f"log_{name}_sum"] = home_rate[place] + away_rate[place]
    return found


class Strengths:
    """What is known on a morning: (statistics, clubs) and (statistics, divisions) means and variances.

    Calendar, (clubs,) and (divisions,): the season each last played in, the division and the day of it, UNSEEN before.
    """

    def __init__(self, clubs: int, leagues: int, statistics: int = len(STATISTICS)) -> None:
        shape = (statistics, clubs)
        self.attack, self.defence = np.zeros(shape), np.zeros(shape)
        self.var_attack, self.var_defence, self.cov = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self.momentum = momentum.Momentum(clubs)
        self.mu, self.home = np.full((statistics, leagues), START_MU), np.full((statistics, leagues), START_HOME)
        self.var_mu = np.full((statistics, leagues), LEAGUE_PRIOR)
        self.var_home = np.full((statistics, leagues), HOME_PRIOR)
        self.mean_attack, self.mean_defence = np.zeros((statistics, leagues)), np.zeros((statistics, leagues))
        self.club_season, self.club_league = np.full(clubs, UNSEEN), np.full(clubs, UNSEEN)
        self.club_day, self.league_day = np.full(clubs, UNSEEN), np.full(leagues, UNSEEN)
        self.league_season = np.full(leagues, UNSEEN)
        self.member = np.zeros((leagues, clubs), dtype=bool)

    def side(self, clubs: Ints) -> Side:
        return Side(self.attack[:, clubs], self.defence[:, clubs])

    def division(self, leagues: Ints) -> Division:
        return Division(self.mu[:, leagues], self.home[:, leagues])

    def before(self, day: Matches) -> dict[str, Floats]:
        """Without momentum."""
        return features(self.side(day.home), self.side(day.away), self.division(day.league))

    def advance(self, day: Matches) -> None:
        """Let time pass for all who play: drift, and the summer for those who begin a season."""
        today, league = int(day.day[0]), day.league
        clubs = np.concatenate([day.home, day.away])
        leagues, seasons = np.concatenate([league, league]), np.concatenate([day.season, day.season])
        divisions, first = np.unique(league, return_index=True)
        self._drift(today, clubs, divisions)
        for division, season, tier in zip(divisions, day.season[first], day.tier[first], strict=True):
            if self.league_season[division] != season:
                self._open(division, season, tier)
        arriving = (self.club_season[clubs] != seasons) | (self.club_league[clubs] != leagues)
        if arriving.any():
            self._arrive(clubs[arriving], leagues[arriving], seasons[arriving])
        self.club_day[clubs], self.league_day[league] = today, today
        self.member[leagues, clubs] = True

    def _drift(self, today: int, clubs: Ints, leagues: Ints) -> None:
        """Uncertainty grows with the days since each last played."""
        idle = np.where(self.club_day[clubs] == UNSEEN, 0, np.minimum(today - self.club_day[clubs], LONGEST_GAP))
        self.var_attack[:, clubs] += idle * DRIFT
        self.var_defence[:, clubs] += idle * DRIFT
        self.cov[:, clubs] += TOGETHER * idle * DRIFT
        idle = np.where(
            self.league_day[leagues] == UNSEEN, 0, np.minimum(today - self.league_day[leagues], LONGEST_GAP)
        )
        self.var_mu[:, leagues] += idle * LEAGUE_DRIFT
        self.var_home[:, leagues] += idle * HOME_DRIFT

    def _open(self, league: int, season: int, tier: int) -> None:
        """A division begins a season: what its clubs move towards is the mean of last season's members, as of now."""
        members = self.member[league]
        if members.any():
            self.mean_attack[:, league] = self.attack[:, members].mean(axis=1)
            self.mean_defence[:, league] = self.defence[:, members].mean(axis=1)
        else:
            self.mean_attack[:, league] = self.mean_defence[:, league] = -TIER_STEP * (tier - 1)
        self.league_season[league] = season
        members[:] = False

    def _arrive(self, clubs: Ints, leagues: Ints, seasons: Ints) -> None:
        """Clubs begin a season in a division."""
        known = self.club_season[clubs] != UNSEEN
        away_for = np.where(known, seasons - self.club_season[clubs], UNSEEN)
        kept = np.where(known, np.where(away_for > 1, RETURNING_KEPT, SUMMER_KEPT), 0.0)
        for values, mean in ((self.attack, self.mean_attack), (self.defence, self.mean_defence)):
            towards = mean[:, leagues]
            moved = towards + kept * (values[:, clubs] - towards)
            values[:, clubs] = np.where(known, moved, towards + NEWCOMER)
        for variances, share in ((self.var_attack, 1.0), (self.var_defence, 1.0), (self.cov, TOGETHER)):
            now = variances[:, clubs]
            summer = SUMMER_KEPT**2 * now + share * SUMMER_VARIANCE
            variances[:, clubs] = np.where(away_for == 0, now, np.where(away_for == 1, summer, share * PRIOR))
        self.club_season[clubs], self.club_league[clubs] = seasons, leagues

    def learn(self, day: Matches) -> None:
        """Both sides' scores, the home side's first; momentum learns what the morning's rates did not expect."""
        home, away, league = day.home, day.away, day.league
        home_x, away_x, noise = day.home_x, day.away_x, day.noise
        home_rate, away_rate = rates(self.side(home), self.side(away), self.division(league))
        self.momentum.learn(home, away, (home_x[0] - np.exp(home_rate[0])) - (away_x[0] - np.exp(away_rate[0])))
        self._score(home, away, league, 0.5, home_x, noise)
        self._score(away, home, league, -0.5, away_x, noise)

    def _score(self, scoring: Ints, conceding: Ints, league: Ints, side: float, x: Floats, noise: Floats) -> None:
        """One observation a match: ``x`` of ``scoring``, whose home advantage counts ``side``."""
        log_rate = self.mu[:, league] + side * self.home[:, league]
        log_rate += self.attack[:, scoring] - self.defence[:, conceding]
        rate = np.exp(np.clip(log_rate, -2.5, 3.0))
        own, cov = self.var_attack[:, scoring], self.cov[:, scoring]
        other, other_cov = self.var_defence[:, conceding], self.cov[:, conceding]
        spread = own + other + self.var_mu[:, league] + side**2 * self.var_home[:, league]
        seen = np.isfinite(x)
        gain = np.where(seen, 1 / (rate * spread + noise), 0.0)
        step, shrink = gain * (np.where(seen, x, 0.0) - rate), gain * rate
        self.attack[:, scoring] += own * step
        self.defence[:, scoring] += cov * step
        self.attack[:, conceding] -= other_cov * step
        self.defence[:, conceding] -= other * step
        self.var_attack[:, scoring] -= own**2 * shrink
        self.cov[:, scoring] -= own * cov * shrink
        self.var_defence[:, scoring] -= cov**2 * shrink
        self.var_defence[:, conceding] -= other**2 * shrink
        self.cov[:, conceding] -= other * other_cov * shrink
        self.var_attack[:, conceding] -= other_cov**2 * shrink
        # A division's matches of a day are one observation of it: their weights add up before they shrink anything.
        steps, shrinks = np.zeros_like(self.mu), np.zeros_like(self.mu)
        for statistic in range(len(x)):
            np.add.at(steps[statistic], league, step[statistic])
            np.add.at(shrinks[statistic], league, shrink[statistic])
        for values, variance, weight in ((self.mu, self.var_mu, 1.0), (self.home, self.var_home, side)):
            less = 1 + weight**2 * variance * shrinks
            values += weight * variance * steps / less
            variance /= less
