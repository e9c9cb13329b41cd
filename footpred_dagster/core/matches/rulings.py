"""Rulings: what became of a match where its row in the results file does not say, or says wrongly.

The seed lists public ones with their sources; what a user states takes precedence. ``resolve`` brings those in force
into ``intermediate.match_rulings``, which dbt joins to the results.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Literal, cast

import psycopg

from footpred_dagster.core.settings import PACKAGE_ROOT

SEED = PACKAGE_ROOT / "dbt_project" / "seeds" / "match_rulings.csv"
BY_USER = "stated by footpred matches"
Status = Literal["awarded", "played", "void"]
DecidedBy = Literal["list", "user"]
Key = tuple[str, str, date, str, str]
"""League, season, day, home and away team."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What became of a match; goals are None where the source's stand. decided_by: ``list`` or ``user``."""

    league: str
    season: str
    match_date: date
    home_id: str
    away_id: str
    status: Status
    home_goals: int | None
    away_goals: int | None
    decided_by: DecidedBy
    reason: str
    source: str

    @property
    def key(self) -> Key:
        return (self.league, self.season, self.match_date, self.home_id, self.away_id)


COLUMNS = tuple(field.name for field in fields(Ruling))


def read_seed(path: Path = SEED) -> list[Ruling]:
    return parse(path.read_text(encoding="utf-8"))


def parse(text: str) -> list[Ruling]:
    """Rulings from a table with the columns of the seed; ``decided_by`` is optional."""
    return [_ruling(row) for row in csv.DictReader(io.StringIO(text, newline=""))]


def _ruling(row: Mapping[str, str]) -> Ruling:
    home_goals, away_goals = (int(row[name]) if row[name] else None for name in ("home_goals", "away_goals"))
    return Ruling(
        row["league"],
        row["season"],
        date.fromisoformat(row["match_date"]),
        row["home_id"],
        row["away_id"],
        cast("Status", row["status"]),
        home_goals,
        away_goals,
        cast("DecidedBy", row.get("decided_by") or "list"),
        row["reason"],
        row["source"],
    )


def as_text(rulings: Iterable[Ruling]) -> str:
    """What ``parse`` reads; empty for no rulings."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows(["" if value is None else value for value in astuple(ruling)] for ruling in rulings)
    return f"{','.join(COLUMNS)}\n{text.getvalue()}" if text.getvalue() else ""


def stated(connection: psycopg.Connection) -> list[Ruling]:
    """The newest ruling of a user about each match; withdrawn ones are left out."""
    rows = connection.execute(
        """
        select league, season, match_date, home_id, away_id, status, home_goals, away_goals, 'user', because, %s from (
            select distinct on (league, season, match_date, home_id, away_id) * from raw.match_rulings
            order by league, season, match_date, home_id, away_id, ruling_id desc
        ) as newest
        where status is not null order by 1, 2, 3, 4
        """,
        [BY_USER],
    ).fetchall()
    return [Ruling(*row) for row in rows]


def in_force(connection: psycopg.Connection) -> dict[Key, Ruling]:
    """One ruling per match: that of a user, else that of the seed."""
    return {ruling.key: ruling for ruling in (*read_seed(), *stated(connection))}


def state(connection: psycopg.Connection, ruling: Ruling, *, actor: str) -> None:
    """Keep a user's ruling, in the caller's transaction; the next run applies it."""
    _insert(connection, ruling.key, (ruling.status, ruling.home_goals, ruling.away_goals), ruling.reason, actor)


def withdraw(connection: psycopg.Connection, key: Key, *, because: str, actor: str) -> None:
    """Withdraw users' rulings about a match; the seed and the file decide again."""
    _insert(connection, key, (None, None, None), because, actor)


def _insert(
    connection: psycopg.Connection, key: Key, decided: tuple[str | None, int | None, int | None], because: str, by: str
) -> None:
    connection.execute(
        """
        insert into raw.match_rulings
            (league, season, match_date, home_id, away_id, status, home_goals, away_goals, because, actor)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        [*key, *decided, because, by],
    )


def rulings_cut(connection: psycopg.Connection) -> str:
    """Which rulings users have stated, as short text."""
    row = connection.execute("select count(*), coalesce(max(ruling_id), 0) from raw.match_rulings").fetchone()
    return f"{row[0]} rulings up to {row[1]}" if row else "no rulings"


def resolve(connection: psycopg.Connection) -> tuple[int, int]:
    """Bring ``intermediate.match_rulings`` up to date, in one transaction; rulings in force, and how many changed.

    ``raw.changes`` gets both clubs of each match whose ruling changed, so that incremental tables follow.
    """
    with connection.transaction():
        connection.execute("select pg_advisory_xact_lock(hashtext('intermediate.match_rulings'))")
        after = in_force(connection)
        before = {ruling.key: ruling for ruling in resolved(connection)}
        changed = [key for key in before.keys() | after.keys() if before.get(key) != after.get(key)]
        if changed:
            connection.execute("delete from intermediate.match_rulings")
            statement = f"copy intermediate.match_rulings ({', '.join(COLUMNS)}) from stdin"
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                for ruling in after.values():
                    copy.write_row(astuple(ruling))
            connection.execute("analyze intermediate.match_rulings")
            _record_changes(connection, changed)
    return len(after), len(changed)


def resolved(connection: psycopg.Connection) -> list[Ruling]:
    """The rows of ``intermediate.match_rulings``."""
    rows = connection.execute(
        f"select {', '.join(COLUMNS)} from intermediate.match_rulings"  # noqa: S608 - names of fields
    ).fetchall()
    return [Ruling(*row) for row in rows]


def _record_changes(connection: psycopg.Connection, changed: Iterable[Key]) -> None:
    connection.execute("select pg_advisory_xact_lock(hashtext('raw.changes'))")
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into raw.changes (league, season, club, team_id, from_date) values (%s, %s, %s, %s, %s)",
            [
                (league, season, team_id, team_id, day)
                for league, season, day, *sides in sorted(changed)
                for team_id in sides
            ],
        )
