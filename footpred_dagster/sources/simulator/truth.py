"""What no real source gives: the exact probability of every outcome, and bookmakers at a known distance from it."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from footpred_dagster.core.domain import SITE_ZONE
from footpred_dagster.sources.simulator.dice import dice
from footpred_dagster.sources.simulator.scorelines import Floats
from footpred_dagster.sources.simulator.world import SeasonMatches, World

CLOSING_NOISE, OPENING_NOISE = 0.04, 0.10
"""Standard deviations of log-probabilities: of the closing line around the truth, of the opening around the closing."""
MARGIN = (1.047, 1.058)
"""Range of the sum of inverse average odds."""
BEST_PRICE = (1.005, 1.02)
"""Range of the best price over the average one."""
SHORTEST = 1.01
BISECTION_STEPS = 40


class TruthRow(NamedTuple):
    """One match; season as ``2024-25``, date ISO on the UK's calendar."""

    league: str
    season: str
    date: str
    home: str
    away: str
    p_home: float
    p_draw: float
    p_away: float


class Book(NamedTuple):
    """Decimal odds of one season, (n, 3) each: averages and best prices, when announced and at kickoff."""

    average: Floats
    best: Floats
    closing_average: Floats
    closing_best: Floats


@lru_cache(maxsize=256)
def book(world_seed: int, matches: SeasonMatches) -> Book:
    """The bookmakers' prices; drawn apart from the matches, so that noise here moves no goal."""
    chance = dice(world_seed, matches.league, matches.season, "odds")
    shape = matches.probabilities.shape
    closing = _disturbed(matches.probabilities, CLOSING_NOISE * chance.standard_normal(shape))
    opening = _disturbed(closing, OPENING_NOISE * chance.standard_normal(shape))
    prices = []
    for line in (opening, closing):
        average = _priced(line, chance.uniform(*MARGIN, size=(len(line), 1)))
        prices += [average, average * chance.uniform(*BEST_PRICE, size=shape)]
    return Book(*(np.maximum(np.round(price, 2), SHORTEST) for price in prices))


def _disturbed(probabilities: Floats, noise: Floats) -> Floats:
    raised = probabilities * np.exp(noise)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _priced(probabilities: Floats, margin: Floats) -> Floats:
    """Odds whose inverses sum to ``margin`` (n, 1) by the power method, the inverse of ``domain.odds.power_devig``.

    Outsiders carry more of the margin than favourites, and no price falls to 1.
    """
    low, high = np.zeros(margin.shape), np.ones(margin.shape)
    for _ in range(BISECTION_STEPS):
        middle = (low + high) / 2
        over = (probabilities**middle).sum(axis=1, keepdims=True) > margin
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    return np.asarray(probabilities ** -((low + high) / 2))


def true_probabilities(world: World, until: datetime) -> list[TruthRow]:
    """The optimum no model can beat but by luck, for each match that kicks off by ``until`` (aware), past or future."""
    rows = []
    for matches in world.begun(until):
        season = str(matches.season)
        for number in range(matches.kicked_off(until)):
            day = matches.kickoff[number].astimezone(SITE_ZONE).date().isoformat()
            chances = (float(p) for p in matches.probabilities[number])
            rows.append(TruthRow(matches.league, season, day, matches.home[number], matches.away[number], *chances))
    return rows


def truth_csv(rows: list[TruthRow]) -> str:
    """Full precision, so that what is read back still sums to one."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(TruthRow._fields)
    writer.writerows(rows)
    return text.getvalue()


def write_truth(rows: list[TruthRow], path: Path) -> None:
    """Write ``.csv`` or ``.json`` (a list of objects); raises ValueError for another suffix."""
    if path.suffix == ".csv":
        path.write_text(truth_csv(rows), encoding="utf-8", newline="")
    elif path.suffix == ".json":
        path.write_text(json.dumps([row._asdict() for row in rows]), encoding="utf-8")
    else:
        raise ValueError(f"{path.name}: the truth is written as .csv or .json")
