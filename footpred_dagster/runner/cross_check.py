"""What ``footpred run`` does about openfootball: nothing while it is off, a warning at most when it is silent."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

import psycopg

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.settings import Settings
from footpred_dagster.runner.selection import Selection
from footpred_dagster.sources.catalog import UnknownSource, open_openfootball
from footpred_dagster.sources.clients.archive import ArchiveSource
from footpred_dagster.sources.clients.base import SourceUnavailable
from footpred_dagster.sources.clients.directory import DirectorySource
from footpred_dagster.sources.fetching.fetch import fetch
from footpred_dagster.sources.league_seasons import LeagueSeason
from footpred_dagster.sources.openfootball.load import due, targets, unsettled


def second_source(settings: Settings, where: str) -> str | None:
    """Where the second opinion of a run comes from; one from the archive asks nobody for it either."""
    return where if settings.openfootball and where == ArchiveSource.name else settings.openfootball


def consult(
    connection: psycopg.Connection, archive: Archive, where: str, selection: Selection
) -> tuple[bool, str | None]:
    """Ask for the selection's files: whether something is to be loaded, and a warning if nobody answered."""
    pairs = [
        (target, LeagueSeason.parse(target.partition_key.partition("|")[2]))
        for target in targets(datetime.now(UTC).date())
    ]
    wanted = [target for target, pair in pairs if selection.covers(pair.league, pair.season)]
    warning = None
    try:
        with closing(open_openfootball(where)) as site:
            local = isinstance(site, DirectorySource)
            fetch(connection, archive, site, wanted if local else unsettled(connection, wanted))
    except (SourceUnavailable, UnknownSource) as error:
        warning = f"openfootball does not answer, results stand without a second opinion: {error}"
    return bool(due(connection, wanted)), warning
