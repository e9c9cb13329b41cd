"""Login roles of the components. Each has the privileges it needs; only the owner can alter rows of the ledger.

PostgreSQL's roles belong to a whole server, so their names begin with the database's. The owner of the database, or an
administrator, creates them; the owner grants the privileges. A component that connects as the owner needs no role.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

from footpred_dagster.core.database.tables import KEPT, LEFT_OUT
from footpred_dagster.core.settings import COMPONENTS

BUILT = ("staging", "intermediate", "features", "marts")
"""Schemas of dbt. The pipeline owns what dbt builds there, and only that."""
LAYERS = ("raw", "ratings", "models", "predictions", "monitoring", *BUILT)
READS = {
    "service": LAYERS,
    "worker": LAYERS,
    "dashboard": LAYERS,
    "exporter": ("raw", "models", "predictions", "monitoring"),
    "pipeline": LAYERS,
}
"""Component: schemas in which it can read every table."""
TABLES = {
    "service": {
        "serving.keys": "select",
        "serving.uses": "select, insert, update",
        "serving.leases": "select, insert, update, delete",
        "serving.tasks": "select, insert, update, delete",
        "serving.live_scores, serving.live_polls, serving.table_versions": "select",
    },
    "worker": {
        "serving.tasks": "select, insert, update, delete",
        "serving.table_versions": "select",
    },
    "dashboard": {"serving.live_scores, serving.live_polls": "select"},
    "exporter": {},
    "pipeline": {
        "serving.live_scores, serving.live_polls": "select, insert, update, delete",
        "serving.table_versions": "select, insert, update",
    },
}
"""Component: its privileges on other tables."""
QUEUES = ("service", "worker")
"""Components that defer jobs or run them."""
ON_QUEUE = (
    "usage on schema queue",
    "select, insert, update, delete on all tables in schema queue",
    "usage on all sequences in schema queue",
)
LONGEST = 63
"""Bytes of a name in PostgreSQL."""


def role(database: str, component: str) -> str:
    """``<database>_<component>``; of a name too long for that, its beginning and a digest."""
    name = f"{database}_{component}"
    if len(name.encode()) <= LONGEST:
        return name
    digest = hashlib.sha256(database.encode()).hexdigest()[:8]
    kept = database.encode()[: LONGEST - len(component) - len(digest) - 2].decode(errors="ignore")
    return f"{kept}_{digest}_{component}"


def login(url: str, component: str, password: str) -> str:
    """The owner's URL with the role of ``component`` in its place."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    account = ":".join(quote(text, safe="") for text in (role(_database(url), component), password))
    return urlunsplit(parts._replace(netloc=f"{account}@{host}"))


def login_of(url: str) -> tuple[str, str]:
    """(account, database)."""
    return unquote(urlsplit(url).username or ""), _database(url)


def absent(connection: psycopg.Connection) -> list[str]:
    """Components whose role does not exist."""
    names = {role(connection.info.dbname, component): component for component in COMPONENTS}
    found = connection.execute("select rolname from pg_roles where rolname = any(%s)", [list(names)]).fetchall()
    return [component for name, component in names.items() if (name,) not in found]


def creation(database: str, owner: str, components: list[str]) -> str:
    """SQL that creates roles, without passwords, for an account with the attribute CREATEROLE."""
    statements = []
    for component in components:
        name = _quoted(role(database, component))
        statements += [f"create role {name} login;"]
        # The owner hands tables over to the pipeline, and builds them itself where it runs the pipeline.
        statements += [f"grant {name} to {_quoted(owner)};"] if component == "pipeline" else []
    return "\n".join(statements)


def establish(url: str, passwords: Mapping[str, str]) -> str | None:
    """Create the missing roles of a migrated database and grant all roles their privileges.

    ``url``: the owner's. ``passwords`` are set if the owner has CREATEROLE. If it lacks that and a role is missing,
    nothing is done, and the SQL of ``creation`` is returned.
    """
    with psycopg.connect(url, prepare_threshold=None) as connection:
        lock(connection)
        database, owner = connection.info.dbname, _one(connection, "select current_user")
        may_create = _one(connection, "select rolcreaterole or rolsuper from pg_roles where rolname = current_user")
        if missing := absent(connection):
            script = creation(database, owner, missing)
            if not may_create:
                return script
            connection.execute(script.encode())
        if may_create:
            _set_passwords(connection, passwords)
        for statement in _grants(connection, database):
            connection.execute(statement)
    return None


def lock(connection: psycopg.Connection) -> None:
    """Let one process at a time change roles and owners, until its transaction ends.

    A lock of a table that components can only read: an advisory lock could be held by any of them.
    """
    connection.execute("lock table public.schema_version in share row exclusive mode")


def hand_over(url: str, database: str) -> None:
    """Make the pipeline of ``database`` the owner of a sibling database and of all in it, and let the exporter read it.

    ``url``: of the owner so far, in the sibling database.
    """
    owner, reader = role(database, "pipeline"), role(database, "exporter")
    # The search path of a database can be set to functions of the pipeline, which the owner would execute.
    with psycopg.connect(url, prepare_threshold=None, options="-c search_path=pg_catalog") as connection:
        pipeline, exporter = sql.Identifier(owner), sql.Identifier(reader)
        known = "select from pg_default_acl where defaclnamespace = 'public'::regnamespace and defaclrole = %s::regrole"
        if connection.execute(known, [pipeline.as_string(connection)]).fetchone():
            return
        execute = connection.execute
        execute(sql.SQL("grant usage, create on schema public to {}").format(pipeline))  # new owners need it
        everything = execute("""
            select case relkind when 'S' then 'sequence' when 'v' then 'view' else 'table' end, relname
            from pg_class
            where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v', 'S')
                and (relkind <> 'S' or not exists (  -- a column's sequence goes with its table
                    select from pg_depend
                    where classid = 'pg_class'::regclass and objid = pg_class.oid and deptype in ('a', 'i')))
            union all
            select 'type', typname from pg_type where typnamespace = 'public'::regnamespace and typtype = 'e'
        """).fetchall()
        for kind, name in everything:
            statement = sql.SQL("alter {} public.{} owner to {}")
            execute(statement.format(sql.SQL(kind), sql.Identifier(name), pipeline))
        execute(sql.SQL("grant select on all tables in schema public to {}").format(exporter))
        later = sql.SQL("alter default privileges for role {} in schema public grant select on tables to {}")
        execute(later.format(pipeline, exporter))
        with suppress(psycopg.errors.InsufficientPrivilege), connection.transaction():  # it takes CREATEDB
            beside = sql.Identifier(connection.info.dbname)
            execute(sql.SQL("alter database {} owner to {}").format(beside, pipeline))


def passwords_in(urls: Mapping[str, str], owner: str) -> dict[str, str]:
    """Of components whose URL logs in as their role; ``owner``: the owner's URL."""
    found, database = {}, _database(owner)
    for component, url in urls.items():
        password = urlsplit(url).password
        if password and login_of(url) == (role(database, component), database):
            found[component] = unquote(password)
    return found


def _set_passwords(connection: psycopg.Connection, passwords: Mapping[str, str]) -> None:
    """The server sees, and logs, only what it stores of a password."""
    for component, password in passwords.items():
        name = role(connection.info.dbname, component)
        stored = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
        statement = sql.SQL("alter role {} with login password {}")
        connection.execute(statement.format(sql.Identifier(name), sql.Literal(stored)))


def _grants(connection: psycopg.Connection, database: str) -> list[sql.Composed]:
    names = {component: sql.Identifier(role(database, component)) for component in COMPONENTS}
    everyone = sql.SQL(", ").join(names.values())
    statements = [
        sql.SQL("grant usage on schema public to {}").format(everyone),
        sql.SQL("grant select on public.schema_version to {}").format(everyone),
    ]
    for component, name in names.items():
        if TABLES[component]:
            statements.append(sql.SQL("grant usage on schema serving to {}").format(name))
        for tables, actions in TABLES[component].items():
            statement = sql.SQL("grant {} on {} to {}")
            statements.append(statement.format(sql.SQL(actions), sql.SQL(tables), name))
        for schema in READS[component]:
            place = sql.Identifier(schema)
            statements.append(sql.SQL("grant usage on schema {} to {}").format(place, name))
            statements.append(sql.SQL("grant select on all tables in schema {} to {}").format(place, name))
    for component in QUEUES:
        grant = sql.SQL("grant {} to {}")
        statements += [grant.format(sql.SQL(what), names[component]) for what in ON_QUEUE]
    return [*statements, *_for_pipeline(connection, names)]


def _for_pipeline(connection: psycopg.Connection, names: Mapping[str, sql.Identifier]) -> list[sql.Composed]:
    """Privileges on rows of the migrations' tables, only INSERT on insert-only ones; ownership of what dbt builds."""
    pipeline, statements = names["pipeline"], []
    actions = "insert, update, delete, truncate"
    if connection.info.server_version >= 170000:
        actions += ", maintain"  # to analyze what it filled
    tables = connection.execute(
        """
        select relnamespace::regnamespace::text, relname,
            exists (select from pg_trigger where tgrelid = pg_class.oid and tgname = 'insert_only'),
            pg_get_userbyid(relowner), relkind
        from pg_class where relnamespace::regnamespace::text = any(%s) and relkind in ('r', 'p', 'v', 'm')
        """,
        [list(LAYERS)],
    ).fetchall()
    for schema, name, only_grows, owner, kind in tables:
        table = sql.Identifier(schema, name)
        if schema in BUILT and f"{schema}.{name}" not in KEPT | LEFT_OUT:
            if owner != role(connection.info.dbname, "pipeline"):
                what = sql.SQL({"v": "view", "m": "materialized view"}.get(kind, "table"))
                statements.append(sql.SQL("alter {} {} owner to {}").format(what, table, pipeline))
        elif kind in ("r", "p"):
            allowed = sql.SQL("insert" if only_grows else actions)
            statements.append(sql.SQL("grant {} on {} to {}").format(allowed, table, pipeline))
    built = sql.SQL(", ").join(map(sql.Identifier, BUILT))
    readers = sql.SQL(", ").join(name for component, name in names.items() if set(BUILT) <= {*READS[component]})
    by_default = sql.SQL("alter default privileges {} in schema {} grant select on tables to {}")
    return [
        sql.SQL("grant create on schema {} to {}").format(built, pipeline),  # first: the new owner of a table needs it
        *statements,
        by_default.format(sql.SQL("for role {}").format(pipeline), built, readers),
        by_default.format(sql.SQL(""), built, readers),  # what the owner builds, where it runs the pipeline
    ]


def _database(url: str) -> str:
    return unquote(urlsplit(url).path.lstrip("/"))


def _one(connection: psycopg.Connection, query: str) -> Any:
    found = connection.execute(query.encode()).fetchone()
    assert found
    return found[0]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
