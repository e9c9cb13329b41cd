"""Which match settles a sealed prediction: the one of its clubs that it was made for, whatever numbers say."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from footpred_dagster.core.predictions.ledger import seal, verify
from footpred_dagster.core.predictions.settlement import MOVED, Settled, identify, settle, settlement_cut, unscored
from tests.support.sealed import live, replay
from tests.support.settled import KICKOFF, LATER, play, stub_warehouse

NOT_PLAYED = "its clubs did not play within 14 days of it, after it was made, or the match does not count"
NINE_MONTHS = timedelta(days=270)


@pytest.fixture
def warehouse(connection: psycopg.Connection) -> psycopg.Connection:
    stub_warehouse(connection)
    return connection


def rename(connection: psycopg.Connection, match_id: str, other: str) -> None:
    """Another id for a match of the same clubs, as a shifted meeting number gives."""
    for table in ("intermediate.int_matches", "features.fct_match_features"):
        connection.execute(f"update {table} set match_id = %s where match_id = %s".encode(), [other, match_id])


def scored(connection: psycopg.Connection) -> list[tuple[int, int]]:
    return connection.execute("select home_goals, away_goals from predictions.latest_scores order by seq").fetchall()


def test_a_row_added_before_a_sealed_match_does_not_take_its_score(warehouse):
    """Meeting numbers shift when a file is completed: the id of the sealed match is then that of an earlier one."""
    seal(warehouse, [replay()])
    play(warehouse, "m1", 1, 3)
    settle(warehouse, LATER)
    rename(warehouse, "m1", "meeting 2")
    play(warehouse, "m1", 0, 0, kickoff=KICKOFF - NINE_MONTHS)
    warehouse.execute("update intermediate.int_matches set home_id = 'm1 home', away_id = 'm1 away'")
    assert settle(warehouse, LATER) == Settled(0, 0)
    assert scored(warehouse) == [(1, 3)]


def test_a_score_of_another_occasion_is_replaced_by_that_of_the_right_one(warehouse):
    seal(warehouse, [replay()])
    play(warehouse, "m1", 0, 0)
    settle(warehouse, LATER)
    sealed = verify(warehouse)
    warehouse.execute("update intermediate.int_matches set kickoff = kickoff - interval '9 months'")
    assert settle(warehouse, LATER) == Settled(0, 0, withdrawn=1), "it was never played on the day it was made for"
    assert unscored(warehouse, LATER) == {NOT_PLAYED: 1}
    play(warehouse, "meeting 2", 1, 3)
    warehouse.execute("update intermediate.int_matches set home_id = 'm1 home', away_id = 'm1 away'")
    assert settle(warehouse, LATER) == Settled(0, 1)
    assert scored(warehouse) == [(1, 3)]
    assert verify(warehouse) == sealed


@pytest.mark.parametrize(
    ("moved", "settled"),
    [(timedelta(0), 1), (MOVED, 1), (MOVED + timedelta(seconds=1), 0), (-timedelta(hours=13), 1), (-MOVED, 0)],
)
def test_a_match_that_moved_is_the_same_occasion_within_two_weeks_and_after_the_prediction(warehouse, moved, settled):
    seal(warehouse, [replay()])  # made fourteen hours before its kickoff
    play(warehouse, "m1", 1, 0, kickoff=KICKOFF + moved)
    assert settle(warehouse, LATER).first == settled


def test_a_live_row_is_not_settled_by_a_match_that_began_before_it_was_sealed(warehouse):
    now = datetime.now(UTC)
    seal(warehouse, [live(kickoff=now + timedelta(days=1))])
    play(warehouse, "m1", 1, 0, kickoff=now - timedelta(minutes=5))
    assert settle(warehouse, now + timedelta(days=2)) == Settled(0, 0)
    assert unscored(warehouse, now + timedelta(days=30)) == {NOT_PLAYED: 1}


def test_a_result_without_a_time_of_day_is_of_the_kickoff_that_was_predicted(warehouse):
    evening = KICKOFF.replace(hour=19)
    seal(warehouse, [replay(kickoff=evening, as_of=evening - timedelta(hours=2))])
    play(warehouse, "m1", 1, 0, kickoff=KICKOFF.replace(hour=14))
    assert settle(warehouse, LATER) == Settled(0, 0), "it began before the prediction was made"
    warehouse.execute("update intermediate.int_matches set kickoff_known = false")
    assert settle(warehouse, LATER) == Settled(1, 0)


def test_the_nearest_of_two_meetings_settles(warehouse):
    seal(warehouse, [replay()])
    play(warehouse, "m1", 4, 4, kickoff=KICKOFF + timedelta(days=9))
    play(warehouse, "m2", 1, 0, kickoff=KICKOFF + timedelta(hours=2))
    warehouse.execute("update intermediate.int_matches set home_id = 'm1 home', away_id = 'm1 away'")
    settle(warehouse, LATER)
    assert scored(warehouse) == [(1, 0)]


def test_what_was_sealed_under_a_former_id_is_settled_under_the_clubs_own(warehouse):
    seal(warehouse, [replay()])
    warehouse.execute("insert into predictions.sealed_matches values ('m1', 'E0', '2023-24', 'm1 home', 'foo town')")
    play(warehouse, "m1 of today", 2, 0)
    warehouse.execute("update intermediate.int_matches set home_id = 'm1 home', away_id = 'known'")
    assert settle(warehouse, LATER) == Settled(0, 0)
    warehouse.execute("insert into predictions.club_merges (former_id, team_id) values ('foo town', 'known')")
    assert settle(warehouse, LATER) == Settled(1, 0)


def test_rows_of_a_match_that_nobody_knows_any_more_are_counted_with_that_reason(warehouse):
    seal(warehouse, [replay()])
    assert settle(warehouse, LATER) == Settled(0, 0)
    assert unscored(warehouse, LATER) == {"the clubs of the match are not known": 1}
    assert unscored(warehouse, KICKOFF + MOVED) == {}


def test_a_run_as_of_an_earlier_instant_takes_no_score_away(warehouse):
    seal(warehouse, [replay()])
    play(warehouse, "m1", 1, 0)
    settle(warehouse, LATER)
    assert settle(warehouse, KICKOFF - timedelta(days=30)) == Settled(0, 0)
    assert settlement_cut(warehouse, KICKOFF - timedelta(days=30)) == "0 to settle"
    assert scored(warehouse) == [(1, 0)]


def test_two_that_settle_at_once_both_identify_the_matches(warehouse, database_url):
    seal(warehouse, [replay()])
    play(warehouse, "m1", 1, 0)
    warehouse.commit()
    with psycopg.connect(database_url) as first, ThreadPoolExecutor(1) as pool:
        identify(first)
        second = pool.submit(identify, warehouse)
        time.sleep(0.2)
        first.commit()
        second.result(10)


def test_a_fixture_is_identified_before_it_is_played(warehouse):
    seal(warehouse, [replay()])
    warehouse.execute("insert into intermediate.int_fixtures values ('m1', 'E0', '2023-24', 'a', 'b')")
    identify(warehouse)
    assert warehouse.execute("select home_id, away_id from predictions.sealed_matches").fetchall() == [("a", "b")]
