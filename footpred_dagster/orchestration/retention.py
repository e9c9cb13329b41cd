"""What is forgotten: runs nobody will look at again, and requests that brought nothing.

Ticks are forgotten by Dagster itself (``instance.POLICY``); the archive, the ledger and results are kept for ever.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import dagster as dg
import psycopg
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

KEPT_FOR = timedelta(days=30)
FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


@dataclass(frozen=True, slots=True)
class Forgotten:
    """runs: with their events and logs; kept: old runs that somebody still needs; requests: rows of ``raw.fetches``."""

    runs: int
    kept: int
    requests: int


def forget(
    instance: dg.DagsterInstance,
    connection: psycopg.Connection,
    checks: Collection[dg.AssetCheckKey],
    before: datetime,
) -> Forgotten:
    """Delete what was over ``before``, but for runs that hold the newest word on an asset, a partition or a check."""
    ended = instance.get_run_ids(dg.RunsFilter(statuses=FINISHED, updated_before=before))
    needed = _newest_words(instance, checks)
    gone = [run_id for run_id in ended if run_id not in needed]
    for run_id in gone:
        instance.delete_run(run_id)
        instance.compute_log_manager.delete_logs(prefix=[run_id])
    _forget_checks(instance, gone)
    return Forgotten(len(gone), len(ended) - len(gone), _forget_requests(connection, before))


def _newest_words(instance: dg.DagsterInstance, checks: Collection[dg.AssetCheckKey]) -> set[str]:
    """Ids of the runs in which an asset, one of its partitions or a check was last heard of."""
    events = instance.event_log_storage
    needed = {record.run_id for record in events.get_latest_asset_check_execution_by_key(list(checks)).values()}
    for record in instance.get_asset_records():
        key, entry = record.asset_entry.asset_key, record.asset_entry
        heard = {entry.last_run_id, entry.last_materialization and entry.last_materialization.run_id}
        needed |= {run_id for run_id in heard if run_id}
        ids = events.get_latest_storage_id_by_partition(key, dg.DagsterEventType.ASSET_MATERIALIZATION).values()
        if ids:
            found = dg.AssetRecordsFilter(asset_key=key, storage_ids=list(ids))
            needed |= {each.run_id for each in instance.fetch_materializations(found, limit=len(ids)).records}
    return needed


def _forget_checks(instance: dg.DagsterInstance, runs: Collection[str]) -> None:
    """Dagster leaves the evaluations of a run it deletes."""
    storage = instance.event_log_storage
    if isinstance(storage, SqlEventLogStorage) and runs:
        table = AssetCheckExecutionsTable
        with storage.index_connection() as connection:
            connection.execute(table.delete().where(table.c.run_id.in_(list(runs))))


def _forget_requests(connection: psycopg.Connection, before: datetime) -> int:
    """Answers that brought no body, but for the newest of each file; the archive's own log has them all."""
    return connection.execute(
        """
        delete from raw.fetches as old
        where fetched_at < %s and status <> 200 and segment is not null and exists (
            select from raw.fetches as newer
            where newer.path = old.path and newer.source = old.source
                and (newer.fetched_at, newer.fetch_id) > (old.fetched_at, old.fetch_id)
        )
        """,
        [before],
    ).rowcount
