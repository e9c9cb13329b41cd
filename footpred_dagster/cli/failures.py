"""How commands end when something is wrong outside of them."""

from __future__ import annotations

from typing import Any

import click

FAILED = 1
REFUSED_FILES = 3
"""Exit codes: something failed; all was done, but files of the source were refused."""


class Explained(click.Group):
    """Commands whose faults, if a user can do something about them, end in one line and exit code 1.

    Anything else is a bug and shows itself.
    """

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            told = _explained(error)
            if told is None:
                raise
            raise told from error


def _explained(error: Exception) -> click.ClickException | None:
    """``error`` as users are told of it; None for a bug. Imports what it may be only now: commands start quickly."""
    import psycopg

    from footpred_dagster.core.archive.base import ArchiveError
    from footpred_dagster.core.backup.backup import BackupError
    from footpred_dagster.core.database.client_tools import PostgresToolsError
    from footpred_dagster.core.database.connection import NewerSchema, NoHome, OlderSchema
    from footpred_dagster.core.database.embedded_server import EmbeddedPostgresError
    from footpred_dagster.core.matches.data_origin import MixedOrigins
    from footpred_dagster.core.settings import SettingsError

    known = (
        *(ArchiveError, BackupError, EmbeddedPostgresError, MixedOrigins),
        *(NewerSchema, NoHome, OlderSchema, PostgresToolsError, SettingsError),
    )
    if isinstance(error, known):
        return click.ClickException(str(error))
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return click.ClickException(
            f"{error}\nfootpred migrate with the owner's FOOTPRED_DATABASE_URL grants what is due"
        )
    if isinstance(error, psycopg.OperationalError):
        return click.ClickException(f"the database does not answer: {error}\nfootpred doctor says more")
    return None
