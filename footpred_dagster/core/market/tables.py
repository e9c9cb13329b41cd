"""The market tables: accounts of bets on every model's claims, and the champion against the closing line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import datetime

import numpy as np
import pandas as pd
import psycopg

from footpred_dagster.core.evaluation.holdout_log import record_look
from footpred_dagster.core.evaluation.market_lines import MARKET_LINES, market_line
from footpred_dagster.core.evaluation.stored_predictions import stored_predictions
from footpred_dagster.core.evaluation.windows import Windows, of_seasons, season_windows
from footpred_dagster.core.market.accounts import EDGES, LINES, Account, Floats, Returns, accounts, parts_of
from footpred_dagster.core.promotion.policy import LEAK_MARGIN
from footpred_dagster.core.registry.promotions import champion
from footpred_dagster.core.statistics.bootstrap import Comparison, compare, finite
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES, log_losses, ranked_probability_scores

OPENING, CLOSING = MARKET_LINES


@dataclass(frozen=True, slots=True)
class AgainstClosing:
    """A forecast beside the closing line on the same matches; ``result`` is positive where the forecast is better."""

    model: str
    slice: str
    value: str
    log_loss: float
    rps: float
    closing_log_loss: float
    closing_rps: float
    result: Comparison


@dataclass(frozen=True, slots=True)
class MarketTables:
    """What ``tabulate_market`` found over the final window; ``champion`` is its name, None while there is none."""

    judged: Windows
    champion: str | None
    accounts: list[Account]
    against_closing: list[AgainstClosing]


def tabulate_market(connection: psycopg.Connection, frame: pd.DataFrame, as_of: datetime) -> MarketTables:
    """Replace the market tables by what ``frame``, the matches before ``as_of``, gives. A look at the final window.

    Predictions are the stored out-of-season ones, of each recipe as it is in the code, the champion's as it was
    promoted. The champion alone is accounted for by season and league.
    """
    judged, in_force = season_windows(frame, as_of), champion(connection)
    predictions, reigning = stored_predictions(connection, frame), {}
    if in_force:
        predictions.pop(in_force.name, None)
        reigning = stored_predictions(connection, frame, {in_force.name: in_force.recipe})
    found = MarketTables(
        judged,
        in_force.name if in_force else None,
        accounts(reigning | predictions, frame, judged.final, reigning),
        against_closing(reigning, frame, judged.final),
    )
    _store(connection, found)
    if judged.final:
        record_look(connection, as_of, judged.final, [*reigning, *predictions], "predictions/market")
    return found


def against_closing(
    predictions: Mapping[str, pd.DataFrame], frame: pd.DataFrame, seasons: Sequence[str]
) -> list[AgainstClosing]:
    """``predictions`` and the opening line against the closing line, on the matches that all of them cover, by slice.

    A forecast that gave what happened no chance has no row: its log-loss is infinite.
    """
    lines = {line: market_line(frame, line) for line in MARKET_LINES}
    rows = []
    for kind, value, part in parts_of(frame[of_seasons(frame, seasons)]):
        for each in (*predictions.values(), *lines.values()):
            part = part.intersection(each.index)
        if part.empty:
            continue
        closing, closing_rps = _scored(lines[CLOSING], frame.loc[part])
        for model, predicted in {**predictions, OPENING: lines[OPENING]}.items():
            losses, rps = _scored(predicted, frame.loc[part])
            if np.isfinite(losses).all() and np.isfinite(closing).all():
                result = compare(losses, closing, frame.loc[part, "kickoff"])
                mine, theirs = (
                    (float(losses.mean()), float(rps.mean())),
                    (float(closing.mean()), float(closing_rps.mean())),
                )
                rows.append(AgainstClosing(model, kind, value, *mine, *theirs, result))
    return rows


def market_problems(connection: psycopg.Connection) -> list[str]:
    """Why the market tables cannot be believed: a champion better than the closing line by more than the promotion
    policy's leak margin, or bets that are not accounted for. None without a champion."""
    in_force = champion(connection)
    if in_force is None:
        return []
    problems = []
    stored = connection.execute(
        "select line, edge from predictions.market_roi where model = %s and slice = 'all'", [in_force.name]
    ).fetchall()
    for line, edge in [(line, edge) for line in LINES for edge in EDGES if (line, edge) not in stored]:
        problems.append(f"no account of {in_force.name} at {line} odds above an edge of {edge:.0%}")
    for rps, closing in connection.execute(
        "select rps, closing_rps from predictions.closing_line where model = %s and slice = 'all'", [in_force.name]
    ):
        if closing - rps > LEAK_MARGIN:
            problems.append(f"{in_force.name} beats the closing line by {closing - rps:.4f} RPS: a leak until proven")
    return problems


def in_words(account: Account) -> str:
    """What came of one account, the loss named as such, and how deep it was in between."""
    found, who = account.returns, f"{account.model}'s claims above {account.edge:.0%} at {account.line} odds"
    if found.roi is None:
        return f"{who}: no bets"
    interval = "" if found.roi_low is None else f", 95 % from {found.roi_low:+.1%} to {found.roi_high:+.1%}"
    says = f"{'lost' if found.profit < 0 else 'won'} {abs(found.profit):,.1f} units of {found.staked:,.0f} staked"
    return f"{who} {says} ({found.roi:+.1%}{interval}), at worst {found.max_drawdown or 0:,.1f} units down"


def _scored(predicted: pd.DataFrame, matches: pd.DataFrame) -> tuple[Floats, Floats]:
    probabilities = predicted.loc[matches.index, PROBABILITIES].to_numpy(dtype=float)
    outcomes = matches["outcome"].to_numpy(dtype=np.int64)
    return log_losses(probabilities, outcomes), ranked_probability_scores(probabilities, outcomes)


def _store(connection: psycopg.Connection, found: MarketTables) -> None:
    returns = ", ".join(field.name for field in fields(Returns))
    account = f"copy predictions.market_roi (model, line, edge, slice, value, {returns}) from stdin"
    line = """
        copy predictions.closing_line (model, slice, value, log_loss, rps, closing_log_loss, closing_rps, n, better,
            low, high) from stdin
    """
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("delete from predictions.market_roi")
        cursor.execute("delete from predictions.closing_line")
        with cursor.copy(account) as copy:
            for each in found.accounts:
                copy.write_row((each.model, each.line, each.edge, each.slice, each.value, *astuple(each.returns)))
        with cursor.copy(line) as copy:
            for row in found.against_closing:
                result = row.result
                bounds = (finite(result.low), finite(result.high))
                scores = (row.log_loss, row.rps, row.closing_log_loss, row.closing_rps)
                copy.write_row((row.model, row.slice, row.value, *scores, result.n, result.difference, *bounds))
