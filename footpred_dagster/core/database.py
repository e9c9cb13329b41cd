"""One way to the database: the external server of FOOTPRED_DATABASE_URL, or the embedded one, started on demand."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from footpred_dagster.core import environment
from footpred_dagster.core.postgres import EmbeddedPostgres
from footpred_dagster.core.settings import Settings

NEWEST_REVISION = max(
    path.name.partition("_")[0] for path in (Path(__file__).parent / "migrations/versions").glob("0*.py")
)
"""Files in migrations/versions are named for their revision: ``0001_schemas.py``."""


class NoHome(RuntimeError):
    """The home holds no data yet; the message says where it is and what makes it."""


class NewerSchema(RuntimeError):
    """A newer footpred has migrated this database; the message says how far and what to do."""


@cache
def database_url(settings: Settings) -> str:
    """libpq URL of the owner; starts or attaches to the embedded server when no external one is set.

    libpq's variables are removed from this process with the embedded one: they are for other servers.
    """
    if settings.database_url:
        return settings.database_url
    environment.remove(environment.LIBPQ)
    environment.protect_files()
    EmbeddedPostgres(settings.home).start()
    _use(settings.home)
    return EmbeddedPostgres(settings.home).start()  # again: it may have been stopped before it was in use


_used: dict[Path, int] = {}
"""Descriptors of the locks that this process holds, by home."""


def _use(home: Path) -> None:
    """Hold a shared lock until this process ends: a reading command stops no server that another process uses."""
    if home not in _used:
        _used[home] = os.open(home / "postgres" / "users", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(_used[home], fcntl.LOCK_SH)


def database_state(settings: Settings) -> str:
    """``running``, ``stopped``, or ``absent`` where no embedded server was made yet. Starts none."""
    if settings.database_url:
        return "running"
    if not settings.has_embedded_database:
        return "absent"
    return "running" if EmbeddedPostgres(settings.home).running() else "stopped"


@contextlib.contextmanager
def left_as_found(settings: Settings) -> Iterator[None]:
    """For commands that read: an embedded server that was down is stopped at the end, unless another process uses it.

    Raises NoHome where there is none: reading makes no home.
    """
    before = database_state(settings)
    if before == "absent":
        raise NoHome(f"there is no data in {settings.home}: footpred demo or footpred run makes it")
    try:
        yield
    finally:
        if before == "stopped":
            _stop_unless_used(settings)


def _stop_unless_used(settings: Settings) -> None:
    descriptor = _used.pop(settings.home, None)
    if descriptor is None:  # it was not started
        return
    database_url.cache_clear()
    try:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            EmbeddedPostgres(settings.home).stop()
    finally:
        os.close(descriptor)


def connect(settings: Settings, *, autocommit: bool = False) -> psycopg.Connection:
    """A psycopg connection in UTC. Prepared statements are off so that a pgbouncer in front does no harm."""
    return psycopg.connect(
        database_url(settings),
        autocommit=autocommit,
        prepare_threshold=None,
        options="-c timezone=UTC",
        application_name="footpred",
    )


def connect_migrated() -> psycopg.Connection:
    """A connection to the database of this home, which is started and brought to this version first."""
    settings = Settings.from_env()
    migrate(database_url(settings))
    return connect(settings)


@contextlib.contextmanager
def connect_reading(settings: Settings) -> Iterator[psycopg.Connection | None]:
    """A read-only connection to a database that exists, or None where it holds no tables yet.

    An embedded server that was down is started, and stopped again at the end. Raises NoHome where there is none.
    """
    with left_as_found(settings), connect(settings, autocommit=True) as connection:
        connection.read_only = True
        row = connection.execute("select to_regclass('raw.accepted') is not null").fetchone()
        yield connection if row == (True,) else None


def sibling_database(url: str, suffix: str) -> str:
    """URL of the database ``<name>_<suffix>`` on the same server, created if missing.

    Raises psycopg.errors.InsufficientPrivilege when the account may not create it: create it once by hand.
    """
    parts = urlsplit(url)
    name = f"{parts.path.lstrip('/')}_{suffix}"
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:
        if not connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
            # Suppressed: another process was first.
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
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


def schema_version(url: str) -> str | None:
    """The revision the database is at; None before the first migration."""
    with psycopg.connect(url, prepare_threshold=None) as connection:
        if connection.execute("select to_regclass('public.schema_version') is not null").fetchone() != (True,):
            return None
        found = connection.execute("select version_num from public.schema_version").fetchone()
        return str(found[0]) if found else None


def migrate(url: str, revision: str = "head") -> None:
    """Bring the schema to the newest version, or as far as ``revision``; safe from many processes at once.

    Raises psycopg.OperationalError when the server does not answer, NewerSchema when it is ahead of this version.
    """
    version = schema_version(url)
    if version == NEWEST_REVISION:
        return
    if version and version > NEWEST_REVISION:
        raise NewerSchema(
            f"the database is at schema {version}, this footpred knows {NEWEST_REVISION}: a newer one has been here, "
            "update this one"
        )
    # Alembic and SQLAlchemy take half a second to import: only who migrates pays.
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    config = Config()
    config.set_main_option("script_location", "footpred_dagster.core:migrations")
    engine = create_engine("postgresql+psycopg://" + url.partition("://")[2], poolclass=NullPool)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
