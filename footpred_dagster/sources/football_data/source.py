"""football-data.co.uk as a source: league-seasons, files of extra leagues, and the list of fixtures."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.domain import EXTRA_LEAGUES, Season
from footpred_dagster.sources.clients.base import parse_results_path
from footpred_dagster.sources.fetching.fetch import Target
from footpred_dagster.sources.football_data.load import FIXTURES, load_fixtures, load_results, results_target
from footpred_dagster.sources.raw_source import Loaded


class FootballData:
    def targets_of(self, path: str) -> list[Target]:
        """One, but for the file of an extra league: all its seasons."""
        if pair := parse_results_path(path):
            return [results_target(*pair)]
        if path == FIXTURES.path:
            return [FIXTURES]
        today = datetime.now(UTC).date()
        extra = (
            results_target(code, season) for code, league in EXTRA_LEAGUES.items() for season in league.seasons(today)
        )
        return [target for target in extra if target.path == path]

    def rows(self, connection: psycopg.Connection, target: Target) -> int | None:
        row = connection.execute(
            "select rows from raw.loads where partition_key = %s", [target.partition_key]
        ).fetchone()
        return row[0] if row else None

    def load_body(self, connection: psycopg.Connection, archive: Archive, digest: str, target: Target) -> Loaded:
        if target == FIXTURES:
            return load_fixtures(connection, archive, digest=digest)
        league, _, season = target.partition_key.partition("|")
        return load_results(connection, archive, league, Season.stored(season), digest=digest)
