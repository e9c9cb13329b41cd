"""How commands end when something is wrong outside of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

FAILED = 1
REFUSED_FILES = 3
"""Exit codes: something failed; all was done, but files of the source were refused."""


@contextmanager
def failures_explained() -> Iterator[None]:
    """Faults a user can do something about end in one line and exit code 1; anything else is a bug and shows itself."""
    import psycopg

    from footpred_dagster.core.backup import BackupError
    from footpred_dagster.core.database import NewerSchema
    from footpred_dagster.core.postgres import EmbeddedPostgresError
    from footpred_dagster.core.postgres_tools import PostgresToolsError
    from footpred_dagster.core.provenance import MixedOrigins
    from footpred_dagster.core.settings import SettingsError
    from footpred_dagster.core.storage import ArchiveError

    try:
        yield
    except (
        *(ArchiveError, BackupError, EmbeddedPostgresError, MixedOrigins),
        *(NewerSchema, PostgresToolsError, SettingsError),
    ) as error:
        raise click.ClickException(str(error)) from error
    except psycopg.OperationalError as error:
        raise click.ClickException(f"the database does not answer: {error}\nfootpred doctor says more") from error
