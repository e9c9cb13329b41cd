"""What a file must satisfy beside what the home holds already, before its rows replace a partition's.

``load`` and ``footpred inspect`` ask the same functions, so that both give one answer.
"""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.parsing.records import ParsedFile, Quarantined
from footpred_dagster.sources.parsing.tabular import FileRefused
from footpred_dagster.sources.parsing.tolerance import without_future, without_rows

MAX_FALL = 0.02
ALLOWED_FALL = 3
"""Rows: a file of a season's first weeks may lose a duplicate or a void row without being cut short."""


def admit(connection: psycopg.Connection, league: str, season: Season, digest: str, parsed: ParsedFile) -> ParsedFile:
    """``parsed`` as it may be loaded into its partition; raises FileRefused. Reads only.

    Refused are a file that no longer holds its season, and one with over 2 % fewer rows than the last good load. A
    match that is in another season of the league, same day and pair, is quarantined, as is a score from the future.
    """
    key = f"{league}|{season}"
    refuse_emptied(connection, key, parsed)
    _refuse_fall(connection, key, digest, len(parsed.matches))
    row = connection.execute(
        "select coalesce(min(fetched_at), clock_timestamp()) from raw.fetches where sha256 = %s", [digest]
    ).fetchone()
    fetched_at: datetime = row[0] if row else datetime.now(UTC)
    return _without_other_seasons(connection, league, key, without_future(parsed, fetched_at.date()))


def refuse_emptied(connection: psycopg.Connection, partition_key: str, parsed: ParsedFile) -> None:
    """Raise FileRefused when a file without a row of a season would empty a partition that holds some."""
    if parsed.facts["rows_read"]:
        return
    held = connection.execute(
        "select exists (select from raw.matches where partition_key = %s)", [partition_key]
    ).fetchone()
    if held == (True,):
        season = partition_key.replace("|", " ")
        raise FileRefused("season_gone", f"the file no longer holds {season}, which was loaded before; old rows stay")


def _refuse_fall(connection: psycopg.Connection, partition_key: str, digest: str, rows: int) -> None:
    """The same bytes read anew are no delivery, and a body named in ``raw.accepted`` passes."""
    before = connection.execute(
        """
        select rows from raw.loads
        where partition_key = %s and sha256 <> %s and not exists (select from raw.accepted where sha256 = %s)
        """,
        [partition_key, digest, digest],
    ).fetchone()
    if before and before[0] - rows > max(ALLOWED_FALL, MAX_FALL * before[0]):
        raise FileRefused(
            "rows_fell",
            f"{rows} rows where the last good file gave {before[0]}: old rows stay; if the new file is right, "
            f"footpred accept --sha256 {digest} --because '...' lets it in",
            structural=True,
        )


def _without_other_seasons(
    connection: psycopg.Connection, league: str, partition_key: str, parsed: ParsedFile
) -> ParsedFile:
    if not parsed.matches:
        return parsed
    days = [match.match_date for match in parsed.matches]
    elsewhere = {
        (home, away, day): other
        for home, away, day, other in connection.execute(
            """
            select home, away, match_date, season from raw.matches
            where league = %s and partition_key <> %s and match_date between %s and %s
            """,
            [league, partition_key, min(days), max(days)],
        )
    }
    if not elsewhere:
        return parsed
    doubled: dict[int, Quarantined] = {}
    for match in parsed.matches:
        if other := elsewhere.get((match.home, match.away, match.match_date)):
            detail = f"{match.home} v {match.away} on {match.match_date:%d/%m/%Y} is in {other}"
            doubled[match.line] = Quarantined(match.line, "Date", "in_another_season", detail, dropped=True)
    return without_rows(parsed, doubled)
