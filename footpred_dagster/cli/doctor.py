"""``footpred doctor``: where a home is and what is wrong with it; light, as it answers when the platform does not."""

from __future__ import annotations

import shutil
import stat
import sys
from importlib.metadata import PackageNotFoundError, version

import click

from footpred_dagster.cli.output import print_doctor
from footpred_dagster.cli.session import FAILED, Session, with_session
from footpred_dagster.core.archive.base import ArchiveError
from footpred_dagster.core.settings import COMPONENTS, Settings, component_variable

SHOWN_VERSIONS = ("footpred", "dagster", "dbt-core", "dbt-postgres", "pandas", "scikit-learn", "psycopg")
FREE_DISK_WARNING = 2 * 2**30
"""Bytes: a full history with its archive and database takes about half of this."""


@click.command()
@with_session
def doctor(session: Session) -> None:
    """Where this home is, what it runs on, how to reach its database, and what is wrong with it."""
    from footpred_dagster.core.database.connection import (
        component_url,
        connect_migrated,
        database_state,
        database_url,
        left_as_found,
    )
    from footpred_dagster.sources.catalog import usual_source

    settings = session.settings
    database, url, source = database_state(settings), None, settings.source
    if database != "absent":
        with left_as_found(settings):
            url = database_url(settings) if settings.owned else component_url(settings, "pipeline")
            with connect_migrated(settings) as connection:
                source = settings.source or usual_source(connection)
    report = {
        "home": str(settings.home),
        "database": database,
        "database_url": url,
        "source": source,
        "archive": session.archive.place,
        "versions": versions(),
        "problems": home_problems(session),
        "warnings": warnings(settings),
    }
    session.tell(report, lambda: print_doctor(report))
    sys.exit(FAILED if report["problems"] else 0)


def versions() -> dict[str, str]:
    found = {"python": sys.version.split()[0]}
    for package in SHOWN_VERSIONS:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def warnings(settings: Settings) -> list[str]:
    """What works, and is less safe than it could be."""
    from footpred_dagster.core.database.roles import login_of, role  # psycopg: only where there is a database

    found, own = [], dict(settings.component_urls)
    missing = [component_variable(component) for component in COMPONENTS if component not in own]
    if settings.database_url and missing:
        found.append(f"components connect as the owner of the database, without limits: set {', '.join(missing)}")
    for component, url in own.items():
        account, database = login_of(url)
        if account != (expected := role(database, component)):
            found.append(f"{component_variable(component)} logs in as {account}, not as {expected}")
    return found


def home_problems(session: Session) -> list[str]:
    """What will go wrong soon, each with the way out."""
    problems, settings = [], session.settings
    existing = next(folder for folder in (settings.home, *settings.home.parents) if folder.is_dir())
    free = shutil.disk_usage(existing).free
    if free < FREE_DISK_WARNING:
        problems.append(f"{free / 2**30:.1f} GiB free under {settings.home}: make room or move FOOTPRED_HOME")
    if settings.home.is_dir() and settings.home.stat().st_mode & stat.S_IWOTH:
        problems.append(f"every account can write in {settings.home}: chmod o-w it")
    try:
        session.archive.segments()
    except ArchiveError as error:
        problems.append(str(error))
    return problems
