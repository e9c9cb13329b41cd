"""The ledger's order in time on a real server: what an inserter cannot do, and what a reader finds of an owner."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from click.testing import CliRunner

from footpred_dagster.cli.group import main
from footpred_dagster.core.archive.base import ArchiveError
from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.predictions.anchors import archived_anchors
from footpred_dagster.core.predictions.ledger import (
    COLUMNS,
    anchor,
    anchor_is_due,
    identity,
    resume,
    seal,
    stored_anchors,
    stored_rows,
    verify,
    verify_anchored,
)
from footpred_dagster.core.predictions.ledger_export import export
from tests.support.sealed import live, replay, rewrite_anchors, rewrite_rows, run_verifier

INSERT = f"insert into predictions.ledger ({', '.join(COLUMNS)}) values ({', '.join(['%s'] * len(COLUMNS))})".encode()
ROLE = "ledger_sealer"
SHADOWS = """
    create function evil.clock_timestamp() returns timestamptz language sql as $$ select now() - interval '30 days' $$;
    create function evil.hashtext(text) returns integer language sql as $$ select 7 $$;
    create function evil.sha256(bytea) returns bytea language sql as $$ select '\\x00'::bytea $$;
    create function evil.abs(numeric) returns numeric language sql as $$ select 0.0 $$;
    create function evil.minus(timestamptz, timestamptz) returns interval language sql as $$ select interval '0' $$;
    create operator evil.- (leftarg = timestamptz, rightarg = timestamptz, function = evil.minus);
    create table evil.ledger_anchors ();
"""
HOUR = timedelta(hours=1)


@pytest.fixture
def inserter(database_url: str):
    """A connection of a role that may insert into the ledger and nothing else, with a schema of its own."""
    with psycopg.connect(database_url, autocommit=True) as owner:
        owner.execute(f"create role {ROLE} login password 'x'".encode())
        try:
            owner.execute(f"grant usage on schema predictions to {ROLE}".encode())
            owner.execute(f"grant insert on predictions.ledger to {ROLE}".encode())
            owner.execute(f"create schema evil authorization {ROLE}".encode())
            with psycopg.connect(database_url, user=ROLE, password="x", autocommit=True) as connection:
                yield connection
        finally:
            owner.execute(f"drop owned by {ROLE} cascade".encode())
            owner.execute(f"drop role {ROLE}".encode())


@pytest.mark.fault(46, "a writer with INSERT on the ledger back-dates")
def test_a_role_with_insert_seals_and_cannot_back_date_by_functions_of_its_own(inserter, connection):
    past = datetime.now(UTC) - timedelta(days=30)
    inserter.execute(SHADOWS.encode())
    inserter.execute("set search_path = evil, pg_catalog")
    for kickoff in (past + HOUR, datetime.now(UTC) + HOUR):  # the second needs the operator, the first the clock
        with pytest.raises(psycopg.errors.CheckViolation, match="within 10 minutes of now"):
            inserter.execute(INSERT, live(as_of=past, latest_input=past - HOUR, kickoff=kickoff).values())
    inserter.execute(INSERT, live().values())
    found = verify(connection)
    assert (found.ok, found.rows) == (True, 1)


def test_every_function_of_the_ledger_fixes_its_search_path(connection):
    found = connection.execute("""
        select distinct proc.oid::regprocedure::text, proc.proconfig
        from pg_proc as proc left join pg_trigger as trigger on trigger.tgfoid = proc.oid
        where proc.pronamespace = 'predictions'::regnamespace
            or trigger.tgrelid::regclass::text like 'predictions.ledger%' and not trigger.tgisinternal
    """).fetchall()
    assert len(found) == 5
    assert {tuple(config or ()) for _, config in found} == {("search_path=pg_catalog, pg_temp",)}


@pytest.mark.parametrize(("seconds", "accepted"), [(-60, True), (4.5, True), (5.5, False)])
def test_the_clock_may_be_five_seconds_behind_what_the_ledger_has_reached(connection, seconds, accepted):
    reached = datetime.now(UTC) + timedelta(seconds=seconds)
    query = "select predictions.ledger_clock(%s)"
    if accepted:
        (time,) = connection.execute(query, [reached]).fetchone()
        assert time == reached or seconds < 0
    else:
        with pytest.raises(psycopg.errors.CheckViolation, match="footpred ledger resume --because TEXT"):
            connection.execute(query, [reached])


def ahead(connection: psycopg.Connection, by: str) -> None:
    """The newest row as it would be, had the clock been ahead when it was sealed."""
    newest = "where seq = (select max(seq) from predictions.ledger)"
    rewrite_rows(
        connection,
        f"update predictions.ledger set sealed_at = clock_timestamp() + interval '{by}', "
        f"as_of = clock_timestamp() + interval '{by}' {newest}",
    )
    connection.commit()


def test_a_clock_that_lags_a_little_repeats_the_last_time_and_the_order_holds(connection, archive):
    seal(connection, [live()])
    ahead(connection, "3 seconds")
    seal(connection, [live(match_id="m2")])
    anchor(connection, archive)
    seal(connection, [live(match_id="m3")])
    connection.commit()
    first, second, third = (row["sealed_at"] for row in _rows(connection))
    assert first == second
    assert third == second + timedelta(microseconds=1)  # after the anchor, which is at the time of the second row
    assert verify_anchored(connection, archive).ok


def _rows(connection: psycopg.Connection) -> list[dict]:
    with stored_rows(connection) as found:
        return list(found)


def test_after_a_clock_that_was_ahead_a_resume_is_the_way_out_and_every_verifier_names_it(
    connection, database_url, archive, tmp_path
):
    def run(*arguments: str, code: int = 0) -> str:
        environment = {"FOOTPRED_DATABASE_URL": database_url, "FOOTPRED_STORAGE_URL": archive.root.as_uri()}
        result = CliRunner().invoke(main, ["ledger", *arguments], env=environment)
        assert result.exit_code == code, result.output
        return result.output

    seal(connection, [live()])
    ahead(connection, "1 hour")
    for blocked in (lambda: seal(connection, [live(match_id="m2")]), lambda: anchor(connection, archive)):
        with pytest.raises(psycopg.errors.CheckViolation, match="footpred ledger resume --because TEXT"):
            blocked()
        connection.rollback()
    assert anchor_is_due(connection)
    reason = 'NTP was off | "Größe"'
    done = json.loads(run("resume", "--because", reason, "--json"))
    assert (done["rows"], done["because"]) == (1, reason)
    assert "nothing to resume" in run("resume", "--because", "again", code=1)

    assert seal(connection, [live(match_id="m2"), replay(match_id="m3")]) == 2
    connection.commit()
    anchor(connection, archive)
    found = verify_anchored(connection, archive)
    assert found.ok
    (named,) = found.resumes
    assert (named.because, named.rows, named.until) == (reason, 1, 3)
    assert named.seconds_back == pytest.approx(3600, abs=60)
    files = export(connection, archive, tmp_path / "out").files
    for output in (run("verify"), run_verifier(files).stdout):
        assert "3 rows are whole" in output
        assert f"the order of times begins anew after row 1, at {done['at']}" in output
        assert f"because: {reason!r}" in output
    assert json.loads(run("verify", "--json"))["resumes"][0]["because"] == reason


def test_a_clock_that_is_not_behind_is_not_resumed(connection, archive):
    seal(connection, [live()])
    with pytest.raises(psycopg.errors.CheckViolation, match="nothing to resume"):
        resume(connection, archive, "to be sure")


def test_an_anchor_waits_for_the_inserter_and_has_its_row(connection, database_url, archive):
    seal(connection, [live()])
    with psycopg.connect(database_url) as other, ThreadPoolExecutor(1) as pool:
        taken = pool.submit(anchor, other, archive)
        with pytest.raises(TimeoutError):
            taken.result(0.3)
        connection.commit()
        assert taken.result(10).rows == 1
    assert verify_anchored(connection, archive).ok


def test_anchors_taken_beside_inserters_are_all_true(database_url, archive):
    start = threading.Barrier(4)

    def work(worker: int) -> None:
        with psycopg.connect(database_url) as connection:
            start.wait()
            for number in range(10):
                if worker % 2:
                    anchor(connection, archive)
                    continue
                seal(connection, [live(match_id=f"{worker}-{number}"), replay(match_id=f"{worker}-{number}")])
                connection.commit()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    with psycopg.connect(database_url) as connection:
        found = verify_anchored(connection, archive)
        assert (found.ok, found.problem, found.rows) == (True, None, 40)
        assert len(archived_anchors(archive, identity(connection))) == len(stored_anchors(connection)) == 21


def test_an_anchor_of_an_old_snapshot_is_refused(database_url, archive):
    with psycopg.connect(database_url) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with pytest.raises(psycopg.errors.InvalidTransactionState, match="read committed"):
            anchor(connection, archive)


@pytest.mark.parametrize(
    "statement",
    [
        "update predictions.ledger_anchors set at = now()",
        "delete from predictions.ledger_anchors",
        "truncate predictions.ledger_anchors",
    ],
)
def test_anchors_can_be_neither_changed_nor_removed(connection, statement):
    with pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute(statement.encode())


def test_an_anchor_that_the_archive_missed_is_copied_with_the_next(connection, archive, monkeypatch):
    def fail(*_: object) -> bool:
        raise OSError("out of reach")

    seal(connection, [live()])
    with monkeypatch.context() as patch:
        patch.setattr(LocalArchive, "_create", fail)
        with pytest.raises(ArchiveError, match="out of reach"):
            anchor(connection, archive)
    anchor(connection, archive)
    assert archived_anchors(archive, identity(connection)) == stored_anchors(connection)
    assert len(stored_anchors(connection)) == 3


def test_another_anchor_is_due_with_new_rows_and_when_the_last_is_old(connection, archive):
    assert not anchor_is_due(connection)
    seal(connection, [live()])
    assert anchor_is_due(connection)
    anchor(connection, archive)
    assert not anchor_is_due(connection)
    rewrite_anchors(connection, "update predictions.ledger_anchors set at = at - interval '46 minutes'")
    assert anchor_is_due(connection)
