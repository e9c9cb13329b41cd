"""``footpred migrate``: the database, and those beside it, brought to this version."""

from __future__ import annotations

import time
import warnings

import click
import psycopg

from footpred_dagster.cli.session import Session, with_session
from footpred_dagster.core.database.connection import database_url, establish_roles, schema_version
from footpred_dagster.core.database.connection import migrate as migrate_schema
from footpred_dagster.core.database.sibling_databases import sibling_database
from footpred_dagster.core.settings import Settings


@click.command()
@click.option("--wait", type=click.FloatRange(min=0), default=0.0, help="Seconds to wait for a database that starts.")
@with_session
def migrate(session: Session, wait: float) -> None:
    """Bring this database, and Dagster's beside it, to this version; for before an upgrade's new processes start.

    The embedded database is brought there by every command: this one is for a server of your own.
    """
    done = _migrate(session.settings, wait)
    lines = [f"schema {done['schema']}, before {done['before'] or 'none'}"]
    if done["roles_sql"]:
        lines += [
            "the owner lacks CREATEROLE: execute this as administrator, set the passwords, then migrate again",
            done["roles_sql"],
        ]
    session.tell(done, "\n".join(lines))


def _migrate(settings: Settings, wait: float) -> dict[str, str | None]:
    """``schema`` as it is now and ``before``; ``roles_sql``: for an administrator, None if no role is missing.

    Raises psycopg.OperationalError when no server answers for ``wait`` s.
    """
    deadline = time.monotonic() + wait
    while True:
        try:
            url = database_url(settings)
            before = schema_version(url)
            break
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(1)
    migrate_schema(url)
    done = {"schema": schema_version(url), "before": before, "roles_sql": establish_roles(settings)}
    if settings.component_urls and done["roles_sql"]:
        return done  # the databases beside it belong to a role that does not exist yet
    from footpred_dagster.orchestration.instance import open_instance

    with warnings.catch_warnings(), open_instance(settings) as instance:
        warnings.simplefilter("ignore")  # alembic's, as Dagster calls it
        instance.upgrade()
    if settings.component_urls:
        for suffix in ("mlflow", "optuna"):  # like Dagster's: the pipeline's role cannot create them
            sibling_database(settings, suffix)
    return done
