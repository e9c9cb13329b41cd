"""Databases beside ours on the same server: of Dagster, MLflow and Optuna, and for a moment of a reproduction."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from footpred_dagster.core.database import roles
from footpred_dagster.core.database.connection import component_url, database_url
from footpred_dagster.core.settings import Settings, SettingsError


def sibling_database(settings: Settings, suffix: str, component: str = "pipeline") -> str:
    """A component's URL of the database ``<name>_<suffix>`` on the same server, whose owner is the pipeline's role.

    A missing one is created; raises psycopg.errors.InsufficientPrivilege if the account lacks CREATEDB: then an
    administrator creates it once. The owner of our database connects to it only to hand it over: later the pipeline
    could have put functions there that the owner would execute.
    """
    own = component_url(settings, component)
    parts = urlsplit(own)
    name = f"{parts.path.lstrip('/')}_{suffix}"
    if len(name.encode()) > roles.LONGEST:  # PostgreSQL would cut it, down to our own database's
        raise SettingsError(f"the database's name leaves no room for {name}: take one of at most 54 bytes")
    if not settings.owned and component != "pipeline":
        return urlunsplit(parts._replace(path=f"/{name}"))
    owner = database_url(settings) if settings.owned else own
    with psycopg.connect(owner, autocommit=True, prepare_threshold=None) as connection:
        if _owner_of(connection, name) is None:
            # Suppressed: another process was first.
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        database = connection.info.dbname
        if owner != own and _owner_of(connection, name) != (pipeline := roles.role(database, "pipeline")):
            with connection.transaction():
                roles.lock(connection)
                if _owner_of(connection, name) != pipeline:
                    roles.hand_over(urlunsplit(urlsplit(owner)._replace(path=f"/{name}")), database)
    return urlunsplit(parts._replace(path=f"/{name}"))


def _owner_of(connection: psycopg.Connection, database: str) -> str | None:
    """None if there is no such database."""
    query = "select pg_get_userbyid(datdba) from pg_database where datname = %s"
    found = connection.execute(query, [database]).fetchone()
    return str(found[0]) if found else None


@contextlib.contextmanager
def scratch_database(url: str, suffix: str) -> Iterator[str]:
    """URL of an empty database ``<name>_<suffix>`` on the same server, dropped at the end whatever happens.

    One process at a time has it: a second waits. What a killed one left behind is dropped first.
    Raises psycopg.errors.InsufficientPrivilege when the account may not create databases.
    """
    parts = urlsplit(url)
    name = f"{parts.path.lstrip('/')}_{suffix}"
    drop = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        connection.execute("select pg_advisory_lock(hashtext(%s))", [name])
        try:
            connection.execute(drop)
            connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
            yield urlunsplit(parts._replace(path=f"/{name}"))
        finally:
            connection.execute(drop)
