"""One archived body loaded again, without network: an engineer's way back to an earlier delivery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import psycopg

from footpred_dagster.core.domain import MAIN_LEAGUES, Season
from footpred_dagster.core.storage import Archive
from footpred_dagster.sources.base import parse_results_path
from footpred_dagster.sources.fetch import Target
from footpred_dagster.sources.fetch_log import newest_bodies, restore_log
from footpred_dagster.sources.load import FIXTURES, Loaded, load_fixtures, load_results, results_target


class NotReplayable(ValueError):
    """It cannot be told which partition the body belongs to; the message says what to add."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a partition holds now.

    first_fetched: when the body was first seen there; None when the log does not say.
    rows_before: None when the partition was empty.
    newest: sha256 of the newest body of that path, to which the next run goes back; None when there is none.
    """

    target: Target
    loaded: Loaded
    rows_before: int | None
    first_fetched: datetime | None
    newest: str | None


def replay(
    connection: psycopg.Connection, archive: Archive, digest: str, league: str | None, season: Season | None
) -> Replayed:
    """Load ``digest`` into its partition, in one transaction under the partition's lock.

    The partition is the one named or, without a league, the one the fetch log names: this database's or, where that
    says nothing, the archive's. Raises NotReplayable, or ArchiveError when the body is missing or damaged. A refused
    body leaves the rows as they were.
    """
    target = _named(league, season) if league or season else _logged(connection, archive, digest)
    before = connection.execute(
        "select rows from raw.loads where partition_key = %s", [target.partition_key]
    ).fetchone()
    fetched = connection.execute(
        "select min(fetched_at) from raw.fetches where sha256 = %s and path = %s", [digest, target.path]
    ).fetchone()
    if pair := parse_results_path(target.path):
        loaded = load_results(connection, archive, *pair, digest=digest)
    else:
        loaded = load_fixtures(connection, archive, digest=digest)
    newest = newest_bodies(connection, [target.path]).get(target.path)
    return Replayed(target, loaded, before[0] if before else None, fetched[0] if fetched else None, newest)


def _named(league: str | None, season: Season | None) -> Target:
    if league is None or season is None:
        raise NotReplayable("a partition is named by both: --league E0 --season 2425")
    if league not in MAIN_LEAGUES:
        raise NotReplayable(f"unknown league {league}; known are {', '.join(MAIN_LEAGUES)}")
    return results_target(league, season)


def _logged(connection: psycopg.Connection, archive: Archive, digest: str) -> Target:
    """The one target whose file had this body."""
    if not (paths := _paths_of(connection, digest)):
        restore_log(connection, archive)
        paths = _paths_of(connection, digest)
    targets = []
    for path in paths:
        if pair := parse_results_path(path):
            targets.append(results_target(*pair))
        elif path == FIXTURES.path:
            targets.append(FIXTURES)
    if len(targets) != 1:
        what = f"the body of several files ({', '.join(paths)})" if targets else "the body of no known file"
        raise NotReplayable(f"{digest} is, by the fetch log, {what}: say which partition, with --league and --season")
    return targets[0]


def _paths_of(connection: psycopg.Connection, digest: str) -> list[str]:
    rows = connection.execute("select distinct path from raw.fetches where sha256 = %s order by 1", [digest])
    return [path for (path,) in rows]
