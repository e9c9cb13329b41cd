"""Files that were not loaded: refused ones, with the reason and the way out, and seasons that are not published yet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import psycopg

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.fetching.fetch import Target
from footpred_dagster.sources.football_data.publication import BEFORE_PUBLICATION, may_be_unpublished


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file whose partition keeps the rows loaded before. sha256: None where the source gave no body."""

    partition: str
    path: str
    reason: str
    detail: str
    sha256: str | None


@dataclass(frozen=True, slots=True)
class NotLoaded:
    """Of a set of files: those refused, and the keys of those not published yet."""

    refused: list[RefusedFile]
    not_published: list[str]


def not_loaded(connection: psycopg.Connection, targets: Iterable[Target], today: date) -> NotLoaded:
    """What became of ``targets`` that hold no rows, or older ones than the source's newest answer.

    A season is not published yet when it was never loaded, may be unpublished by the calendar, and the source answered
    404, with its own page, or with another division's file.
    """
    wanted = {target.partition_key: target.path for target in targets}
    rows = connection.execute(
        """
        with wanted as (
            select * from unnest(%s::text[], %s::text[]) as wanted (partition_key, path)
        ),
        latest as (
            select distinct on (path) path, status from raw.fetches
            where path in (select path from wanted) order by path asc, fetched_at desc, fetch_id desc
        )
        select
            wanted.partition_key,
            wanted.path,
            coalesce(failures.reason, refusals.reason) as reason,
            coalesce(failures.detail, refusals.detail) as detail,
            case when failures.path is null then refusals.sha256 end as sha256,
            exists (select from raw.loads where loads.partition_key = wanted.partition_key) as loaded,
            latest.status
        from wanted
        left join raw.fetch_failures as failures
            on wanted.path = failures.path and failures.reason <> 'source_down'
        left join raw.refusals as refusals on wanted.partition_key = refusals.partition_key
        left join latest on wanted.path = latest.path
        where failures.path is not null or refusals.partition_key is not null or latest.status = 404
        order by wanted.partition_key
        """,
        [list(wanted), list(wanted.values())],
    ).fetchall()
    found = NotLoaded([], [])
    for key, path, reason, detail, sha256, loaded, status in rows:
        league, _, season = key.partition("|")
        absent = status == 404 and reason is None
        early = bool(season) and not loaded and may_be_unpublished(league, Season.stored(season), today)
        if early and (absent or reason in BEFORE_PUBLICATION):
            found.not_published.append(key)
        elif reason is not None:
            found.refused.append(RefusedFile(key, path, reason, detail, sha256))
    return found
