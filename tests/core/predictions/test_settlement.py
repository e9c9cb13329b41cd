"""Scores join results to sealed rows, never touch either, and add up to the track record."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import psycopg
import pytest
from psycopg.rows import dict_row

from footpred_dagster.core.domain.odds import power_devig
from footpred_dagster.core.domain.scorelines import grid
from footpred_dagster.core.predictions.ledger import seal, verify
from footpred_dagster.core.predictions.settlement import Settled, identify, settle, settlement_cut
from footpred_dagster.core.predictions.track_record import settled_predictions, store
from tests.support.sealed import live, replay
from tests.support.settled import KICKOFF, LATER, play, stub_warehouse

ODDS = (2.0, 3.4, 4.2)


@pytest.fixture
def warehouse(connection: psycopg.Connection) -> psycopg.Connection:
    stub_warehouse(connection)
    return connection


def scores(connection: psycopg.Connection) -> list[dict]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute("select * from predictions.scores order by seq, revision").fetchall()


def test_a_played_match_scores_its_sealed_rows_with_the_closing_line_beside_them(warehouse):
    seal(warehouse, [replay(), replay(model_name="base_rate", role="challenger"), replay(match_id="unplayed")])
    play(warehouse, "m1", 2, 1, odds=ODDS)
    identify(warehouse)  # as sealing a batch does
    assert settlement_cut(warehouse, LATER) == "2 to settle"
    assert settle(warehouse, LATER) == Settled(first=2, corrected=0)
    assert settlement_cut(warehouse, LATER) == "0 to settle"
    row = scores(warehouse)[0]
    assert (row["seq"], row["revision"], row["outcome"], row["hit"], row["lead_hours"]) == (1, 1, 0, True, 14)
    assert row["log_loss"] == pytest.approx(-math.log(0.5))
    assert row["rps"] == pytest.approx((0.5**2 + 0.2**2) / 2)
    assert row["brier"] == pytest.approx(0.5**2 + 0.3**2 + 0.2**2)
    assert row["closing_log_loss"] == pytest.approx(-math.log(power_devig(np.array([ODDS]))[0, 0]))


def test_settling_again_adds_nothing(warehouse):
    seal(warehouse, [replay()])
    play(warehouse, "m1", 0, 0)
    settle(warehouse, LATER)
    before = scores(warehouse)
    assert settle(warehouse, LATER) == Settled(0, 0)
    assert scores(warehouse) == before
    assert before[0]["closing_log_loss"] is None


def test_a_match_is_not_scored_before_the_clock_has_passed_its_kickoff(warehouse):
    seal(warehouse, [replay()])
    play(warehouse, "m1", 0, 0)
    assert settle(warehouse, KICKOFF) == Settled(0, 0)
    assert settle(warehouse, KICKOFF + timedelta(minutes=1)) == Settled(1, 0)


def test_an_abandoned_match_scores_nothing(warehouse):
    seal(warehouse, [replay()])
    play(warehouse, "m1", None, None)
    assert settle(warehouse, LATER) == Settled(0, 0)


@pytest.mark.parametrize(
    "change", ["home_goals = 0, outcome = 1", "home_goals = 3", "closing_odds_home = 1.9", "closing_odds_home = null"]
)
def test_a_corrected_result_or_price_adds_a_revision_and_the_ledger_stays(warehouse, change):
    seal(warehouse, [replay()])
    play(warehouse, "m1", 1, 0, odds=ODDS)
    settle(warehouse, LATER)
    sealed = verify(warehouse)
    warehouse.execute(f"update intermediate.int_matches set {change}".encode())
    assert settle(warehouse, LATER) == Settled(0, 1)
    first, second = scores(warehouse)
    assert (first["revision"], second["revision"], first["home_goals"]) == (1, 2, 1)
    assert verify(warehouse) == sealed
    assert warehouse.execute("select revision from predictions.latest_scores").fetchall() == [(2,)]
    assert settle(warehouse, LATER) == Settled(0, 0)


AWARDED = "update intermediate.int_matches set status = 'awarded'"
VOID = "update intermediate.int_matches set status = 'void', match_id = 'void', home_goals = null, away_goals = null"
"""An annulled match, and one that the file no longer gives a score, have an id of their own."""
RULED = f"""
    insert into intermediate.match_rulings
    values ('E0', '2023-24', '{KICKOFF.date()}', 'm1 home', 'm1 away', 'void', null, null, 'list', 'why', 'where');
    delete from intermediate.int_matches
"""
"""Annulled by a ruling, and no longer in the file."""


@pytest.mark.fault(48, "a match is voided or awarded after scoring")
@pytest.mark.parametrize("became", [AWARDED, VOID, RULED], ids=["awarded", "void", "ruled"])
def test_a_match_that_was_not_played_after_all_loses_its_score_and_gets_it_back_when_it_was(warehouse, became):
    seal(warehouse, [replay()])
    play(warehouse, "m1", 1, 0, odds=ODDS)
    settle(warehouse, LATER)
    sealed = verify(warehouse)
    warehouse.execute("create table as_it_was as select * from intermediate.int_matches")
    warehouse.execute(became.encode())
    assert settlement_cut(warehouse, LATER) == "1 to settle"
    assert settle(warehouse, LATER) == Settled(0, 0, withdrawn=1)
    assert settle(warehouse, LATER) == Settled(0, 0)
    assert warehouse.execute("select * from predictions.latest_scores").fetchall() == []
    assert settled_predictions(warehouse, LATER).empty
    assert [(row["revision"], row["withdrawn"]) for row in scores(warehouse)] == [(1, False), (2, True)]
    warehouse.execute("delete from intermediate.match_rulings")
    warehouse.execute("delete from intermediate.int_matches")
    warehouse.execute("insert into intermediate.int_matches select * from as_it_was")
    assert settle(warehouse, LATER) == Settled(0, 1)
    assert len(settled_predictions(warehouse, LATER)) == 1
    assert verify(warehouse) == sealed


@pytest.mark.parametrize(
    "of_others",
    [
        "insert into intermediate.int_matches select 'void', league, season, 'c', 'd', 'void', kickoff from as_it_was",
        "insert into intermediate.int_matches select 'void', league, season, away_id, home_id, 'void', kickoff "
        "from as_it_was",
        "insert into intermediate.match_rulings select league, season, kickoff::date, 'c', 'd', 'void', null, null, "
        "'list', 'why', 'where' from as_it_was",
    ],
    ids=["other clubs", "return match", "ruling on others"],
)
def test_a_match_that_is_gone_for_a_while_keeps_its_score(warehouse, of_others):
    """As one whose season is held back; what became of other matches of that day says nothing of it."""
    seal(warehouse, [replay()])
    play(warehouse, "m1", 1, 0, odds=ODDS)
    settle(warehouse, LATER)
    warehouse.execute("create table as_it_was as select * from intermediate.int_matches")
    warehouse.execute("delete from intermediate.int_matches")
    warehouse.execute(of_others.encode())
    assert settle(warehouse, LATER) == Settled(0, 0)


@pytest.mark.parametrize(
    "statement",
    ["update predictions.scores set hit = false", "delete from predictions.scores", "truncate predictions.scores"],
)
def test_scores_are_never_rewritten(warehouse, statement):
    with pytest.raises(psycopg.errors.RestrictViolation):
        warehouse.execute(statement.encode())


def record(connection: psycopg.Connection) -> dict[tuple, dict]:
    store(connection, settled_predictions(connection, LATER))
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute("select * from predictions.track_record").fetchall()
    return {(row["kind"], row["model"], row["slice"], row["value"]): row for row in rows}


def test_the_last_prediction_before_kickoff_counts_and_each_lead_time_has_its_own(warehouse):
    early, late = KICKOFF - timedelta(days=5), KICKOFF - timedelta(hours=3)
    wide = {"p_home": 0.4, "p_draw": 0.3, "p_away": 0.3, "feature_hash": "b" * 16}
    seal(warehouse, [replay(as_of=late), replay(as_of=early, **wide)])  # sealed in the wrong order on purpose
    play(warehouse, "m1", 1, 0)
    settle(warehouse, LATER)
    found = record(warehouse)
    assert found["replay", "champion", "all", "all"]["log_loss"] == pytest.approx(-math.log(0.5))
    assert found["replay", "champion", "lead", "under 1 day"]["log_loss"] == pytest.approx(-math.log(0.5))
    assert found["replay", "champion", "lead", "3 to 7 days"]["log_loss"] == pytest.approx(-math.log(0.4))
    assert ("replay", "champion", "lead", "1 to 3 days") not in found


def crown(connection: psycopg.Connection, name: str, at: datetime) -> None:
    connection.execute(
        """
        insert into models.versions (name, version, fingerprint, artifact_sha256, as_of, training_rows, profile)
        values (%s, 1, 'f', %s, now(), 1, 'production') on conflict do nothing
        """,
        [name, name],
    )
    connection.execute(
        """
        insert into models.promotions (decided_at, as_of, name, version, decision, reasons)
        values (%s, %s, %s, 1, 'promoted', '{}')
        """,
        [at, at, name],
    )


def test_credit_goes_to_the_champion_in_force_at_the_kickoff(warehouse):
    """After a return to an earlier champion its rows stand as they were sealed: none is sealed again for it."""
    now = datetime.now(UTC)
    crown(warehouse, "elo_logit", now - timedelta(days=1))
    crown(warehouse, "base_rate", now)
    crown(warehouse, "elo_logit", now + timedelta(days=2))
    for number, days in enumerate((1, 3)):
        match = {"match_id": f"m{number}", "kickoff": now + timedelta(days=days)}
        seal(warehouse, [live(**match), live(**match, model_name="base_rate", p_home=0.4, p_draw=0.4)])
        play(warehouse, f"m{number}", 1, 0, kickoff=match["kickoff"])
    settle(warehouse, now + timedelta(days=9))
    store(warehouse, settled_predictions(warehouse, now + timedelta(days=9)))
    rows = warehouse.execute(
        "select n, log_loss from predictions.track_record where (kind, model, slice) = ('live', 'champion', 'all')"
    ).fetchall()
    assert rows == [(2, pytest.approx(-(math.log(0.4) + math.log(0.5)) / 2))]


def test_shadows_and_market_are_compared_on_the_champions_matches_alone(warehouse):
    rival = {"model_name": "base_rate", "role": "challenger", "p_home": 0.4, "p_draw": 0.3, "p_away": 0.3}
    for number in range(30):
        kickoff = KICKOFF - timedelta(weeks=number)
        seal(warehouse, [replay(match_id=f"m{number}", kickoff=kickoff)])
        seal(warehouse, [replay(match_id=f"m{number}", kickoff=kickoff, **rival)])
        play(warehouse, f"m{number}", 1, 0, odds=ODDS if number else None, kickoff=kickoff)
    seal(warehouse, [replay(match_id="alone", **rival)])
    play(warehouse, "alone", 0, 5, odds=ODDS)
    settle(warehouse, LATER)
    found = record(warehouse)
    base, market = (found["replay", model, "all", "all"] for model in ("base_rate", "market_closing"))
    assert (base["n"], market["n"], found["replay", "champion", "all", "all"]["n"]) == (30, 29, 30)
    assert base["against"] == pytest.approx(math.log(0.5 / 0.4))
    assert base["against_low"] <= base["against"] <= base["against_high"]
    assert (base["weeks"], base["low"] <= base["log_loss"] <= base["high"]) == (30, True)
    month = found["replay", "base_rate", "month", f"{KICKOFF:%Y-%m}"]
    assert month["weeks"] < 6
    assert month["against"] == pytest.approx(base["against"])
    assert [month[name] for name in ("low", "high", "against_low", "against_high")] == [None] * 4
    assert {value for _, _, name, value in found if name == "phase"} == {"first three", "last five"}
    assert {value for _, _, name, value in found if name == "season"} == {"2023-24"}


def test_reliability_is_stored_with_intervals_that_hold_what_was_observed(warehouse):
    for number in range(8):
        seal(warehouse, [replay(match_id=f"m{number}")])
        play(warehouse, f"m{number}", 1, 0 if number % 2 else 1)
    settle(warehouse, LATER)
    record(warehouse)
    rows = warehouse.execute("select bin, n, observed, low, high from predictions.reliability order by bin").fetchall()
    assert [(bin, n, observed) for bin, n, observed, _, _ in rows] == [(2, 8, 0.0), (3, 8, 0.5), (5, 8, 0.5)]
    assert all(low <= observed <= high for _, _, observed, low, high in rows)


def test_with_nothing_settled_the_record_is_empty(warehouse):
    seal(warehouse, [replay()])
    assert record(warehouse) == {}


def test_a_result_known_only_after_the_clock_is_not_in_the_record(warehouse):
    seal(warehouse, [replay()])
    play(warehouse, "m1", 1, 0)
    settle(warehouse, LATER)
    assert len(settled_predictions(warehouse, KICKOFF)) == 0
    assert len(settled_predictions(warehouse, datetime.now(UTC))) == 1


def test_a_sealed_grid_is_scored_by_the_exact_scoreline_as_reconciled_to_what_was_sealed(warehouse):
    rates = {"rate_home": 1.4, "rate_away": 1.1, "rate_correction": -0.05}
    seal(warehouse, [replay(**rates), replay(match_id="m2")])
    for match_id in ("m1", "m2"):
        play(warehouse, match_id, 2, 1)
    settle(warehouse, LATER)
    cells = grid(np.array([[1.4, 1.1]]), -0.05, np.array([[0.5, 0.3, 0.2]]))
    assert [row["goals_log_loss"] for row in scores(warehouse)] == [pytest.approx(-math.log(cells[0, 2, 1])), None]
