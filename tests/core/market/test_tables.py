"""The market tables in a real database: who is accounted for, that a rerun changes nothing, what is not believed."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import psycopg
import pytest

from footpred_dagster.core.evaluation import holdout_log
from footpred_dagster.core.market.accounts import EDGES, LINES, Account, Returns
from footpred_dagster.core.market.tables import against_closing, in_words, market_problems, tabulate_market
from footpred_dagster.core.registry import promotions
from footpred_dagster.core.statistics.scoring_rules import PROBABILITIES
from footpred_dagster.core.training import train
from tests.support.features import judged_history

SUMMER = datetime(2025, 7, 1, tzinfo=UTC)
FINAL = ("2023-24", "2024-25")
TABLES = ("predictions.market_roi", "predictions.closing_line")


@pytest.fixture
def history() -> pd.DataFrame:
    """Favourites at short odds, one match in seven without a closing price."""
    frame, chance = judged_history(), np.random.default_rng(1)
    for line in LINES:
        prices = 1 / (chance.dirichlet((8, 6, 6), len(frame)) * 1.05)
        for place, side in enumerate(("home", "draw", "away")):
            frame[f"{line}_odds_{side}"] = prices[:, place]
    frame.loc[::7, "closing_odds_draw"] = 0.0
    return frame


@pytest.fixture
def trained(connection: psycopg.Connection, archive, history) -> psycopg.Connection:
    """A champion by Elo and the base rate beside it."""
    train.train(connection, archive, "base_rate", history, SUMMER)
    fit = train.train(connection, archive, "elo_logit", history, SUMMER)
    promotions.promote(connection, fit.version, as_of=SUMMER, actor="test", because="somebody must")
    return connection


def stored(connection: psycopg.Connection) -> list[list[tuple[object, ...]]]:
    return [connection.execute(f"select * from {table} order by 1, 2, 3, 4, 5").fetchall() for table in TABLES]


def knowing(history: pd.DataFrame, share: float) -> pd.DataFrame:
    happened = np.eye(3)[history["outcome"].to_numpy()]
    return pd.DataFrame((1 - share) / 3 + share * happened, index=history.index, columns=PROBABILITIES)


def test_every_model_is_accounted_for_and_the_champion_by_season_and_league_too(trained, history):
    found = tabulate_market(trained, history, SUMMER)
    assert (found.champion, found.judged.final) == ("elo_logit", FINAL)
    roi, lines = stored(trained)
    assert len(roi) == len(found.accounts)
    keys = {row[:5] for row in roi}
    for model in ("elo_logit", "base_rate"):
        assert {(model, line, edge, "all", "all") for line in LINES for edge in EDGES} <= keys
    assert {key[3:] for key in keys if key[0] == "elo_logit"} >= {("season", "2024-25"), ("league", "top5")}
    assert {key[3] for key in keys if key[0] == "base_rate"} == {"all"}
    assert {row[0] for row in lines} == {"elo_logit", "market_opening"}
    row = trained.execute(
        "select matches, bets, profit, roi, roi_low, kelly_growth from predictions.market_roi "
        "where (model, line, edge, slice) = ('elo_logit', 'closing', 0.05, 'all')"
    ).fetchone()
    (account,) = [a for a in found.accounts if (a.model, a.line, a.edge, a.slice) == (*_key("closing", 0.05), "all")]
    got = account.returns
    assert row == (got.matches, got.bets, got.profit, got.roi, got.roi_low, got.kelly_growth)
    assert got.bets > 0


def _key(line: str, edge: float) -> tuple[str, str, float]:
    return "elo_logit", line, edge


def test_a_rerun_leaves_the_same_rows_and_every_run_is_a_look_at_the_final_window(trained, history):
    tabulate_market(trained, history, SUMMER)
    first = stored(trained)
    tabulate_market(trained, history, SUMMER)
    assert stored(trained) == first
    assert holdout_log.looks(trained, FINAL) == 2


def test_a_model_no_longer_trained_leaves_the_table(trained, history):
    tabulate_market(trained, history, SUMMER)
    trained.execute("delete from models.walk_forward where model = 'base_rate'")
    tabulate_market(trained, history, SUMMER)
    assert {row[0] for row in stored(trained)[0]} == {"elo_logit"}


def test_before_anything_is_trained_or_complete_there_is_nothing_to_tell_and_nothing_wrong(connection, history):
    found = tabulate_market(connection, history, SUMMER)
    assert (found.champion, found.accounts) == (None, [])
    assert {row.model for row in found.against_closing} == {"market_opening"}
    assert market_problems(connection) == []
    early = tabulate_market(connection, history[history["season"] == "2018-19"], SUMMER)
    assert (early.judged.final, early.against_closing) == ((), [])
    assert holdout_log.looks(connection, FINAL) == 1


def test_a_match_with_a_broken_quote_stays_in_no_line_and_in_no_account(trained, history):
    found = tabulate_market(trained, history, SUMMER)
    final = history[history["season"].isin(FINAL)]
    sound = int((final["closing_odds_draw"] > 1).sum())
    matches = {a.line: a.returns.matches for a in found.accounts if a.model == "elo_logit" and a.slice == "all"}
    assert matches == {"opening": len(final), "closing": sound}
    assert {row.result.n for row in found.against_closing if row.slice == "all"} == {sound}


def test_an_account_that_went_missing_is_a_problem(trained, history):
    tabulate_market(trained, history, SUMMER)
    trained.execute("delete from predictions.market_roi where edge = 0.2 and line = 'closing'")
    assert "no account of elo_logit at closing odds above an edge of 20%" in market_problems(trained)
    trained.execute("delete from predictions.closing_line")
    assert len(market_problems(trained)) == 1


def test_a_champion_that_beats_the_closing_line_by_more_than_the_margin_is_a_leak(trained, history):
    tabulate_market(trained, history, SUMMER)
    beaten = "update predictions.closing_line set rps = closing_rps - %s where model = 'elo_logit' and slice = 'all'"
    trained.execute(beaten, [0.0019])
    assert market_problems(trained) == []
    trained.execute(beaten, [0.0021])
    assert market_problems(trained) == ["elo_logit beats the closing line by 0.0021 RPS: a leak until proven"]


def test_forecasts_are_compared_with_the_closing_line_on_the_same_matches(history):
    found = against_closing({"seer": knowing(history, 0.5)}, history, FINAL)
    seer, opening = (next(r for r in found if (r.model, r.slice) == (m, "all")) for m in ("seer", "market_opening"))
    assert seer.result.difference == pytest.approx(seer.closing_log_loss - seer.log_loss)
    assert seer.result.low > 0
    assert (seer.result.n, seer.closing_log_loss) == (opening.result.n, opening.closing_log_loss)


def test_a_forecast_that_gave_what_happened_no_chance_has_no_row(history):
    certain = pd.DataFrame([[1.0, 0.0, 0.0]] * len(history), index=history.index, columns=PROBABILITIES)
    assert {row.model for row in against_closing({"sure": certain}, history, FINAL)} == {"market_opening"}


def test_a_loss_is_called_a_loss_and_a_gain_tells_how_deep_it_was_down():
    lost = Account("stack", "closing", 0.05, "all", "all", Returns(9, 4, 4.0, -1.25, -0.3125, -0.5, 0.1, 2.5))
    assert in_words(lost) == (
        "stack's claims above 5% at closing odds lost 1.2 units of 4 staked (-31.2%, 95 % from -50.0% to +10.0%), "
        "at worst 2.5 units down"
    )
    won = Account("stack", "closing", 0.0, "all", "all", Returns(9, 2, 2.0, 0.5, 0.25, max_drawdown=1.0))
    assert in_words(won).endswith("won 0.5 units of 2 staked (+25.0%), at worst 1.0 units down")
    assert in_words(Account("stack", "opening", 0.2, "all", "all", Returns(9))).endswith("20% at opening odds: no bets")
