"""Anchors and resumes of the ledger are as durable as its rows, whichever of database and archive was lost."""

from __future__ import annotations

import psycopg

from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.backup.backup import backup
from footpred_dagster.core.backup.restore import restore
from footpred_dagster.core.database.connection import migrate
from footpred_dagster.core.database.sibling_databases import scratch_database
from footpred_dagster.core.predictions.anchors import archived_anchors
from footpred_dagster.core.predictions.ledger import anchor, identity, resume, seal, stored_anchors, verify_anchored
from tests.support.sealed import anchor_untimed, live, replay, rewrite_anchors


def fill(url: str, archive: LocalArchive) -> None:
    with psycopg.connect(url) as connection:
        seal(connection, [live(), replay(match_id="m2"), replay(match_id="m3")])
        connection.commit()
        anchor(connection, archive)


def test_anchors_taken_after_the_backup_come_back_from_the_archive_and_go_on(
    database_url, empty_database_url, archive, tmp_path
):
    """Forbids two anchors of one number, which every verifier would call a rewritten one."""
    fill(database_url, archive)
    backup(database_url, archive, tmp_path / "backup")
    with psycopg.connect(database_url) as connection:
        anchor(connection, archive)
        after = stored_anchors(connection)
    restore(empty_database_url, archive, tmp_path / "backup")
    with psycopg.connect(empty_database_url) as connection:
        assert stored_anchors(connection) == after
        anchor(connection, archive)
        assert [each.number for each in archived_anchors(archive, identity(connection))] == [1, 2, 3, 4]
        assert verify_anchored(connection, archive).ok


def test_a_resume_comes_back_with_its_reason(database_url, empty_database_url, archive, tmp_path):
    fill(database_url, archive)
    with psycopg.connect(database_url) as connection:
        rewrite_anchors(
            connection, "update predictions.ledger_anchors set at = at + interval '1 hour' where number = 2"
        )
        kept = resume(connection, LocalArchive(tmp_path / "out of reach"), "the clock was ahead")
    for path in archive.root.rglob("*"):
        path.is_file() and path.unlink()
    backup(database_url, archive, tmp_path / "backup")
    done = restore(empty_database_url, archive, tmp_path / "backup")
    assert [each.because for each in done.ledger.resumes] == ["the clock was ahead"]
    assert kept in archived_anchors(archive, done.manifest["ledger"]["id"])


def test_a_backup_of_before_anchors_had_times_meets_an_archive_that_has_them(empty_database_url, archive, tmp_path):
    migrate(empty_database_url, "0029")
    with psycopg.connect(empty_database_url) as connection:
        seal(connection, [live(), replay(match_id="m2")])
        connection.commit()
        anchor_untimed(connection, archive)
    backup(empty_database_url, archive, tmp_path / "backup")
    migrate(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        anchor(connection, archive)
        after = stored_anchors(connection)
    with scratch_database(empty_database_url, "restored") as url:
        assert restore(url, archive, tmp_path / "backup").ledger.ok
        with psycopg.connect(url) as connection:
            assert stored_anchors(connection) == after
