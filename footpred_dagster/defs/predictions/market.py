"""The market: the champion against the closing line, and what betting on its claims would have lost."""

import dagster as dg

from footpred_dagster.core.code_versions import code_version
from footpred_dagster.core.features.dataset import played_before
from footpred_dagster.core.market import tables
from footpred_dagster.core.market.tables import MarketTables, in_words, market_problems, tabulate_market
from footpred_dagster.core.registry.last_decision import shown_as_of
from footpred_dagster.core.tracking import plots
from footpred_dagster.core.training.train import training_cut
from footpred_dagster.defs.resources import Clock, Warehouse
from footpred_dagster.orchestration.asset_keys import CHAMPION, EVALUATION
from footpred_dagster.orchestration.automation_conditions import follows_upstream
from footpred_dagster.orchestration.metadata import picture, table
from footpred_dagster.orchestration.versions import CUT, cut_version

ACCOUNTS = ["model", "odds", "claimed edge", "matches", "bets", "profit", "ROI", "low", "high", "max drawdown"]
KELLY = ["Kelly ROI", "Kelly low", "Kelly high", "Kelly bankroll left"]
CLOSING = ["model", "n", "log-loss", "closing line", "better by", "low", "high"]


@dg.asset(
    key=["predictions", "market"],
    group_name="predictions",
    owners=["team:footpred"],
    pool="analysis",
    kinds={"python", "postgres"},
    code_version=code_version(__name__),
    automation_condition=follows_upstream(),
    deps=[EVALUATION, CHAMPION],
)
def market(warehouse: Warehouse, clock: Clock) -> dg.MaterializeResult:
    """Bets at average odds on claimed edges above 0, 5, 10 and 20 %, flat and by Kelly, on out-of-season predictions of
    the final window, always with their loss; and the champion against the closing line. Each run is a look at it."""
    with warehouse.connect() as connection:
        as_of = shown_as_of(connection, clock.now())
        found = tabulate_market(connection, played_before(connection, as_of), as_of)
        cut = training_cut(connection, as_of)
    champions = [each for each in found.accounts if each.model == found.champion and each.slice == "all"]
    seasons = ", ".join(found.judged.final) or "no complete season"
    drawn = plots.betting_returns(champions, seasons) if any(each.returns.bets for each in champions) else None
    return dg.MaterializeResult(
        metadata={
            "what it returned": dg.MetadataValue.md(
                "\n".join(f"- {in_words(each)}" for each in champions) or "nothing"
            ),
            "returns": picture(drawn) if drawn else "no bets",
            "accounts": table(ACCOUNTS + KELLY, _account_rows(found)),
            "against the closing line": table(CLOSING, _closing_rows(found)),
            "seasons": seasons,
            CUT: cut,
        },
        data_version=cut_version(repr((found.accounts, found.against_closing)), cut),
    )


def _account_rows(found: MarketTables) -> list[tuple[object, ...]]:
    rows = [(each, each.returns) for each in found.accounts if each.slice == "all"]
    return [
        (
            *(each.model, each.line, f"> {each.edge:.0%}", got.matches, got.bets, round(got.profit, 1)),
            *map(_rounded, (got.roi, got.roi_low, got.roi_high, got.max_drawdown)),
            *map(_rounded, (got.kelly_roi, got.kelly_roi_low, got.kelly_roi_high)),
            _rounded(None if got.kelly_growth is None else 1 + got.kelly_growth),
        )
        for each, got in rows
    ]


def _closing_rows(found: MarketTables) -> list[tuple[object, ...]]:
    return [
        (row.model, row.result.n, *map(_rounded, (row.log_loss, row.closing_log_loss, *_bounds(row))))
        for row in found.against_closing
        if row.slice == "all"
    ]


def _bounds(row: tables.AgainstClosing) -> tuple[float, float, float]:
    return row.result.difference, row.result.low, row.result.high


def _rounded(number: float | None) -> object:
    return "none" if number is None else round(number, 4)


@dg.asset_check(asset=market)
def nobody_beats_the_closing_line(warehouse: Warehouse) -> dg.AssetCheckResult:
    """A champion without odds that does so by more than the leak margin is a leak until proven, and every claimed edge
    has its account: what bets lost cannot go missing."""
    with warehouse.connect() as connection:
        problems = market_problems(connection)
    return dg.AssetCheckResult(
        passed=not problems,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"problems": ", ".join(problems) or "none"},
    )
