"""How raw assets ask the source: what it says is recorded, and its silence is no reason to throw rows away."""

from collections.abc import Sequence
from typing import Any

import dagster as dg
import psycopg

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.defs.resources import SourceSite
from footpred_dagster.sources.clients.base import SourceUnavailable
from footpred_dagster.sources.fetching.fetch import Target, fetch
from footpred_dagster.sources.football_data.load import due


def ask(
    context: dg.AssetExecutionContext,
    connection: psycopg.Connection,
    archive: Archive,
    source: SourceSite,
    targets: Sequence[Target],
) -> dict[str, Any]:
    """Fetch what changed, and return what the asset's event says of the source.

    A source that does not answer is a warning while rows of any of these partitions are loaded: they stay, and the
    time of the last answer shows how old they are. With nothing loaded or archived there is nothing to go on with:
    dg.Failure.
    """
    try:
        with source.open(connection) as site:
            report = fetch(connection, archive, site, targets, max_age=source.max_age)
    except SourceUnavailable as error:
        if not _any_loaded(connection, targets) and not due(connection, targets):
            raise dg.Failure(f"the source is unavailable and nothing was loaded before: {error}") from error
        context.log.warning("source unavailable, going on with what is archived: %s", error)
        return {"source": f"unavailable: {error}", **_last_answer(connection, targets)}
    for key in report.unchanged:
        partition = key if context.has_partition_key or context.has_partition_key_range else None
        context.log_event(dg.AssetObservation(context.asset_key, metadata={"source": "unchanged"}, partition=partition))
    for key in report.unreadable:
        context.log.warning("%s: the source gave no body; the check files_are_accepted says why; old rows stay", key)
    counts = {"changed": report.changed, "unchanged": report.unchanged, "fresh": report.fresh}
    counts |= {"not published yet": report.missing, "unreadable": report.unreadable}
    said = ", ".join(f"{len(keys)} {what}" for what, keys in counts.items() if keys)
    return {"source": said, **_last_answer(connection, targets)}


def _any_loaded(connection: psycopg.Connection, targets: Sequence[Target]) -> bool:
    keys = [target.partition_key for target in targets]
    found = connection.execute("select exists (select from raw.loads where partition_key = any(%s))", [keys]).fetchone()
    return found == (True,)


def _last_answer(connection: psycopg.Connection, targets: Sequence[Target]) -> dict[str, Any]:
    """When the source last said something about these files, whatever it was; nothing if it never did."""
    paths = [target.path for target in targets]
    row = connection.execute("select max(fetched_at) from raw.fetches where path = any(%s)", [paths]).fetchone()
    return {"source last answered": dg.MetadataValue.timestamp(row[0])} if row and row[0] else {}
