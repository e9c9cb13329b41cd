"""What commands are made of: a session with the home, an answer as JSON or text, and faults explained in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any

import click

from footpred_dagster.core.settings import Settings

if TYPE_CHECKING:
    import psycopg

    from footpred_dagster.core.archive.base import Archive

FAILED = 1
REFUSED_FILES = 3
"""Exit codes: something failed; all was done, but files of the source were refused."""


class Session:
    """What a command works with: the settings of its home, database and archive, and how it answers."""

    def __init__(self, *, as_json: bool) -> None:
        self.settings, self.as_json = Settings.from_env(), as_json

    @cached_property
    def archive(self) -> Archive:
        from footpred_dagster.core.archive.locations import open_archive

        return open_archive(self.settings)

    def connect(self, *, autocommit: bool = False) -> psycopg.Connection:
        """The pipeline's connection to the database of the home, which is started and prepared first."""
        from footpred_dagster.core.database.connection import connect_migrated

        return connect_migrated(self.settings, autocommit=autocommit)

    def tell(self, facts: Any, people: str | Callable[[], object]) -> None:
        """Print ``facts`` as one JSON object where --json is given; else a sentence, or what ``people`` prints."""
        if self.as_json:
            click.echo(json.dumps(facts))
        elif isinstance(people, str):
            click.echo(people)
        else:
            people()


def with_session(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --json to a command and pass it a Session as its first argument."""

    @click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, for programs.")
    @wraps(command)
    def with_json(*arguments: Any, as_json: bool, **options: Any) -> Any:
        return command(Session(as_json=as_json), *arguments, **options)

    return with_json


class Reading(click.Command):
    """A command that only reads: it makes no home, and stops the embedded server again if that was down."""

    def invoke(self, ctx: click.Context) -> Any:
        from footpred_dagster.core.database.connection import left_as_found

        with left_as_found(Settings.from_env()):
            return super().invoke(ctx)


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
