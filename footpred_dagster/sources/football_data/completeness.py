"""Which league-seasons are complete, so that a remote source is not asked for them again."""

from __future__ import annotations

from datetime import datetime

import psycopg

from footpred_dagster.core.domain.rules import is_complete
from footpred_dagster.sources.clients.base import results_path
from footpred_dagster.sources.football_data.load import FIXTURES
from footpred_dagster.sources.league_seasons import LeagueSeason


def settled(connection: psycopg.Connection, now: datetime) -> set[str]:
    """Partitions of complete seasons: a remote source is not asked for them again.

    The end of the season has passed, and what is loaded is a whole season by the rules of the league. Where these are
    not known, the source has answered for the file since the end.
    """
    rows = connection.execute(
        """
        with clubs as (
            select partition_key, count(distinct club) as clubs
            from raw.matches cross join lateral (values (home), (away)) as sides (club) group by 1
        )
        select loads.partition_key, loads.rows, coalesce(clubs.clubs, 0) from raw.loads as loads
        left join clubs using (partition_key) where loads.partition_key <> %s
        """,
        [FIXTURES.partition_key],
    ).fetchall()
    answered: dict[str, datetime] = dict(
        connection.execute("select path, max(fetched_at) from raw.fetches where status <> 404 group by path").fetchall()
    )

    def is_settled(key: str, matches: int, clubs: int) -> bool:
        pair = LeagueSeason.parse(key)
        if pair.season.end > now:
            return False
        whole = is_complete(pair.league, pair.season, clubs, matches)
        if whole is not None:
            return whole
        at = answered.get(results_path(pair.league, pair.season))
        return at is not None and at >= pair.season.end

    return {key for key, matches, clubs in rows if is_settled(key, matches, clubs)}
