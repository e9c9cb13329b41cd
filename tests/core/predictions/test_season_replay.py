"""A replayed season is predicted as it would have been, scored as the evaluator does, and goes on where it stopped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import psycopg
import pytest

from footpred_dagster.core.evaluation.scores import evaluate
from footpred_dagster.core.evaluation.walk_forward import predictions_for
from footpred_dagster.core.predictions.ledger import verify
from footpred_dagster.core.predictions.season_replay import (
    NothingToReplay,
    matchdays,
    play,
    prepare,
    replay_scores,
    sealed_matches,
)
from footpred_dagster.core.predictions.settlement import settle
from footpred_dagster.core.registry import versions
from tests.support.features import judged_history
from tests.support.settled import play as result
from tests.support.settled import stub_warehouse

SEASON, LEAGUES = "2023-24", ("E0", "D1", "SC3")
LATER = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    history = judged_history().assign(kickoff=lambda frame: frame["kickoff"] + timedelta(hours=15))
    return history.assign(latest_input=history["kickoff"] - timedelta(days=7))


def replayed(connection, archive, frame, recipe="elo_logit"):
    """Everything played, settled; how many rows each matchday gave."""
    replay = prepare(connection, archive, frame, recipe, SEASON, LEAGUES, "champion")
    sealed = [play(connection, replay, day) for day in replay.matchdays]
    return replay, sealed


def settled(connection: psycopg.Connection, frame: pd.DataFrame) -> None:
    stub_warehouse(connection)
    for row in frame[frame["season"] == SEASON].to_dict("records"):
        goals = [(2, 1), (1, 1), (0, 3)][row["outcome"]]
        result(connection, row["match_id"], *goals, kickoff=row["kickoff"].to_pydatetime())
    settle(connection, LATER)


@pytest.mark.parametrize("recipe", ["elo_logit", "stack"])
def test_scores_are_those_of_the_evaluator_to_the_last_digits(connection, archive, frame, recipe):
    replay, _ = replayed(connection, archive, frame, recipe)
    settled(connection, frame)
    found = replay_scores(connection, replay)
    predictions = predictions_for([recipe], frame, [SEASON])
    (expected,) = evaluate(predictions, frame, [SEASON], {"these": LEAGUES})
    assert found
    assert found.n == expected.scores.n > 15
    assert (found.rps, found.log_loss) == pytest.approx((expected.scores.rps, expected.scores.log_loss), abs=1e-12)


def test_every_row_lies_before_its_kickoff_and_after_its_inputs_and_the_chain_holds(connection, archive, frame):
    replay, sealed = replayed(connection, archive, frame)
    rows = connection.execute(
        "select match_id, kind, latest_input < as_of and as_of < kickoff, as_of::time from predictions.ledger"
    ).fetchall()
    assert {row[1:] for row in rows} == {("replay", True, datetime(2000, 1, 1).time())}
    assert len(rows) == sum(sealed) == sum(len(day.matches) for day in replay.matchdays)
    assert verify(connection).ok


def test_neither_the_seasons_own_results_nor_later_ones_reach_a_prediction(connection, archive, frame):
    """Forbids fitting on the season, and reading the result of the match itself."""
    replayed(connection, archive, frame)
    query = "select match_id, p_home from predictions.ledger order by match_id"
    before = connection.execute(query).fetchall()
    connection.rollback()
    other = frame.copy()
    later = other["season"] >= SEASON
    other.loc[later, ["outcome", "home_goals", "away_goals"]] = [2, 0, 9]
    replayed(connection, archive, other)
    assert connection.execute(query).fetchall() == before


def test_it_goes_on_where_it_stopped_and_again_adds_nothing(connection, archive, frame):
    replay = prepare(connection, archive, frame, "elo_logit", SEASON, LEAGUES, "champion")
    for day in replay.matchdays[:5]:
        play(connection, replay, day)
    again = prepare(connection, archive, frame, "elo_logit", SEASON, LEAGUES, "champion")
    assert again.version == replay.version
    done = sealed_matches(connection, again)
    assert done == {match for day in replay.matchdays[:5] for match in day.matches["match_id"]}
    assert [play(connection, again, day) for day in again.matchdays[:6]] == [0] * 5 + [len(again.matchdays[5].matches)]


def test_a_replayed_fit_stands_for_nobody_and_a_production_fit_of_the_same_may(connection, archive, frame):
    replay = prepare(connection, archive, frame, "base_rate", SEASON, LEAGUES, "champion")
    assert replay.version.profile == "replay"
    assert versions.candidate(connection, "base_rate") is None
    history = frame[frame["season"] < SEASON]
    same = versions.register(connection, archive, replay.model, history, as_of=LATER)
    assert (same.version, same.profile) == (replay.version.version, "production")
    assert prepare(connection, archive, frame, "base_rate", SEASON, LEAGUES, "champion").version.profile == "production"


@pytest.mark.parametrize(("season", "leagues"), [("2031-32", LEAGUES), ("2018-19", LEAGUES), (SEASON, ("EC9",))])
def test_what_cannot_be_replayed_is_said_with_the_way_out(connection, archive, frame, season, leagues):
    with pytest.raises(NothingToReplay, match="footpred run"):
        prepare(connection, archive, frame, "elo_logit", season, leagues, "champion")


def test_a_matchday_is_a_uk_date_on_which_a_league_plays():
    late = pd.Timestamp("2024-04-01T22:30Z")  # the same British day, in summer time
    after = pd.Timestamp("2024-04-01T23:30Z")  # half past midnight
    played = pd.DataFrame({"kickoff": [after, late, late], "league": ["E0", "E0", "D1"], "match_id": list("abc")})
    found = [(str(day.day), day.league, day.matches["match_id"].tolist()) for day in matchdays(played)]
    assert found == [("2024-04-01", "D1", ["c"]), ("2024-04-01", "E0", ["b"]), ("2024-04-02", "E0", ["a"])]


def test_probabilities_are_the_native_models_to_the_last_bit(connection, archive, frame):
    replay, _ = replayed(connection, archive, frame)
    rows = connection.execute("select match_id, p_home, p_draw, p_away from predictions.ledger").fetchall()
    stored = {match: np.array(given) for match, *given in rows}
    for day in replay.matchdays:
        for match, given in zip(day.matches["match_id"], replay.model.predict_proba(day.matches), strict=True):
            assert (stored[match] == given).all()


def test_a_stack_seals_its_scoreline_grid_and_reasons_that_add_up_to_its_log_odds(connection, archive, frame):
    replayed(connection, archive, frame, "stack")
    rows = connection.execute("select ln(p_home / p_away), reasons, rate_home from predictions.ledger").fetchall()
    assert all(sum(reasons.values()) == pytest.approx(odds, abs=1e-6) for odds, reasons, _ in rows)
    assert all(rate and 0 < rate < 8 for _, _, rate in rows)
