"""Databases beside ours on the same server: of Dagster, MLflow and Optuna, and for a moment of a reproduction."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from footpred_dagster.core import roles
from footpred_dagster.core.database import component_url, database_url
from footpred_dagster.core.settings import Settings, SettingsError


def sibling_database(settings: Settings, suffix: str, component: str = "pipeline") -> str:
    """A component's URL of the database ``<name>_<suffix>`` on the same server, which is the pipeline's.

    It is created if missing; raises psycopg.errors.InsufficientPrivilege when the account may not: create it once by
    hand.
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
        if not connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
            # Suppressed: another process was first.
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
        database = connection.info.dbname
    if owner != own:
        roles.hand_over(urlunsplit(urlsplit(owner)._replace(path=f"/{name}")), database)
    return urlunsplit(parts._replace(path=f"/{name}"))


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
