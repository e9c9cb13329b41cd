"""What a refresh has to do: which files of the season under way are new, and whether somebody is at it already.

Nothing here is Dagster's but its instance: a sensor asks these questions and turns the answers into runs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import psycopg

from footpred_dagster.orchestration.partitions import ranges
from footpred_dagster.sources.clients.base import results_path
from footpred_dagster.sources.fetching.fetch import Target
from footpred_dagster.sources.fetching.fetch_log import bodies_of
from footpred_dagster.sources.football_data.load import FIXTURES, due, results_target
from footpred_dagster.sources.league_seasons import LeagueSeason, league_seasons

WORK_TAG = "footpred/work"
"""Names what a run is for: the same work is never under way twice, and is tried again only after a failure."""
FIRST_WAIT = timedelta(minutes=1)
MOST_TRIES = 6
"""A failed run is followed by another after one minute, then two, four and so on."""


@dataclass(frozen=True, slots=True)
class Refresh:
    """``partitions``: first and last of a range of raw/matches to load, or None; ``fixtures``: whether the list is new.

    key: what is to be loaded, as text: bodies and all, so that another body is other work, and so is one that is back.
    """

    key: str
    partitions: tuple[str, str] | None
    fixtures: bool


def followed(connection: psycopg.Connection, today: date) -> list[Target]:
    """The files of seasons under way in the leagues this warehouse holds, and the fixtures; none while it is empty."""
    rows = connection.execute(
        "select distinct split_part(partition_key, '|', 1) from raw.loads where partition_key <> %s",
        [FIXTURES.partition_key],
    ).fetchall()
    leagues = {league for (league,) in rows}
    pairs = [pair for pair in league_seasons(today) if pair.league in leagues and pair.season.holds(today)]
    return [*(results_target(pair.league, pair.season) for pair in pairs), FIXTURES] if pairs else []


def longest_unanswered(connection: psycopg.Connection, files: int) -> list[str]:
    """Loaded partitions of the ``files`` results files that the source answered for longest ago."""
    loaded = connection.execute(
        "select partition_key from raw.loads where partition_key <> %s order by 1", [FIXTURES.partition_key]
    ).fetchall()
    rows = connection.execute("select path, max(fetched_at) from raw.fetches group by path").fetchall()
    answered: dict[str, datetime] = dict(rows)
    paths: dict[str, list[str]] = {}
    for (key,) in loaded:
        pair = LeagueSeason.parse(key)
        paths.setdefault(results_path(pair.league, pair.season), []).append(key)
    never = datetime.min.replace(tzinfo=UTC)
    oldest = sorted(paths, key=lambda path: answered.get(path) or never)[:files]
    return [key for path in oldest for key in paths[path]]


def planned(connection: psycopg.Connection, instance: dg.DagsterInstance, targets: Sequence[Target]) -> list[Refresh]:
    """The refreshes that ``targets`` need, one for each range of partitions; usually one or none.

    The targets are partitions of ``instance``.
    """
    wanted = due(connection, targets)
    fixtures = FIXTURES.partition_key in wanted
    found = ranges(instance, [key for key in wanted if key != FIXTURES.partition_key])
    # A body that comes back after another is delivered anew: what was done with it the first time has been undone.
    bodies = {target.path: bodies_of(connection, target.path) for target in targets if target.partition_key in wanted}
    delivered = sorted((path, len(of), of[-1]) for path, of in bodies.items() if of)
    digest = hashlib.sha256(repr(delivered).encode()).hexdigest()[:16]
    if not found:
        return [Refresh(f"fixtures {digest}", None, True)] if fixtures else []
    return [
        Refresh(f"{first} to {last} {digest}", (first, last), fixtures and (first, last) == found[-1])
        for first, last in found
    ]


def next_try(instance: dg.DagsterInstance, work: str, now: datetime) -> int | str:
    """Which try of ``work`` to start now, from 0; or why none: it is under way, done, waiting or given up."""
    records = instance.get_run_records(dg.RunsFilter(tags={WORK_TAG: work}))
    if any(not record.dagster_run.is_finished for record in records):
        return "under way"
    if any(record.dagster_run.is_success for record in records):
        return "done"
    if len(records) >= MOST_TRIES:
        return f"given up after {len(records)} failed runs: see why, then footpred run"
    ended = max((record.end_time or record.update_timestamp.timestamp() for record in records), default=None)
    if ended is not None:
        again = datetime.fromtimestamp(ended, UTC) + FIRST_WAIT * 2 ** (len(records) - 1)
        if now < again:
            return f"failed {len(records)} times, next try at {again:%H:%M:%S} UTC"
    return len(records)


def once(context: dg.SensorEvaluationContext, work: str) -> dg.RunRequest | dg.SkipReason:
    """A run of the sensor's job for ``work``, unless there is, was or will be one."""
    turn = next_try(context.instance, work, datetime.now(UTC))
    if isinstance(turn, str):
        return dg.SkipReason(f"{work}: {turn}")
    return dg.RunRequest(run_key=f"{work} {turn}", tags={WORK_TAG: work})
