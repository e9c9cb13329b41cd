"""Which sources there are, by the names users and configuration give them."""

from __future__ import annotations

from pathlib import Path

import psycopg

from footpred_dagster.core.matches.data_origin import simulated
from footpred_dagster.sources import openfootball
from footpred_dagster.sources.clients.archive import ArchiveSource
from footpred_dagster.sources.clients.base import Source
from footpred_dagster.sources.clients.directory import DirectorySource
from footpred_dagster.sources.clients.http import HttpSource
from footpred_dagster.sources.clients.site_address import without_account
from footpred_dagster.sources.simulator.source import SIMULATOR_NAME, SimulatedSite

SITE_NAME = "football-data"
SITE_URL = "https://football-data.co.uk"
"""Without ``www.``: the bare host has answered throughout; ``HttpSource`` falls back to the other one."""


class UnknownSource(ValueError):
    """Nothing goes by that name; the message says which forms are accepted."""


def open_source(where: str) -> Source | ArchiveSource:
    """The source a configuration value names; nothing is requested yet. Raises UnknownSource."""
    if where == ArchiveSource.name:
        return ArchiveSource()
    if where == SITE_NAME:
        return HttpSource(SITE_URL, name=SITE_NAME)
    if where == SIMULATOR_NAME:
        return SimulatedSite()
    if where.lower().startswith(("http://", "https://")):
        try:
            return HttpSource(where)
        except ValueError as error:
            raise UnknownSource(str(error)) from error
    if where and (root := Path(where).expanduser()).is_dir():
        return DirectorySource(root)
    raise UnknownSource(
        f"{without_account(where)!r} is not a source: write {SITE_NAME!r}, {SIMULATOR_NAME!r}, "
        f"{ArchiveSource.name!r}, an http(s):// address, or an existing folder laid out like the site "
        "(mmz4281/2425/E0.csv)"
    )


def open_openfootball(where: str) -> Source | ArchiveSource:
    """``openfootball`` for the repository itself, or as ``open_source``; raises UnknownSource."""
    if where == openfootball.SITE_NAME:
        return HttpSource(openfootball.SITE_URL, name=openfootball.SITE_NAME)
    return open_source(where)


def usual_source(connection: psycopg.Connection) -> str:
    """Where to ask when nobody says: the simulator for a database that was filled from it, else the site."""
    return SIMULATOR_NAME if simulated(connection) else SITE_NAME
