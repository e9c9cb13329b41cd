"""The code location of a home that is ours, and its resources bent to the database and archive of one test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import psycopg
import pytest

from footpred_dagster.core.archive.local import LocalArchive


@pytest.fixture(scope="session")
def definitions(home) -> dg.Definitions:
    from footpred_dagster.definitions import defs  # the home must be set before the resources read it

    return defs()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


@pytest.fixture
def own_warehouse(home, database_url: str) -> dg.ConfigurableResource:
    from footpred_dagster.defs.resources import Warehouse

    class OwnWarehouse(Warehouse):
        @contextmanager
        def connect(self, *, autocommit: bool = False) -> Iterator[psycopg.Connection]:
            with psycopg.connect(database_url, autocommit=autocommit) as connection:
                yield connection

    return OwnWarehouse()


@pytest.fixture
def own_archive(home, archive: LocalArchive) -> dg.ConfigurableResource:
    from footpred_dagster.defs.resources import ArchiveStore

    class OwnArchive(ArchiveStore):
        def open(self) -> LocalArchive:
            return archive

    return OwnArchive()
