"""One schema whoever starts first, and as many at once as like."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from footpred_dagster.core.database import connection as database
from footpred_dagster.core.database.sibling_databases import scratch_database, sibling_database
from footpred_dagster.core.migrations import __file__ as migrations
from footpred_dagster.core.settings import Settings

VERSIONS = sorted(path.stem.partition("_")[0] for path in (Path(migrations).parent / "versions").glob("[0-9]*.py"))
LAYERS = {"raw", "staging", "intermediate", "ratings", "features", "marts", "models", "predictions", "monitoring"}
READY = "import sys, alembic.command, sqlalchemy; from footpred_dagster.core.database import connection as d; "
READY += "from footpred_dagster.core.settings import Settings; "
READY += "from footpred_dagster.core.database.sibling_databases import sibling_database; "
READY += "print('ready', flush=True); sys.stdin.read(1); "
MIGRATE = READY + "d.migrate(sys.argv[1])"
SIBLING = READY + "print(sibling_database(Settings('unused', sys.argv[1]), 'side'))"


def at_once(code: str, url: str, processes: int = 4) -> list[str]:
    """Run ``code`` in several processes that all wait, imports done, for the same moment; their outputs."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(processes)
    ]
    assert [process.stdout and process.stdout.readline() for process in started] == ["ready\n"] * processes
    for process in started:
        assert process.stdin
        process.stdin.write("x")
        process.stdin.flush()
    results = [(process.communicate(timeout=60), process.returncode) for process in started]
    assert [(errors, code) for (_, errors), code in results if code] == []
    return [output for (output, _), _ in results]


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(statement.encode()).fetchall()


def tables(url: str) -> set[tuple[object, ...]]:
    return set(
        query(
            url, "select table_schema, table_name, column_name, data_type, is_nullable from information_schema.columns"
        )
    )


def test_processes_that_migrate_one_empty_database_at_once_leave_one_version(empty_database_url, database_url):
    at_once(MIGRATE, empty_database_url)
    assert query(empty_database_url, "select version_num from public.schema_version") == [(VERSIONS[-1],)]
    assert tables(empty_database_url) == tables(database_url)


def test_migrating_again_changes_nothing(connection, database_url):
    connection.execute("insert into ratings.team_elo values ('m', 'E0', '2024-25', now(), true, 1, 2, 3)")
    connection.commit()
    before = tables(database_url)
    database.migrate(database_url)
    assert tables(database_url) == before
    assert connection.execute("select count(*) from ratings.team_elo").fetchone() == (1,)


def test_a_database_of_a_newer_version_is_left_alone_and_named(connection, database_url):
    connection.execute("update public.schema_version set version_num = '9999'")
    connection.commit()
    with pytest.raises(database.NewerSchema, match="at schema 9999, this footpred knows 00"):
        database.migrate(database_url)


def test_every_layer_has_its_schema(database_url):
    assert {name for (name,) in query(database_url, "select nspname from pg_namespace")} >= LAYERS


def test_both_spellings_of_a_url_that_settings_accept_can_be_migrated(empty_database_url):
    url = empty_database_url.replace("postgresql://", "postgres://", 1)
    assert Settings.from_env({"FOOTPRED_DATABASE_URL": url}).database_url == url
    database.migrate(url)
    assert query(url, "select version_num from public.schema_version") == [(VERSIONS[-1],)]


def test_a_migration_that_fails_leaves_nothing_behind(empty_database_url):
    """A table of another owner in the way of a late version: the earlier versions go with it."""
    with psycopg.connect(empty_database_url) as connection:
        connection.execute("create schema predictions create table ledger (mine int)")
    with pytest.raises(Exception, match='relation "ledger" already exists'):
        database.migrate(empty_database_url)
    assert query(empty_database_url, "select to_regclass('raw.matches'), to_regclass('public.schema_version')") == [
        (None, None)
    ]


def test_a_sibling_database_is_created_once_whoever_asks_and_how_often(database_url):
    name = urlsplit(database_url).path.removeprefix("/") + "_side"
    try:
        found = {output.strip() for output in at_once(SIBLING, database_url)}
        found.add(sibling_database(Settings(Path("unused"), database_url), "side"))
        assert len(found) == 1
        url = found.pop()
        assert query(url, "select current_database()") == [(name,)]
        assert urlsplit(url)._replace(path="") == urlsplit(database_url)._replace(path="")
    finally:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(f'drop database if exists "{name}" with (force)'.encode())


def test_connections_speak_utc_even_where_the_database_does_not(database_url, home):
    name = urlsplit(database_url).path.removeprefix("/")
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"alter database \"{name}\" set timezone = 'Asia/Tokyo'".encode())
    with database.connect(Settings(home, database_url)) as connection:
        assert connection.execute("show timezone").fetchone() == ("UTC",)
        assert connection.prepare_threshold is None
        assert not connection.autocommit


def test_without_an_external_url_the_embedded_server_of_the_home_is_used(settings, server_url):
    assert database.database_url(settings) == server_url
    with database.connect(settings, autocommit=True) as connection:
        assert connection.execute("select current_database()").fetchone() == ("footpred",)


def test_a_scratch_database_is_empty_and_gone_afterwards_whatever_happened(database_url):
    left_behind = sibling_database(Settings(Path("unused"), database_url), "scratch")

    def interrupted() -> None:
        with scratch_database(database_url, "scratch") as url:
            assert url == left_behind
            users.append(psycopg.connect(url))
            assert users[-1].execute("select to_regclass('leftover')").fetchone() == (None,)
            raise KeyboardInterrupt

    users = [psycopg.connect(left_behind, autocommit=True)]
    users[0].execute("create table leftover ()")
    with pytest.raises(KeyboardInterrupt):
        interrupted()
    for user in users:
        user.close()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(left_behind)
