"""The ledger on a real server: nothing sealed late, nothing sealed twice, nothing changed unseen."""

from __future__ import annotations

import contextlib
import math
import random
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

import psycopg
import pytest

from footpred_dagster.core.predictions.ledger import COLUMNS, feature_hash, seal, still_to_come, stored_rows, verify
from footpred_dagster.core.predictions.ledger_verifier import row_hash
from tests.support.sealed import as_superuser, live, replay

INSERT = f"insert into predictions.ledger ({', '.join(COLUMNS)}) values ({', '.join(['%s'] * len(COLUMNS))})"
MINUTE = timedelta(minutes=1)
now = partial(datetime.now, UTC)


def rows(connection: psycopg.Connection) -> list[dict[str, Any]]:
    with stored_rows(connection) as found:
        return list(found)


@pytest.mark.parametrize(
    "statement",
    [
        "update predictions.ledger set p_home = 0.4, p_away = 0.3",
        "update predictions.ledger set role = 'challenger' where false",
        "delete from predictions.ledger",
        "delete from predictions.ledger where false",
        "truncate predictions.ledger",
        "truncate predictions.ledger, models.promotions",
        "insert into predictions.ledger select * from predictions.ledger "
        "on conflict on constraint ledger_sealed_once do update set p_home = 0.1",
    ],
)
def test_sealed_rows_can_be_neither_changed_nor_removed(connection, statement):
    seal(connection, [live()])
    connection.commit()
    before = rows(connection)
    with pytest.raises(psycopg.errors.RestrictViolation, match="insert-only"):
        connection.execute(statement.encode())
    connection.rollback()
    assert rows(connection) == before


def test_what_the_server_says_of_time_place_and_hash_wins_over_what_the_inserter_says(connection):
    prediction = live()
    forged = [*prediction.values(), 77, datetime(2020, 1, 1, tzinfo=UTC), "forged"]
    before = now()
    connection.execute(
        f"insert into predictions.ledger ({', '.join(COLUMNS)}, seq, sealed_at, hash) "
        f"values ({', '.join(['%s'] * len(forged))})".encode(),
        forged,
    )
    (row,) = rows(connection)
    assert row["seq"] == 1
    assert before - MINUTE < row["sealed_at"] < now() + MINUTE
    assert row["hash"] == row_hash(row, "")


def test_sealed_at_is_the_moment_of_the_row_not_of_a_transaction_held_open(connection):
    """Forbids opening a transaction before kickoff and filling it afterwards."""
    (opened,) = connection.execute("select now()").fetchone()
    connection.execute("select pg_sleep(0.05)")
    seal(connection, [live()])
    assert rows(connection)[0]["sealed_at"] - opened >= timedelta(milliseconds=50)


@pytest.mark.parametrize(
    "changes",
    [
        {"as_of": -11},
        {"as_of": 11},
        {"as_of": -2, "kickoff": -1},
        {"kickoff": -1},
        {"latest_input": 1},
        {"as_of": -60 * 24, "kickoff": -60},
    ],
    ids=["old as_of", "future as_of", "kickoff past", "kickoff before as_of", "input after as_of", "replay"],
)
def test_a_row_that_is_not_live_is_not_sealed_as_live(connection, changes):
    """``changes`` in minutes from now."""
    with pytest.raises(psycopg.errors.CheckViolation):
        seal(connection, [live(**{name: now() + minutes * MINUTE for name, minutes in changes.items()})])


@pytest.mark.parametrize("minutes", [-9, 0, 9])
def test_within_ten_minutes_a_row_is_live(connection, minutes):
    assert seal(connection, [live(as_of=now() + minutes * MINUTE)]) == 1


@pytest.mark.parametrize(
    ("later", "earlier"), [("as_of", "kickoff"), ("latest_input", "as_of"), ("latest_input", "kickoff")]
)
@pytest.mark.parametrize("delay", [timedelta(0), MINUTE])
def test_a_replay_is_refused_unless_inputs_precede_as_of_and_as_of_precedes_kickoff(connection, later, earlier, delay):
    with pytest.raises(psycopg.errors.CheckViolation):
        seal(connection, [replay(**{later: getattr(replay(), earlier) + delay})])


@pytest.mark.parametrize(
    "changes",
    [
        {"p_home": 0.0, "p_draw": 0.5, "p_away": 0.5},
        {"p_home": -0.1, "p_draw": 0.6, "p_away": 0.5},
        {"p_home": 0.6},
        {"p_home": math.nan},
        {"p_home": math.inf},
        {"kind": "backtest"},
        {"role": "smoke"},
    ],
)
def test_what_is_no_prediction_is_refused_by_the_database_itself(connection, changes):
    with pytest.raises(psycopg.errors.CheckViolation):
        seal(connection, [replay(**changes)])


def test_the_same_features_and_model_are_sealed_once(connection):
    assert seal(connection, [live(), live(match_id="m2")]) == 2
    before = rows(connection)
    assert seal(connection, [live(p_home=0.2, p_away=0.5), live(match_id="m3")]) == 1
    assert rows(connection)[:2] == before
    assert [row["match_id"] for row in rows(connection)] == ["m1", "m2", "m3"]
    assert verify(connection).ok


@pytest.mark.parametrize(
    "changes", [{"feature_hash": "b" * 16}, {"model_version": 2}, {"model_name": "base_rate"}, {"kind": "replay"}]
)
def test_other_features_another_model_or_a_replay_of_a_live_row_are_rows_of_their_own(connection, changes):
    assert seal(connection, [live(), live(**changes)]) == 2


def test_feature_hash_depends_on_every_bit_and_place_and_treats_null_as_nan():
    values = [0.1 + 0.2, 1 / 3, None, 5]
    assert feature_hash(values) == feature_hash([0.1 + 0.2, 1 / 3, float("nan"), 5.0])
    others = [[0.3, 1 / 3, None, 5], [1 / 3, 0.1 + 0.2, None, 5], [0.1 + 0.2, 1 / 3, 0.0, 5], [0.1 + 0.2, 1 / 3, None]]
    assert feature_hash(values) not in {feature_hash(other) for other in others}


def test_feature_hash_is_one_for_all_nans():
    """0/0 on x86 has its sign bit set: arithmetic moved to NumPy must not seal everything again."""
    assert feature_hash([struct.unpack(">d", b"\xff\xf8" + b"\0" * 6)[0]]) == feature_hash([math.nan])


def test_the_hash_of_the_database_is_the_hash_of_python(connection):
    """Fractions without end, microseconds, zones on either side and text beyond ASCII: one canonical form."""
    chance = random.Random(7)
    predictions = []
    for number in range(150):
        zone = timezone(timedelta(minutes=chance.randrange(-14 * 60, 14 * 60)))
        kickoff = datetime(1993, 8, 14, tzinfo=zone) + timedelta(microseconds=chance.randrange(10**15))
        home, draw = [(1 / 3, 1 / 3), (0.1, 0.2), (1e-12, 0.5), (chance.random() / 2, chance.random() / 2)][number % 4]
        times = {"as_of": kickoff - timedelta(microseconds=1), "latest_input": kickoff - timedelta(days=number + 1)}
        predictions.append(
            replay(
                match_id=f"Süper Lig {number}",
                **{"kickoff": kickoff, **times, "p_home": home, "p_draw": draw, "p_away": 1 - home - draw},
            )
        )
    connection.execute("set timezone = 'Asia/Kathmandu'")
    connection.execute("set datestyle = 'German, DMY'")
    connection.execute("set extra_float_digits = -10")
    assert seal(connection, predictions) == 150
    connection.execute("reset all")
    previous = ""
    for row in rows(connection):
        assert row_hash(row, previous) == row["hash"]
        previous = row["hash"]
    found = verify(connection)
    assert (found.ok, found.rows, found.head) == (True, 150, previous)


def test_one_statement_of_many_rows_chains_them_too(connection):
    columns = ", ".join(COLUMNS)
    seal(connection, [replay(match_id=f"m{number}") for number in range(3)])
    connection.execute(
        f"insert into predictions.ledger ({columns}) "
        f"select {columns.replace('model_version', '2')} from predictions.ledger".encode()
    )
    with connection.cursor().copy(f"copy predictions.ledger ({columns}) from stdin".encode()) as copy:
        for number in range(3):
            copy.write_row(replay(match_id=f"c{number}").values())
    assert [row["seq"] for row in rows(connection)] == list(range(1, 10))
    assert verify(connection).ok


def test_concurrent_inserters_make_one_unbroken_chain(database_url):
    start = threading.Barrier(4)

    def work(worker: int) -> None:
        with psycopg.connect(database_url) as connection:
            start.wait()
            for number in range(15):
                seal(connection, [replay(match_id=f"{worker}-{number}"), replay(match_id=f"shared-{number}")])
                connection.commit()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    with psycopg.connect(database_url) as connection:
        found = verify(connection)
    assert (found.ok, found.problem, found.rows) == (True, None, 4 * 15 + 15)


@pytest.mark.parametrize(
    ("statement", "bad_seq"),
    [
        ("update predictions.ledger set p_home = 0.4, p_away = 0.3 where seq = 3", 3),
        ("update predictions.ledger set p_home = 0.5 + 1.2e-16 where seq = 1", 1),
        ("update predictions.ledger set sealed_at = sealed_at - interval '1 microsecond' where seq = 5", 5),
        ("update predictions.ledger set kind = 'live' where seq = 2", 2),
        ("update predictions.ledger set role = 'challenger' where seq = 4", 4),
        ("update predictions.ledger set seq = case seq when 2 then 30 else seq end", 2),
        ("delete from predictions.ledger where seq = 1", 1),
        ("delete from predictions.ledger where seq = 3", 3),
        ("delete from predictions.ledger where seq = 3; update predictions.ledger set seq = seq - 1 where seq > 3", 3),
    ],
)
def test_tampering_by_the_owner_is_found_at_the_first_row_it_touched(connection, statement, bad_seq):
    seal(connection, [replay(match_id=f"m{number}") for number in range(1, 6)])
    as_superuser(connection, statement)
    found = verify(connection)
    assert (found.ok, found.bad_seq, found.rows) == (False, bad_seq, bad_seq - 1)
    assert found.problem


def test_a_changed_row_with_a_hash_to_match_is_found_at_the_row_after_it(connection):
    seal(connection, [replay(match_id=f"m{number}") for number in range(1, 6)])
    stored = rows(connection)
    forged = row_hash({**stored[2], "p_home": 0.4, "p_away": 0.3}, stored[1]["hash"])
    as_superuser(
        connection, f"update predictions.ledger set p_home = 0.4, p_away = 0.3, hash = '{forged}' where seq = 3"
    )
    assert verify(connection).bad_seq == 4


def test_text_moved_across_the_border_of_two_columns_is_found(connection):
    """Forbids a canonical form in which two rows read the same; refusing such text at the door will do as well."""
    with contextlib.suppress(psycopg.errors.CheckViolation):
        seal(connection, [replay(fingerprint="a|b", feature_hash="c")])
        as_superuser(connection, "update predictions.ledger set fingerprint = 'a', feature_hash = 'b|c'")
        assert verify(connection).bad_seq == 1


def test_verifying_works_on_an_autocommit_connection_too(database_url):
    with psycopg.connect(database_url, autocommit=True) as connection:
        seal(connection, [replay()])
        assert verify(connection).rows == 1


def test_a_match_that_kicks_off_before_its_batch_is_sealed_is_dropped_alone(connection):
    batch = [live(match_id="begins", kickoff=now() + timedelta(seconds=20)), live(match_id="tomorrow"), replay()]
    left = still_to_come(connection, batch)
    assert [each.match_id for each in left] == ["tomorrow", "m1"]
    assert seal(connection, left) == 2


def test_nobody_else_seals_between_the_check_of_kickoffs_and_the_batch(connection, database_url):
    still_to_come(connection, [live()])
    with psycopg.connect(database_url, options="-c lock_timeout=200ms") as other:
        with pytest.raises(psycopg.errors.LockNotAvailable):
            seal(other, [live(match_id="m2")])
        other.rollback()
    assert seal(connection, [live()]) == 1
