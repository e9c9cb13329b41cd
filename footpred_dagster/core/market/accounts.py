"""What following a model's claims against the bookmaker would have returned: an honest account, no advice.

In each match that has a price, one bet on the outcome with the greatest claimed edge, if that exceeds a bar. Odds are
the market's average; the best of many bookmakers pay a little more, and are not to be had in any size.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from footpred_dagster.core.evaluation.scores import league_groups
from footpred_dagster.core.evaluation.windows import of_seasons
from footpred_dagster.core.market.value import stake, value
from footpred_dagster.core.statistics.bootstrap import finite, weekly_mean
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES

Floats = npt.NDArray[np.float64]

LINES = ("opening", "closing")
EDGES = (0.0, 0.05, 0.10, 0.20)
"""Bars a claimed edge has to exceed."""


@dataclass(frozen=True, slots=True)
class Returns:
    """``bets`` of the ``matches`` that had a price and a prediction, and what came of them.

    Flat: one unit a bet; ``profit`` in units, negative for a loss; ``roi`` is profit / staked, with a 95 % interval by
    match week; ``max_drawdown`` in units, from the highest running profit to the lowest after it. Kelly: staked and
    profit in bankrolls, each bet a share (``market.stake``) of one that is always full; ``kelly_growth`` and
    ``kelly_drawdown`` are shares gained and lost of one bankroll carried on. None where there is no bet, and for the
    interval of fewer weeks than ``comparison.LEAST_WEEKS``.
    """

    matches: int
    bets: int = 0
    staked: float = 0.0
    profit: float = 0.0
    roi: float | None = None
    roi_low: float | None = None
    roi_high: float | None = None
    max_drawdown: float | None = None
    kelly_staked: float = 0.0
    kelly_profit: float = 0.0
    kelly_roi: float | None = None
    kelly_roi_low: float | None = None
    kelly_roi_high: float | None = None
    kelly_growth: float | None = None
    kelly_drawdown: float | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Who claims, at which line's prices, above which edge, on which slice of the matches, and what came of it."""

    model: str
    line: str
    edge: float
    slice: str
    value: str
    returns: Returns


def accounts(
    predictions: Mapping[str, pd.DataFrame],
    frame: pd.DataFrame,
    seasons: Sequence[str],
    in_detail: Collection[str],
) -> list[Account]:
    """An account of every model at every line and edge over ``seasons``, without a bet too, and by season and league
    group of the models ``in_detail``.

    ``predictions`` are indexed like ``frame``, which holds kickoff, season, league, outcome and both lines' odds.
    """
    found = []
    parts = list(parts_of(frame[of_seasons(frame, seasons)]))
    for model, predicted in predictions.items():
        for line in LINES:
            claims = best_claims(predicted, frame, line)
            for kind, name, part in parts if model in in_detail else parts[:1]:
                within = claims.loc[claims.index.intersection(part)]
                found += [Account(model, line, edge, kind, name, settle(within, edge)) for edge in EDGES]
    return found


def parts_of(matches: pd.DataFrame) -> Iterator[tuple[str, str, pd.Index]]:
    """``(slice, value, index)``: all matches, each season, and each league group but that of all."""
    yield "all", "all", matches.index
    for season, played in matches.groupby("season"):
        yield "season", str(season), played.index
    for group, leagues in league_groups(matches["league"].unique()).items():
        if group != "all":
            yield "league", group, matches.index[matches["league"].isin(leagues)]


def best_claims(predicted: pd.DataFrame, frame: pd.DataFrame, line: str) -> pd.DataFrame:
    """By match with a forecast and a sound quote: the greatest claimed ``edge`` (of equals the first, home before draw
    before away), the ``stake`` Kelly would put on it, the ``profit`` of one unit, and the ``kickoff``."""
    matches = frame.loc[frame.index.intersection(predicted.index)]
    odds = matches[[f"{line}_odds_{side}" for side in ("home", "draw", "away")]].to_numpy(dtype=float)
    probabilities = predicted.loc[matches.index, PROBABILITIES].to_numpy(dtype=float)
    edges, stakes = value(probabilities, odds), stake(probabilities, odds)
    sound = np.flatnonzero(np.isfinite(edges).all(axis=1))
    best, matches = edges[sound].argmax(axis=1), matches.iloc[sound]
    won = best == matches["outcome"].to_numpy(dtype=np.int64)
    return pd.DataFrame(
        {
            "edge": edges[sound, best],
            "stake": stakes[sound, best],
            "profit": np.where(won, odds[sound, best] - 1, -1.0),
            "kickoff": matches["kickoff"],
        },
        index=matches.index,
    )


def settle(claims: pd.DataFrame, edge: float) -> Returns:
    """Bet on every claim above ``edge``, which is not negative. Bets of a day are all placed before one is settled."""
    bets = claims[claims["edge"] > edge].sort_values("kickoff", kind="stable")
    if bets.empty:
        return Returns(len(claims))
    profit, stakes = bets["profit"].to_numpy(), bets["stake"].to_numpy()
    flat = weekly_mean(profit, bets["kickoff"])
    kelly = weekly_mean(profit, bets["kickoff"], stakes)
    _, day = np.unique(bets["kickoff"].dt.date.to_numpy(), return_inverse=True)
    running = np.append(0.0, np.bincount(day, weights=profit).cumsum())
    at_stake = np.bincount(day, weights=stakes)
    # No more can be staked in a day than there is.
    daily = np.bincount(day, weights=profit * stakes) / np.maximum(at_stake, 1.0)
    bankroll = np.append(1.0, (1 + daily).cumprod())
    return Returns(
        matches=len(claims),
        bets=len(bets),
        staked=float(len(bets)),
        profit=float(profit.sum()),
        roi=float(profit.mean()),
        roi_low=finite(flat.low),
        roi_high=finite(flat.high),
        max_drawdown=float((np.maximum.accumulate(running) - running).max()),
        kelly_staked=float(stakes.sum()),
        kelly_profit=float((profit * stakes).sum()),
        kelly_roi=float((profit * stakes).sum() / stakes.sum()),
        kelly_roi_low=finite(kelly.low),
        kelly_roi_high=finite(kelly.high),
        kelly_growth=float(bankroll[-1] - 1),
        kelly_drawdown=float((1 - bankroll / np.maximum.accumulate(bankroll)).max()),
    )
