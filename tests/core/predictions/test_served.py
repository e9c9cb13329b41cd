"""What is served of a match: the champion's newest sealed row, told to listeners when it changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg.rows import dict_row

from footpred_dagster.core.predictions.ledger import Prediction, seal
from footpred_dagster.core.predictions.served import KEPT_DAYS, SERVED_CHANNEL, archive_played, mark_listed, serve
from tests.support.sealed import live

FIXTURES = """
    create table intermediate.int_fixtures (
        match_id text, league text, season text, kickoff timestamptz, kickoff_known boolean, home_id text,
        home_name text, away_id text, away_name text, opening_odds_home float8, opening_odds_draw float8,
        opening_odds_away float8
    )
"""
KICKOFF = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)


@pytest.fixture
def fixtures(connection: psycopg.Connection) -> psycopg.Connection:
    """Two listed fixtures, one of them without odds."""
    connection.execute(FIXTURES)
    for match_id, odds in (("m1", 2.0), ("m2", None)):
        row = [match_id, "E0", "2025-26", KICKOFF, True, "arsenal", "Arsenal", "leeds", "Leeds", odds, odds, odds]
        connection.execute(
            f"insert into intermediate.int_fixtures values ({', '.join(['%s'] * len(row))})".encode(), row
        )
    connection.commit()
    return connection


def prediction(match_id: str = "m1", **changes) -> Prediction:
    return live(match_id=match_id, kickoff=KICKOFF, **changes)


def publish(connection: psycopg.Connection, *predictions: Prediction) -> int:
    seal(connection, predictions)
    return serve(connection, predictions)


def served(connection: psycopg.Connection) -> dict[str, dict]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return {row["match_id"]: row for row in cursor.execute("select * from predictions.served")}


def test_a_sealed_prediction_is_served_with_names_and_odds(fixtures):
    reasons = {"form": 0.1}
    assert publish(fixtures, prediction(reasons=reasons), prediction("m2")) == 2
    found = served(fixtures)
    assert (found["m1"]["seq"], found["m1"]["home_name"], found["m1"]["odds_draw"]) == (1, "Arsenal", 2.0)
    assert (found["m1"]["reasons"], found["m2"]["reasons"], found["m2"]["odds_draw"]) == (reasons, None, None)


def test_the_same_again_changes_nothing(fixtures):
    publish(fixtures, prediction())
    assert publish(fixtures, prediction()) == 0
    assert publish(fixtures) == 0


def test_a_newer_row_takes_the_place_and_a_champion_that_comes_back_brings_its_old_one(fixtures):
    publish(fixtures, prediction())
    assert publish(fixtures, prediction(model_version=2, p_home=0.4, p_away=0.3)) == 1
    assert served(fixtures)["m1"]["seq"] == 2
    assert publish(fixtures, prediction()) == 1
    assert served(fixtures)["m1"]["seq"] == 1


def test_a_replay_is_served_until_there_is_a_live_row_and_never_after(fixtures):
    assert publish(fixtures, prediction(kind="replay")) == 1
    assert publish(fixtures, prediction()) == 1
    assert publish(fixtures, prediction(kind="replay", feature_hash="b" * 16)) == 0
    assert served(fixtures)["m1"]["kind"] == "live"


def test_a_moved_fixture_is_served_with_its_new_kickoff_though_nothing_is_sealed(fixtures):
    publish(fixtures, prediction())
    fixtures.execute("update intermediate.int_fixtures set kickoff = kickoff + interval '1 hour'")
    assert publish(fixtures, prediction()) == 1
    assert served(fixtures)["m1"]["kickoff"] == KICKOFF + timedelta(hours=1)


def test_a_challenger_is_never_served(fixtures):
    assert publish(fixtures, prediction(role="challenger"), prediction("m2", role="market_aware")) == 0
    assert served(fixtures) == {}


@pytest.fixture
def listener(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"listen {SERVED_CHANNEL}")
        yield connection


def test_listeners_hear_of_changes_when_they_are_committed_and_of_nothing_else(fixtures, listener):
    publish(fixtures, prediction(), prediction("m2"))
    assert list(listener.notifies(timeout=0.2)) == []
    fixtures.commit()
    assert [told.payload for told in listener.notifies(timeout=2, stop_after=1)] == ["2"]
    publish(fixtures, prediction(), prediction("m2"))
    fixtures.commit()
    assert list(listener.notifies(timeout=0.2)) == []


def test_a_match_that_vanished_from_the_list_is_marked_until_it_is_listed_again_or_has_a_result(fixtures):
    fixtures.execute("create table intermediate.int_matches (match_id text)")
    publish(fixtures, prediction(), prediction("m2"))
    now = datetime.now(UTC)
    assert mark_listed(fixtures, now) == 0
    fixtures.execute("delete from intermediate.int_fixtures where match_id = 'm1'")
    assert (mark_listed(fixtures, now), mark_listed(fixtures, now)) == (1, 0)
    assert {match_id: row["listed"] for match_id, row in served(fixtures).items()} == {"m1": False, "m2": True}
    fixtures.execute("insert into intermediate.held_seasons values ('E0', '2025-26')")
    fixtures.execute("insert into intermediate.int_matches values ('m1')")
    assert mark_listed(fixtures, now) == 0, "a season that is held back keeps its marks"
    fixtures.execute("truncate intermediate.held_seasons, intermediate.int_matches")
    fixtures.execute("insert into intermediate.int_matches values ('m1')")
    assert mark_listed(fixtures, now) == 1
    fixtures.execute("truncate intermediate.int_fixtures, intermediate.int_matches")
    assert mark_listed(fixtures, KICKOFF) == 0, "what has been is no matter of the list"
    assert mark_listed(fixtures, now) == 2


def test_a_row_of_a_match_played_long_ago_moves_to_the_history_and_no_replay_replaces_it(fixtures):
    publish(fixtures, prediction(p_home=0.5, p_draw=0.3, p_away=0.2), prediction("m2"))
    assert archive_played(fixtures, KICKOFF + timedelta(days=KEPT_DAYS)) == 0
    later = KICKOFF + timedelta(days=KEPT_DAYS, seconds=1)
    assert archive_played(fixtures, later) == 2
    assert (served(fixtures), archive_played(fixtures, later)) == ({}, 0)
    again = prediction(feature_hash="f" * 16, p_home=0.2, p_draw=0.3, p_away=0.5)
    publish(fixtures, again)
    fixtures.execute("update predictions.served set kind = 'replay'")
    assert archive_played(fixtures, later) == 1
    assert ever(fixtures)["m1"] == ("live", 0.5)
    publish(fixtures, again)
    assert archive_played(fixtures, later) == 1
    assert ever(fixtures) == {"m1": ("live", 0.2), "m2": ever(fixtures)["m2"]}


def ever(connection: psycopg.Connection) -> dict[str, tuple[str, float]]:
    rows = connection.execute("select match_id, kind, p_home from predictions.served_ever").fetchall()
    return {match_id: (kind, p_home) for match_id, kind, p_home in rows}
