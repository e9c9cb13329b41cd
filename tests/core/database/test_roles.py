"""What each component can do in the database, and above all what it cannot."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import sql
from psycopg.errors import InsufficientPrivilege

from footpred_dagster.cli import doctor
from footpred_dagster.core.database import roles
from footpred_dagster.core.database.connection import (
    NEWEST_REVISION,
    OlderSchema,
    connect_as_owner,
    connect_migrated,
    migrate,
    prepare_database,
)
from footpred_dagster.core.database.sibling_databases import sibling_database
from footpred_dagster.core.settings import COMPONENTS, Settings, SettingsError, component_variable
from tests.support.roles import component_url, establish

LEDGER = ("predictions.ledger", "predictions.ledger_anchors", "predictions.ledger_identity", "predictions.batches")
ALTERS = (
    "update {} set {column} = {column}",
    "delete from {}",
    "truncate {}",
    "create trigger mine before insert on {} for each row execute function suppress_redundant_updates_trigger()",
    "alter table {} disable trigger user",
    "drop table {}",
)
ESCAPES = (
    "reset role; create table raw.mine ()",
    "set role {owner}",
    "set session authorization {owner}",
    "create table public.mine ()",
    "create schema mine",
    "create role mine",
    "grant {owner} to {own}",
    "alter role {own} createrole",
    "copy (select 1) to program 'true'",
    "select pg_read_file('/etc/hostname')",
    "create or replace function predictions.seal() returns trigger language sql as 'select null'",
)
OWN = {
    "service": "select * from serving.lease('owner', 1, 1, 1)",
    "worker": "delete from serving.tasks",
    "dashboard": "select * from marts.built_later",
    "exporter": "select * from monitoring.asset_states",
    "pipeline": "truncate raw.loads; analyze raw.loads; create table marts.mine (); drop table marts.mine",
}
"""What each does in its daily work; all of it is done in the tests of the components themselves."""
FOREIGN = {
    "service": (
        "update serving.keys set scopes = '{}'",
        "delete from raw.loads",
        "delete from serving.uses",
    ),
    "worker": ("select * from serving.keys", "select * from serving.uses", "insert into models.looks default values"),
    "dashboard": ("select * from serving.keys", "select * from serving.tasks", "delete from queue.procrastinate_jobs"),
    "exporter": (
        "select * from serving.keys",
        "select * from marts.built_later",
        "delete from raw.loads",
    ),
    "pipeline": (
        "drop table intermediate.club_names",
        "select * from serving.keys",
        "select * from serving.tasks",
        "delete from queue.procrastinate_jobs",
    ),
}


@pytest.fixture(scope="module")
def owner(module_database_url):
    establish(module_database_url)
    with psycopg.connect(component_url(module_database_url, "pipeline")) as connection:
        connection.execute("create table marts.built_later as select 1 as one")
    return module_database_url


@pytest.fixture(params=COMPONENTS)
def component(request):
    return request.param


@pytest.fixture
def execute(owner, component):
    with psycopg.connect(component_url(owner, component), autocommit=True) as connection:
        yield connection.execute


def refused(execute, statement):
    with pytest.raises(InsufficientPrivilege):
        execute(statement)


def test_it_does_its_work(execute, component):
    execute(OWN[component])


@pytest.mark.fault(65, "tables of other components")
def test_it_does_no_work_of_others(execute, component):
    for statement in FOREIGN[component]:
        refused(execute, statement)


@pytest.mark.fault(65, "other roles, superusers' functions")
def test_it_does_not_become_another(execute, owner, component):
    own = sql.Identifier(roles.role(database_of(owner), component)).as_string()
    for statement in ESCAPES:
        refused(execute, statement.format(owner="footpred", own=own))


@pytest.mark.fault(46, "an account with INSERT, or without, alters a row")
@pytest.mark.fault(65, "rows of the ledger")
def test_it_alters_no_row_of_the_ledger(execute, owner):
    with psycopg.connect(owner) as connection:
        for table in LEDGER:
            column = connection.execute(f"select * from {table} limit 0".encode()).description[-1].name
            for statement in ALTERS:
                refused(execute, statement.format(table, column=column))


def test_only_the_pipeline_seals(execute, component):
    insert = "insert into predictions.ledger default values"
    try:
        execute(insert)
    except InsufficientPrivilege:
        assert component != "pipeline"
    except psycopg.Error:  # of the trigger: the row is nonsense
        assert component == "pipeline"
    else:
        pytest.fail("an empty row was sealed")


def database_of(url):
    return url.rpartition("/")[2]


def test_names_are_of_one_database_however_long(empty_database_url):
    long = {roles.role("d" * 60 + end, component) for end in "ab" for component in COMPONENTS}
    assert len(long) == 2 * len(COMPONENTS)
    assert max(map(len, long)) <= 63
    assert len(roles.role("ü" * 40, "pipeline").encode()) <= 63
    assert roles.role("footpred", "service") == "footpred_service"


def test_a_role_reads_nothing_of_another_database(owner, empty_database_url):
    migrate(empty_database_url)
    establish(empty_database_url)
    there = urlsplit(component_url(owner, "pipeline"))._replace(path=urlsplit(empty_database_url).path)
    with psycopg.connect(urlunsplit(there), autocommit=True) as connection:
        refused(connection.execute, "select * from raw.loads")
        refused(connection.execute, "select * from predictions.ledger")


@pytest.fixture
def plain_owner(empty_database_url):
    """URL of an owner with CREATEDB and without CREATEROLE."""
    name = database_of(empty_database_url) + "_owner"
    with psycopg.connect(empty_database_url, autocommit=True) as connection:
        quoted = sql.Identifier(name)
        connection.execute(sql.SQL("create role {} login createdb password 'plain'").format(quoted))
        database = sql.Identifier(connection.info.dbname)
        connection.execute(sql.SQL("alter database {} owner to {}").format(database, quoted))
        yield empty_database_url.replace(empty_database_url.split("://")[1].split("@")[0], f"{name}:plain")


def test_an_owner_without_createrole_is_told_what_to_execute(plain_owner, empty_database_url, tmp_path):
    own = {component_variable(component): component_url(plain_owner, component) for component in COMPONENTS}
    environment = os.environ | own | {"FOOTPRED_DATABASE_URL": plain_owner, "FOOTPRED_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "footpred_dagster.cli", "migrate"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    script = done.stdout.partition("migrate again\n")[2]
    assert script.count("create role") == len(COMPONENTS)
    with psycopg.connect(empty_database_url) as superuser:
        superuser.execute(script.encode())
    establish(empty_database_url)  # the passwords
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert "create role" not in done.stdout
    with psycopg.connect(empty_database_url) as superuser:
        name = sql.Identifier(roles.role(database_of(empty_database_url), "pipeline"))
        superuser.execute(sql.SQL("set role {}").format(name))
        superuser.execute("select * from raw.loads; create table marts.built ()")


def test_a_component_alone_does_what_needs_no_owner_and_nobody_migrates_an_external_server(owner, tmp_path):
    alone = {component_variable("pipeline"): component_url(owner, "pipeline")}
    settings = Settings.from_env({"FOOTPRED_HOME": str(tmp_path), **alone})
    with connect_migrated(settings) as connection:
        (who,) = connection.execute("select current_user").fetchone()
    assert who == roles.role(database_of(owner), "pipeline")
    with pytest.raises(SettingsError, match="FOOTPRED_DATABASE_URL"):
        connect_as_owner(settings)
    with psycopg.connect(owner) as connection:
        connection.execute("update public.schema_version set version_num = '0038'")
    try:
        for each in (settings, replace(settings, database_url=owner)):
            with pytest.raises(OlderSchema, match=f"0038.*{NEWEST_REVISION}.*footpred migrate"):
                prepare_database(each)
    finally:
        with psycopg.connect(owner) as connection:
            connection.execute("update public.schema_version set version_num = %s", [NEWEST_REVISION])


@pytest.mark.parametrize("plain", [False, True])
def test_what_the_owner_built_before_is_handed_over(plain_owner, empty_database_url, tmp_path, plain):
    """A database of an earlier version, in which the owner did all; also by an owner who is no superuser."""
    migrate(plain_owner)
    if plain:
        script = roles.establish(plain_owner, {})
        with psycopg.connect(empty_database_url) as superuser:
            superuser.execute(script.encode())
    establish(empty_database_url)
    database_url = plain_owner if plain else empty_database_url
    settings = Settings(home=tmp_path, database_url=database_url)
    with psycopg.connect(sibling_database(settings, "optuna")) as connection:
        connection.execute("create type mood as enum ('good'); create table studies (id serial, mood mood)")
    with psycopg.connect(database_url) as connection:
        connection.execute("create table marts.built as select 1 as one; create view staging.seen as select 1 as one")
    assert roles.establish(database_url, {}) is None
    own = ("pipeline", component_url(database_url, "pipeline"))
    settings = Settings(home=tmp_path, database_url=database_url, component_urls=(own,))
    with connect_migrated(settings) as connection:
        connection.execute("drop table marts.built; create or replace view staging.seen as select 2 as one")
    with psycopg.connect(sibling_database(settings, "optuna")) as connection:
        connection.execute("alter table studies add column name text; drop table studies; drop type mood")


@pytest.mark.fault(65, "a function of its own that the owner would execute")
def test_the_owner_executes_no_function_of_the_pipeline(database_url, tmp_path):
    establish(database_url)
    settings = Settings(tmp_path, database_url, component_urls=(("pipeline", component_url(database_url, "pipeline")),))
    with psycopg.connect(sibling_database(settings, "optuna"), autocommit=True) as connection:
        pipeline = roles.role(database_of(database_url), "pipeline")
        connection.execute("create schema evil; grant usage on schema evil to public")
        connection.execute(
            "create function evil.pg_advisory_xact_lock(integer) returns void language plpgsql "
            f"as $$begin execute 'alter role {pipeline} superuser'; end$$".encode()
        )
        path = sql.SQL("alter database {} set search_path = evil, pg_catalog, public")
        connection.execute(path.format(sql.Identifier(connection.info.dbname)))
    sibling_database(settings, "optuna")
    with psycopg.connect(database_url) as connection:
        found = connection.execute("select rolsuper from pg_roles where rolname = %s", [pipeline]).fetchone()
    assert found == (False,)


def test_a_component_that_holds_a_lock_keeps_nobody_from_migrating(database_url):
    establish(database_url)
    with psycopg.connect(component_url(database_url, "dashboard")) as connection:
        connection.execute("select pg_advisory_lock(hashtext('footpred roles')), * from public.schema_version")
        with pytest.raises(InsufficientPrivilege), connection.transaction():
            connection.execute("lock table public.schema_version in share row exclusive mode")
        establish(database_url)


def test_a_url_that_logs_in_as_another_role_is_told(database_url, tmp_path):
    own = {component: component_url(database_url, component) for component in COMPONENTS}
    assert doctor.warnings(Settings(tmp_path, database_url, component_urls=tuple(own.items()))) == []
    wrong = own | {"service": own["worker"], "dashboard": database_url}
    told = doctor.warnings(Settings(tmp_path, database_url, component_urls=tuple(wrong.items())))
    assert [line.split()[0] for line in told] == [component_variable("service"), component_variable("dashboard")]


def test_a_name_that_siblings_would_be_cut_to_is_refused(tmp_path):
    url = f"postgresql://x@127.0.0.1:9/{'d' * 60}"
    with pytest.raises(SettingsError, match="leaves no room"):
        sibling_database(Settings(tmp_path, url), "dagster")
    with pytest.raises(SettingsError, match="percent-encoding"):
        Settings.from_env({"FOOTPRED_HOME": str(tmp_path), "FOOTPRED_DATABASE_URL": "postgresql://x@h/sp%20ace"})
