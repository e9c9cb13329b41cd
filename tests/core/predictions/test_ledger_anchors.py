"""The end of the chain is written down elsewhere, and the whole of it can be verified elsewhere."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.database.connection import migrate
from footpred_dagster.core.predictions.anchors import archived_anchors
from footpred_dagster.core.predictions.ledger import (
    anchor,
    head,
    identity,
    seal,
    stored_anchors,
    verify,
    verify_anchored,
)
from footpred_dagster.core.predictions.ledger_export import export
from tests.support.sealed import as_superuser, replay, run_verifier

GRID = {"rate_home": 1.4, "rate_away": 0.1 + 0.2, "rate_correction": -1 / 30}
REASONS = {"rating gap": 0.1 + 0.2, "form": -1e-17, "home advantage": 1 / 3, 'Größe | and "quotes"': 2.0}


def fill(connection: psycopg.Connection, first: int = 1, count: int = 5) -> None:
    """Every second row with grid and reasons, the others without."""
    for number in range(first, first + count):
        seal(connection, [replay(match_id=f"m{number}", **(GRID | {"reasons": REASONS} if number % 2 else {}))])
    connection.commit()


@pytest.fixture
def archive(tmp_path: Path) -> LocalArchive:
    return LocalArchive(tmp_path / "archive")


def test_rows_with_and_without_grid_and_reasons_make_one_chain(connection):
    fill(connection)
    assert verify(connection).ok


@pytest.mark.parametrize(
    "change",
    [
        "rate_home = rate_home + 3e-16",
        "rate_correction = 0",
        "reasons = '{\"form\": 9}'",
        "reasons = null",
        "reasons = reasons::jsonb::json",
    ],
)
def test_a_changed_grid_or_reason_is_found(connection, change):
    fill(connection)
    as_superuser(connection, f"update predictions.ledger set {change} where seq = 3")
    assert verify(connection).bad_seq == 3


@pytest.mark.parametrize("changes", [{"rate_home": 1.0}, GRID | {"rate_away": -0.1}])
def test_half_a_grid_and_impossible_goals_are_refused(connection, changes):
    with pytest.raises(psycopg.errors.CheckViolation):
        seal(connection, [replay(**changes)])


def test_rows_sealed_before_grids_were_kept_still_verify(empty_database_url):
    migrate(empty_database_url, "0012")
    old = [name for name in replay().__slots__ if not name.startswith(("rate_", "reasons"))]
    with psycopg.connect(empty_database_url) as connection:
        for number in range(3):
            connection.execute(
                f"insert into predictions.ledger ({', '.join(old)}) values ({', '.join(['%s'] * len(old))})".encode(),
                [getattr(replay(match_id=f"m{number}"), name) for name in old],
            )
    migrate(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        fill(connection, first=10)
        assert (verify(connection).ok, head(connection).rows) == (True, 8)


def test_the_end_is_anchored_again_with_the_time(connection, archive):
    fill(connection)
    assert anchor(connection, archive) == anchor(connection, archive) == head(connection)
    anchors = archived_anchors(archive, identity(connection))
    assert anchors == stored_anchors(connection)
    assert [(each.rows, each.head) for each in anchors] == [(0, "")] + 2 * [(5, head(connection).hash)]
    assert verify_anchored(connection, archive).ok


def test_an_archive_of_another_kind_keeps_anchors_too(connection, backend):
    fill(connection)
    anchor(connection, backend.archive)
    fill(connection, first=6, count=1)
    anchor(connection, backend.archive)
    assert [each.rows for each in archived_anchors(backend.archive, identity(connection))] == [0, 5, 6]
    assert archived_anchors(backend.archive, "00000000-0000-0000-0000-000000000000") == []
    assert backend.archive.digests() == []
    assert backend.archive.segments() == []


@pytest.mark.parametrize(
    ("statement", "bad_seq", "problem"),
    [
        ("delete from predictions.ledger where seq = 5", 5, "cut off: 5 were anchored, 4 are there"),
        ("delete from predictions.ledger", 1, "cut off: 5 were anchored, 0 are there"),
        ("delete from predictions.ledger where seq > 2", 3, "cut off"),
    ],
)
def test_rows_cut_off_the_end_are_found(connection, archive, statement, bad_seq, problem):
    fill(connection)
    anchor(connection, archive)
    as_superuser(connection, statement)
    assert verify(connection, []).ok
    found = verify_anchored(connection, archive)
    assert (found.ok, found.bad_seq) == (False, bad_seq)
    assert problem in (found.problem or "")


def test_other_rows_in_the_place_of_those_cut_off_are_found_even_when_they_are_anchored_again(connection, archive):
    fill(connection)
    anchor(connection, archive)
    as_superuser(connection, "delete from predictions.ledger where seq > 3")
    connection.commit()
    fill(connection, first=20, count=2)
    anchor(connection, archive)
    found = verify_anchored(connection, archive)
    assert (found.bad_seq, found.problem) == (5, "chain was made anew: row differs from its anchor")


def test_a_ledger_that_was_given_another_name_is_missed_in_the_archive(connection, archive):
    fill(connection)
    anchor(connection, archive)
    connection.execute("alter table predictions.ledger_identity disable trigger all")
    connection.execute("update predictions.ledger_identity set ledger_id = gen_random_uuid()")
    found = verify_anchored(connection, archive)
    assert (found.ok, found.problem) == (False, "the archive has no anchor of this ledger: footpred run sets one")


@pytest.mark.parametrize(
    "statement",
    ["update predictions.ledger_identity set ledger_id = gen_random_uuid()", "delete from predictions.ledger_identity"],
)
def test_a_ledger_keeps_its_name(connection, statement):
    with pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute(statement.encode())


def test_an_export_verifies_without_footpred(connection, archive, tmp_path):
    fill(connection)
    anchor(connection, archive)
    fill(connection, first=6, count=2)
    done = export(connection, archive, tmp_path / "out")
    assert (done.rows, done.anchors, done.head) == (7, 2, head(connection).hash)
    assert "footpred_dagster" not in Path(done.files[2]).read_text()
    result = run_verifier(done.files)
    assert (result.returncode, result.stderr) == (0, "")
    assert f"7 rows are whole, 2 anchors agree, head {done.head}" in result.stdout


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("update predictions.ledger set p_home = 0.4, p_away = 0.3 where seq = 3", "row 3: row does not match"),
        ("delete from predictions.ledger where seq = 5", "row 5: rows were cut off"),
    ],
)
def test_the_exported_verifier_names_the_first_bad_row(connection, archive, tmp_path, statement, says):
    fill(connection)
    anchor(connection, archive)
    as_superuser(connection, statement)
    result = run_verifier(export(connection, archive, tmp_path).files)
    assert (result.returncode, result.stderr) == (1, "")
    assert says in result.stdout


def test_an_empty_ledger_is_whole_and_can_be_exported(connection, archive, tmp_path):
    assert anchor(connection, archive).rows == 0
    assert verify_anchored(connection, archive).ok
    assert run_verifier(export(connection, archive, tmp_path).files).returncode == 0
