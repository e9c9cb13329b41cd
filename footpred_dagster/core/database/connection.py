"""One way to the database: a server of the user's, or the embedded one, started on demand.

The owner migrates; components work as roles of their own (``roles``), where they have a URL for that or the server is
ours.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import os
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg

from footpred_dagster.core import environment
from footpred_dagster.core.database import roles
from footpred_dagster.core.database.embedded_server import EmbeddedPostgres
from footpred_dagster.core.settings import COMPONENTS, OWNERS_URL, Settings, SettingsError

NEWEST_REVISION = max(
    path.name.partition("_")[0] for path in (Path(__file__).parents[1] / "migrations/versions").glob("0*.py")
)
"""Files in migrations/versions are named for their revision: ``0001_schemas.py``."""


ANSWER_SECONDS = 3
"""A server that does not answer by then is not asked for its schema before a component starts."""


class NoHome(RuntimeError):
    """The home holds no data yet; the message says where it is and what makes it."""


class NewerSchema(RuntimeError):
    """A newer footpred has migrated this database; the message says how far and what to do."""


class OlderSchema(RuntimeError):
    """This version needs a newer schema than an external database has; the message says what to run."""


@cache
def database_url(settings: Settings) -> str:
    """libpq URL of the owner; starts or attaches to the embedded server when no external one is set.

    libpq's variables are removed from this process with the embedded one: they are for other servers. Raises
    SettingsError where only URLs of components are known.
    """
    if settings.database_url:
        return settings.database_url
    if not settings.owned:
        raise SettingsError(f"this needs the owner of the database: set {OWNERS_URL}")
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
    if settings.external:
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


def component_url(settings: Settings, component: str) -> str:
    """libpq URL that a component connects with: its own, else the owner's of an external server.

    In the embedded server, which is started, each has its role: the database is migrated for that. Raises NewerSchema
    and OlderSchema where an external server answers and has another schema.
    """
    if not settings.external:
        prepare_database(settings)
        return _component_url(settings, component)
    url = _component_url(settings, component)
    if url not in _current:  # an older process says so when it starts anew
        with contextlib.suppress(psycopg.OperationalError):  # a component may start before its server does
            _refuse_other_schema(f"{url}{'&' if '?' in url else '?'}connect_timeout={ANSWER_SECONDS}")
            _current.add(url)
    return url


_current: set[str] = set()
"""External databases that this process saw at its own schema."""


def known_url(settings: Settings, component: str) -> str | None:
    """``component_url`` without starting a server: None until the embedded one was made."""
    owner = settings.database_url if settings.external else EmbeddedPostgres(settings.home).url()
    return _component_url(settings, component, owner) if settings.external or owner else None


def _component_url(settings: Settings, component: str, owner: str | None = None) -> str:
    if url := dict(settings.component_urls).get(component):
        return url
    owner = owner or database_url(settings)
    return owner if settings.external else roles.login(owner, component, _password(owner, component))


def _password(owner: str, component: str) -> str:
    """Of a role in the embedded server. It follows from the owner's, which is kept in the home."""
    secret = unquote(urlsplit(owner).password or "")
    return hmac.new(secret.encode(), component.encode(), hashlib.sha256).hexdigest()


def prepare_database(settings: Settings) -> None:
    """Bring the embedded database of this home to this version, with its roles; only look at an external one.

    That is migrated by ``footpred migrate`` alone: whoever upgrades decides when. Raises psycopg.OperationalError when
    the server does not answer, NewerSchema when it is ahead, and OlderSchema when an external one is behind.
    """
    if settings.external:
        _refuse_other_schema(settings.database_url or settings.component_urls[0][1])
        return
    owner = database_url(settings)
    if migrate(owner) or not _has_roles(owner):
        establish_roles(settings)


def _refuse_other_schema(url: str) -> None:
    """Raise OlderSchema or NewerSchema unless the database is at the schema of this version."""
    if version := _older(url):
        raise OlderSchema(
            f"the database is at schema {version}, this footpred needs {NEWEST_REVISION}: run footpred migrate "
            f"with the owner's {OWNERS_URL}"
        )


_complete: set[str] = set()
"""Databases in which this process saw all roles."""


def _has_roles(owner: str) -> bool:
    if owner not in _complete:
        with psycopg.connect(owner, prepare_threshold=None) as connection:
            if not roles.absent(connection):
                _complete.add(owner)
    return owner in _complete


def establish_roles(settings: Settings) -> str | None:
    """``roles.establish`` for this home; returns the SQL that an administrator has to execute first, or None."""
    owner = database_url(settings)
    if settings.external:
        passwords = roles.passwords_in(dict(settings.component_urls), owner)
    else:
        passwords = {component: _password(owner, component) for component in COMPONENTS}
    return roles.establish(owner, passwords)


def connect(settings: Settings, component: str = "pipeline", *, autocommit: bool = False) -> psycopg.Connection:
    """A connection of a component in UTC."""
    return _connect(component_url(settings, component), autocommit)


def connect_migrated(settings: Settings | None = None, *, autocommit: bool = False) -> psycopg.Connection:
    """A connection of the pipeline to the database of this home, once ``prepare_database`` is done."""
    settings = settings or Settings.from_env()
    prepare_database(settings)
    return _connect(_component_url(settings, "pipeline"), autocommit)


def connect_as_owner(settings: Settings | None = None) -> psycopg.Connection:
    """As ``connect_migrated``, but with the owner's privileges. Raises SettingsError without the owner's URL."""
    settings = settings or Settings.from_env()
    owner = database_url(settings)
    prepare_database(settings)
    return _connect(owner, autocommit=False)


def _connect(url: str, autocommit: bool) -> psycopg.Connection:
    """Prepared statements are off so that a pgbouncer in front does no harm."""
    return psycopg.connect(
        url,
        autocommit=autocommit,
        prepare_threshold=None,
        options="-c timezone=UTC",
        application_name="footpred",
    )


@contextlib.contextmanager
def connect_reading(settings: Settings) -> Iterator[psycopg.Connection | None]:
    """A read-only connection to a database that exists, or None where it holds no tables yet.

    An embedded server that was down is started, and stopped again at the end. Raises NoHome where there is none.
    """
    url = database_url if settings.owned else partial(_component_url, component="pipeline")
    with left_as_found(settings), _connect(url(settings), autocommit=True) as connection:
        connection.read_only = True
        row = connection.execute("select to_regclass('raw.accepted') is not null").fetchone()
        yield connection if row == (True,) else None


def schema_version(url: str) -> str | None:
    """The revision the database is at; None before the first migration."""
    with psycopg.connect(url, prepare_threshold=None) as connection:
        if connection.execute("select to_regclass('public.schema_version') is not null").fetchone() != (True,):
            return None
        found = connection.execute("select version_num from public.schema_version").fetchone()
        return str(found[0]) if found else None


def _older(url: str) -> str | None:
    """The revision of a database that is behind this version, ``none`` before the first migration; None if it is not.

    Raises NewerSchema when it is ahead.
    """
    version = schema_version(url)
    if version and version > NEWEST_REVISION:
        raise NewerSchema(
            f"the database is at schema {version}, this footpred knows {NEWEST_REVISION}: a newer one has been here, "
            "update this one"
        )
    return None if version == NEWEST_REVISION else version or "none"


def migrate(url: str, revision: str = "head") -> bool:
    """Bring the schema to the newest version, or as far as ``revision``; whether it was behind. ``url``: the owner's.

    Safe from many processes at once. Raises psycopg.OperationalError when the server does not answer, NewerSchema when
    it is ahead of this version.
    """
    if not _older(url):
        return False
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
    return True
