"""openfootball as a source: one file a league-season."""

from __future__ import annotations

import psycopg

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.sources.fetching.fetch import Target
from footpred_dagster.sources.openfootball import parse_schedule_path, schedule_target
from footpred_dagster.sources.openfootball.load import load_schedule_body
from footpred_dagster.sources.raw_source import Loaded


class OpenFootball:
    def targets_of(self, path: str) -> list[Target]:
        pair = parse_schedule_path(path)
        return [schedule_target(*pair)] if pair else []

    def rows(self, connection: psycopg.Connection, target: Target) -> int | None:
        _, league, season = target.partition_key.split("|")
        row = connection.execute(
            "select nullif(count(*), 0) from raw.openfootball_matches where league = %s and season = %s",
            [league, season],
        ).fetchone()
        return row[0] if row else None

    def load_body(self, connection: psycopg.Connection, archive: Archive, digest: str, target: Target) -> Loaded:
        return load_schedule_body(connection, archive, digest, target)
