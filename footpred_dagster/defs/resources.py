"""Resources: thin, and each returns a core object. Assets write their own tables."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

import dagster as dg
import psycopg

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.archive.locations import open_archive
from footpred_dagster.core.database.connection import connect_migrated
from footpred_dagster.core.predictions.ledger import Kind
from footpred_dagster.core.settings import Settings
from footpred_dagster.orchestration.dbt_project import DBT, InstalledDbt, fresh_project
from footpred_dagster.orchestration.experiment_log import ExperimentLog
from footpred_dagster.orchestration.retry_policy import again_if_it_passes
from footpred_dagster.sources.catalog import open_openfootball, open_source, usual_source
from footpred_dagster.sources.clients.archive import ArchiveSource
from footpred_dagster.sources.clients.base import Source

SETTINGS = Settings.from_env()
PROJECT = fresh_project(SETTINGS)


class Warehouse(dg.ConfigurableResource):
    """The PostgreSQL every layer lives in; started and migrated on first use. Steps outlast its restart."""

    @contextmanager
    def connect(self, *, autocommit: bool = False) -> Iterator[psycopg.Connection]:
        with again_if_it_passes(), connect_migrated(SETTINGS, autocommit=autocommit) as connection:
            yield connection


class ArchiveStore(dg.ConfigurableResource):
    """The content-addressed archive: a folder, or an S3 bucket through dagster-aws."""

    def open(self) -> Archive:
        return open_archive(SETTINGS, _s3_client)


@cache
def _s3_client() -> Any:
    """One client per process; endpoint and credentials by the AWS_* variables."""
    from dagster_aws.s3 import S3Resource  # two seconds: only who keeps the archive on S3 pays

    return S3Resource().get_client()


class SourceSite(dg.ConfigurableResource):
    """Where results and fixtures come from: ``football-data``, ``simulator``, an http(s) base URL, a folder laid out
    like the site, or ``archive`` for what was fetched before. Empty: where the data of this home came from.

    A file answered for within the last ``max_age`` seconds is not asked for again: who planned a run has just asked.
    """

    where: str = SETTINGS.source or ""
    max_age: float = 0.0

    @contextmanager
    def open(self, connection: psycopg.Connection) -> Iterator[Source | ArchiveSource]:
        with closing(open_source(self.where or usual_source(connection))) as source:
            yield source


class SecondSource(dg.ConfigurableResource):
    """openfootball, off by default: ``openfootball`` for the repository, an http(s) base URL, or a folder like it.

    asked: who planned the run has fetched what he wants; only load.
    """

    where: str = SETTINGS.openfootball or ""
    asked: bool = False

    @contextmanager
    def open(self) -> Iterator[Source | ArchiveSource]:
        with closing(open_openfootball(self.where)) as source:
            yield source


class Clock(dg.ConfigurableResource):
    """The instant everything is trained, judged, counted and predicted as of; empty means now."""

    as_of: str = ""

    def now(self) -> datetime:
        return datetime.fromisoformat(self.as_of) if self.as_of else datetime.now(UTC)

    @property
    def kind(self) -> Kind:
        """Predictions made with a clock that was set are replays."""
        return "replay" if self.as_of else "live"


@dg.definitions
def resources() -> dg.Definitions:
    return dg.Definitions(
        resources={
            "warehouse": Warehouse(),
            "archive": ArchiveStore(),
            "source": SourceSite(),
            "second_source": SecondSource(),
            "clock": Clock(),
            "experiments": ExperimentLog(),
            "dbt": InstalledDbt(project_dir=PROJECT, dbt_executable=DBT),  # type: ignore[arg-type]  # its own validator takes one,
        }
    )
