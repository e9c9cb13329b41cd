"""One archived body loaded again, without network: an engineer's way back to an earlier delivery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.domain import LEAGUES, Season
from footpred_dagster.sources.fetching.fetch import Target
from footpred_dagster.sources.fetching.fetch_log import newest_bodies, restore_log
from footpred_dagster.sources.football_data.load import results_target
from footpred_dagster.sources.raw_source import Loaded
from footpred_dagster.sources.registry import source_of, targets_of


class NotReplayable(ValueError):
    """It cannot be told which partition the body belongs to; the message says what to add."""


@dataclass(frozen=True, slots=True)
class Part:
    """What a partition holds now; ``rows_before`` is None when it was never loaded."""

    target: Target
    loaded: Loaded
    rows_before: int | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a body was put into.

    parts: one partition, or every season of an extra league's file.
    first_fetched: when the body was first seen at ``path``; None when the log does not say.
    newest: sha256 of the newest body of that path, to which the next run goes back; None when there is none.
    """

    path: str
    parts: list[Part]
    first_fetched: datetime | None
    newest: str | None


def replay(
    connection: psycopg.Connection, archive: Archive, digest: str, league: str | None, season: Season | None
) -> Replayed:
    """Load ``digest`` into its partitions, in one transaction under their locks.

    They are the ones named or, without a league, those of the file the fetch log names: this database's log or, where
    that says nothing, the archive's. Raises NotReplayable, or ArchiveError when the body is missing or damaged. A
    partition that refuses the body keeps its rows, as does a season that an extra league's file no longer holds.
    """
    targets = _named(league, season) if league or season else _logged(connection, archive, digest)
    path, source = targets[0].path, source_of(targets[0])
    with connection.transaction():
        before = [source.rows(connection, target) for target in targets]
        loaded = [source.load_body(connection, archive, digest, target) for target in targets]
    fetched = connection.execute(
        "select min(fetched_at) from raw.fetches where sha256 = %s and path = %s", [digest, path]
    ).fetchone()
    parts = list(map(Part, targets, loaded, before))
    return Replayed(path, parts, fetched[0] if fetched else None, newest_bodies(connection, [path]).get(path))


def _named(league: str | None, season: Season | None) -> list[Target]:
    """Two only where a league that changed its calendar began two seasons in one year."""
    if league is None or season is None:
        raise NotReplayable("a partition is named by both: --league E0 --season 2425")
    if league not in LEAGUES:
        raise NotReplayable(f"unknown league {league}; known are {', '.join(LEAGUES)}")
    either = (season, Season(season.start, autumn=False))
    targets = [results_target(league, candidate) for candidate in either if LEAGUES[league].has(candidate)]
    if not targets:
        raise NotReplayable(f"{league} has no season that began in {season.start}")
    return targets


def _logged(connection: psycopg.Connection, archive: Archive, digest: str) -> Sequence[Target]:
    """The partitions of the one file that had this body."""
    if not (paths := _paths_of(connection, digest)):
        restore_log(connection, archive)
        paths = _paths_of(connection, digest)
    files = [targets for path in paths if (targets := targets_of(path))]
    if len(files) != 1:
        what = f"the body of several files ({', '.join(paths)})" if files else "the body of no known file"
        raise NotReplayable(f"{digest} is, by the fetch log, {what}: say which partition, with --league and --season")
    return files[0]


def _paths_of(connection: psycopg.Connection, digest: str) -> list[str]:
    rows = connection.execute("select distinct path from raw.fetches where sha256 = %s order by 1", [digest])
    return [path for (path,) in rows]
