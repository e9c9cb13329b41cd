"""Backups of a real server: nothing forgotten, nothing half restored, and the ledger whole and guarded afterwards."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from footpred_dagster.cli.group import main
from footpred_dagster.core import api_keys
from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.backup.backup import DUMP, MANIFEST, BackupError, backup, count_rows
from footpred_dagster.core.backup.restore import restore
from footpred_dagster.core.database import client_tools
from footpred_dagster.core.database.connection import NEWEST_REVISION, NewerSchema, migrate, schema_version
from footpred_dagster.core.database.sibling_databases import scratch_database
from footpred_dagster.core.database.tables import KEPT, LEFT_OUT
from footpred_dagster.core.predictions.anchors import archived_anchors
from footpred_dagster.core.predictions.ledger import anchor, identity, seal, verify_anchored
from tests.support.sealed import anchor_untimed, as_superuser, live, replay

ROWS = """
    insert into raw.fetches (source, path, url, status, seconds) values ('s', 'a.csv', 'u', 200, 0.1);
    insert into raw.match_history (partition_key, match_date, home, away, kind, old_values, old_sha256, new_sha256)
        values ('E0|2023-24', '2024-05-04', 'A', 'B', 'removed', '{}', 'x', 'y');
    insert into models.versions (name, version, fingerprint, artifact_sha256, as_of, training_rows, profile)
        values ('elo_logit', 1, 'f', 'a', now(), 10, 'production');
    insert into models.promotions (as_of, name, version, decision, reasons)
        values (now(), 'elo_logit', 1, 'promoted', '["first"]');
    insert into models.walk_forward values ('elo_logit', 'm1', 'E0', '2023-24', now(), 0.1 + 0.2, 0.3, 0.4, 'r');
"""


def fill(url: str, archive: LocalArchive) -> None:
    """Rows that hang on each other, a live one among the sealed, and an anchor."""
    with psycopg.connect(url) as connection:
        connection.execute(ROWS)
        old, _ = api_keys.create(connection, "program", ["read"])
        api_keys.rotate(connection, old.id, overlap=timedelta(hours=1))
        seal(connection, [live(reasons={"form": 0.1}), replay(match_id="m2"), replay(match_id="m3")])
        connection.commit()
        anchor(connection, archive)


def contents(url: str) -> dict[str, list[tuple[str, ...]]]:
    """Every row of every kept table, as text to the last bit."""
    with psycopg.connect(url) as connection:
        return {t: connection.execute(f"select t::text from {t} as t order by 1".encode()).fetchall() for t in KEPT}


@pytest.fixture
def backed_up(database_url: str, archive: LocalArchive, tmp_path: Path) -> Path:
    fill(database_url, archive)
    backup(database_url, archive, tmp_path / "backup")
    return tmp_path / "backup"


def test_every_table_is_either_kept_or_known_to_be_made_again(connection):
    """Forbids a new table that nobody thought of."""
    found = connection.execute(
        "select table_schema || '.' || table_name from information_schema.tables "
        "where table_type = 'BASE TABLE' and table_schema not in ('pg_catalog', 'information_schema')"
    )
    assert sorted(name for (name,) in found) == sorted([*KEPT, *LEFT_OUT])


def test_what_is_restored_is_what_was_backed_up_and_goes_on_from_there(
    backed_up, database_url, empty_database_url, archive
):
    done = restore(empty_database_url, archive, backed_up)
    assert contents(empty_database_url) == contents(database_url)
    assert (done.ledger.rows, done.lost, done.tables) == (3, 0, done.manifest["tables"])
    with psycopg.connect(empty_database_url) as connection:
        with pytest.raises(psycopg.errors.RestrictViolation):
            connection.execute("delete from predictions.ledger")
        connection.rollback()
        connection.execute(ROWS.replace("'a.csv'", "'b.csv'").partition("insert into raw.match_history")[0])
        connection.execute("insert into models.promotions (as_of, decision, reasons) values (now(), 'kept', '[]')")
        assert seal(connection, [live(match_id="m4"), replay(match_id="m2")]) == 1
        connection.commit()
        assert anchor(connection, archive).rows == 4
        assert verify_anchored(connection, archive).ok


def test_an_account_that_owns_the_database_and_nothing_else_can_restore(backed_up, empty_database_url, archive):
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        database = connection.info.dbname
        connection.execute("create role plain_owner login password 'plain'")
        try:
            connection.execute(f'alter database "{database}" owner to plain_owner'.encode())
            host, port = connection.info.host, connection.info.port
            owner = f"postgresql://plain_owner:plain@{host}:{port}/{database}"
            assert restore(owner, archive, backed_up).ledger.rows == 3
        finally:
            connection.execute("reassign owned by plain_owner to footpred")
            connection.execute("drop owned by plain_owner")
            connection.execute("drop role plain_owner")


def test_a_backup_is_of_one_moment_whatever_is_sealed_meanwhile(database_url, archive, tmp_path, monkeypatch):
    fill(database_url, archive)
    dump = client_tools.dump

    def sealing_first(*arguments):
        with psycopg.connect(database_url) as connection:
            seal(connection, [replay(match_id="meanwhile")])
        dump(*arguments)

    monkeypatch.setattr(client_tools, "dump", sealing_first)
    manifest = backup(database_url, archive, tmp_path / "backup")
    assert manifest["ledger"]["rows"] == manifest["tables"]["predictions.ledger"] == 3
    command = [client_tools.tools(18) / "pg_restore", "--file=-", tmp_path / "backup" / DUMP]
    script = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "m3" in script
    assert "meanwhile" not in script


def test_predictions_sealed_after_the_backup_are_not_lost_unseen(backed_up, database_url, empty_database_url, archive):
    with psycopg.connect(database_url) as connection:
        old = identity(connection)
        seal(connection, [replay(match_id="m4"), replay(match_id="m5")])
        connection.commit()
        anchor(connection, archive)
    with pytest.raises(BackupError, match=r"2 predictions were sealed after this backup.*--accept-loss"):
        restore(empty_database_url, archive, backed_up)
    done = restore(empty_database_url, archive, backed_up, accept_loss=True)
    assert (done.lost, done.ledger.rows) == (2, 3)
    with psycopg.connect(empty_database_url) as connection:
        assert (identity(connection) != old, seal(connection, [replay(match_id="m6")])) == (True, 1)
        assert verify_anchored(connection, archive).ok
    assert max(each.rows for each in archived_anchors(archive, old)) == 5


def test_anchors_come_back_when_the_archive_was_lost_as_well(backed_up, empty_database_url, tmp_path, archive):
    another = LocalArchive(tmp_path / "another")
    ledger = restore(empty_database_url, another, backed_up).manifest["ledger"]
    assert (back := archived_anchors(another, ledger["id"])) == archived_anchors(archive, ledger["id"])
    assert [(each.rows, each.head) for each in back] == [(0, ""), (3, ledger["head"])]


def test_a_row_that_was_changed_before_the_backup_is_seen_by_the_restore(
    database_url, empty_database_url, archive, tmp_path
):
    fill(database_url, archive)
    with psycopg.connect(database_url) as connection:
        as_superuser(connection, "update predictions.ledger set p_home = 0.4, p_away = 0.3 where seq = 2")
    backup(database_url, archive, tmp_path / "backup")
    with pytest.raises(BackupError, match="row 2: row does not match its hash"):
        restore(empty_database_url, archive, tmp_path / "backup")


def test_a_damaged_backup_is_refused_and_the_database_left_empty(backed_up, empty_database_url, archive):
    dumped, described = backed_up / DUMP, backed_up / MANIFEST
    body, manifest = dumped.read_bytes(), json.loads(described.read_text())
    harms = {
        "is damaged": (body[:900] + bytes([body[900] ^ 1]) + body[901:], manifest),
        "is damaged: ": (body[:-1], manifest),
        "holds x; drop table y, unknown": (body, manifest | {"tables": {"x; drop table y": 1}}),
        "is of format 2": (body, manifest | {"format": 2}),
    }
    for says, (dump, description) in harms.items():
        dumped.write_bytes(dump)
        described.write_text(json.dumps(description))
        with pytest.raises(BackupError, match=says):
            restore(empty_database_url, archive, backed_up)
    for part in (dumped, described):
        part.unlink()
        with pytest.raises(BackupError, match="holds no whole backup"):
            restore(empty_database_url, archive, backed_up)
    with psycopg.connect(empty_database_url) as connection:
        assert connection.execute("select to_regclass('public.schema_version')").fetchone() == (None,)


def test_a_restore_that_fails_leaves_no_row_and_can_be_started_again(backed_up, empty_database_url, archive):
    """A dump that ends early, as after the end of a killed pg_restore, is told by the manifest's counts."""
    described = backed_up / MANIFEST
    text = described.read_text()
    manifest = json.loads(text)
    manifest["tables"]["predictions.scores"] = 7
    described.write_text(json.dumps(manifest))
    with pytest.raises(client_tools.PostgresToolsError, match=r"predictions.scores has not the 7 rows"):
        restore(empty_database_url, archive, backed_up)
    with psycopg.connect(empty_database_url) as connection:
        assert sum(count_rows(connection, KEPT).values()) == 2  # the ledger's identity and first anchor, as migrated
        disabled = "select count(*) from pg_trigger where tgenabled <> 'O'"
        assert connection.execute(disabled.encode()).fetchone() == (0,)
    described.write_text(text)
    assert restore(empty_database_url, archive, backed_up).ledger.rows == 3


def test_a_database_that_holds_anything_is_left_alone(backed_up, database_url, empty_database_url, archive):
    before = contents(database_url)
    with pytest.raises(BackupError, match="not empty"):
        restore(database_url, archive, backed_up)
    assert contents(database_url) == before
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("create table mine ()")
    with pytest.raises(BackupError, match=r"not empty \(tables: 1\)"):
        restore(empty_database_url, archive, backed_up)


def test_a_newer_schema_is_neither_backed_up_nor_restored(
    backed_up, database_url, connection, empty_database_url, archive, tmp_path
):
    described = backed_up / MANIFEST
    described.write_text(json.dumps(json.loads(described.read_text()) | {"schema": "9999"}))
    with pytest.raises(NewerSchema, match="9999"):
        restore(empty_database_url, archive, backed_up)
    connection.execute("update public.schema_version set version_num = '9999'")
    connection.commit()
    with pytest.raises(NewerSchema, match="9999"):
        backup(database_url, archive, tmp_path / "another")


def test_backups_overwrite_nothing_and_leave_nothing_half_done(backed_up, database_url, archive, tmp_path, monkeypatch):
    with pytest.raises(BackupError, match="is there already"):
        backup(database_url, archive, backed_up)
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(client_tools, "dump", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        backup(database_url, archive, tmp_path / "interrupted")
    assert sorted(tmp_path.iterdir()) == before


def test_only_its_owner_can_read_a_backup_and_no_password_is_in_it(backed_up, database_url):
    assert backed_up.stat().st_mode & 0o077 == 0
    password = psycopg.conninfo.conninfo_to_dict(database_url)["password"]
    assert not any(str(password).encode() in path.read_bytes() for path in backed_up.iterdir())
    assert str(password) not in client_tools.address(database_url)[0]


def test_tools_that_are_missing_or_older_than_the_server_say_so(tmp_path, monkeypatch):
    with pytest.raises(client_tools.PostgresToolsError, match="is of PostgreSQL 18, the server of 99"):
        client_tools.tools(99)
    monkeypatch.setenv("FOOTPRED_PG_BIN", str(tmp_path))
    with pytest.raises(client_tools.PostgresToolsError, match=r"no pg_dump, pg_restore, psql in .*FOOTPRED_PG_BIN"):
        client_tools.tools(18)


def test_the_commands_do_the_same_and_say_what_they_did(database_url, empty_database_url, tmp_path, archive):
    def run(url: str, *arguments: str, code: int = 0) -> str:
        environment = {"FOOTPRED_DATABASE_URL": url, "FOOTPRED_STORAGE_URL": archive.root.as_uri()}
        result = CliRunner().invoke(main, [*arguments], env=environment)
        assert result.exit_code == code, result.output
        return result.output

    folder = str(tmp_path / "backup")
    assert "nothing to back up" in run(empty_database_url, "backup", folder, code=1)
    fill(database_url, archive)
    manifest = json.loads(run(database_url, "backup", folder, "--json"))
    assert manifest["schema"] == NEWEST_REVISION
    assert "not empty" in run(database_url, "restore", folder, code=1)
    restored = json.loads(run(empty_database_url, "restore", folder, "--json"))
    assert restored["ledger"]["ok"]
    assert restored["ledger"]["head"] == manifest["ledger"]["head"]
    assert json.loads(run(empty_database_url, "ledger", "verify", "--json"))["rows"] == 3


@pytest.mark.parametrize("behind", range(1, 6))
def test_upgrades_only_add_and_keep_the_ledger_whole(empty_database_url, archive, behind):
    """Additive: what a process of the earlier version reads is still there, and what it writes is still accepted."""
    revision = f"{int(NEWEST_REVISION) - behind:04d}"
    columns = (
        "select table_schema, table_name, column_name, data_type, is_nullable = 'YES' or column_default is not null "
        "or is_identity = 'YES' from information_schema.columns where table_schema !~ '^(pg_|information_)'"
    )
    migrate(empty_database_url, revision)
    with psycopg.connect(empty_database_url) as connection:
        earlier = set(connection.execute(columns.encode()).fetchall())
        seal(connection, [live(), replay(match_id="m2")])
        connection.commit()
        anchor_untimed(connection, archive)
    migrate(empty_database_url)
    with psycopg.connect(empty_database_url) as connection:
        now = set(connection.execute(columns.encode()).fetchall())
        assert seal(connection, [replay(match_id="m3")]) == 1
        assert verify_anchored(connection, archive).rows == 3
    assert {column[:4] for column in earlier} <= {column[:4] for column in now}
    assert {column[:3] for column in earlier if column[4]} <= {column[:3] for column in now if column[4]}
    tables = {column[:2] for column in earlier}
    assert [column for column in now - earlier if column[:2] in tables and not column[4]] == []


def test_a_backup_of_an_earlier_version_is_restored_and_then_upgraded(empty_database_url, archive, tmp_path):
    earlier = "0018"  # before there were keys
    migrate(empty_database_url, earlier)
    with psycopg.connect(empty_database_url) as connection:
        seal(connection, [live(), replay(match_id="m2")])
        connection.commit()
        anchor_untimed(connection, archive)
    assert backup(empty_database_url, archive, tmp_path / "backup")["schema"] == earlier
    with scratch_database(empty_database_url, "restored") as url:
        done = restore(url, archive, tmp_path / "backup")
        assert (done.ledger.rows, schema_version(url)) == (2, NEWEST_REVISION)
        assert "serving.keys" not in done.tables
