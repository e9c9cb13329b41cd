"""Aliases: which club a name means, by the seed and by operators' decisions, which take precedence."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import groupby
from pathlib import Path

import psycopg

from footpred_dagster.core.domain import FIRST_SEASON, Season
from footpred_dagster.core.settings import PACKAGE_ROOT

SEED = PACKAGE_ROOT / "dbt_project" / "seeds" / "team_aliases.csv"
COLUMNS = ("country", "name", "team_id", "first_season", "last_season")
_YEARS = range(FIRST_SEASON, FIRST_SEASON + 100)
"""Start years of all seasons that two digits tell apart."""


@dataclass(frozen=True, slots=True)
class Alias:
    """A name and the club it means from ``first_season`` to ``last_season``, both included; None leaves an end open.

    ``team_id`` is None where a decision withdraws the earlier ones about the name.
    """

    country: str
    name: str
    team_id: str | None
    first_season: str | None = None
    last_season: str | None = None

    def covers(self, season: str) -> bool:
        """Seasons of a calendar year go by the year they start in."""
        first, last = self.first_season or "0000", self.last_season or "9999"
        return first[:4] <= season[:4] <= last[:4]


class Aliases:
    """The aliases in force: ``decisions`` (newest first) before ``seed``."""

    def __init__(self, seed: Iterable[Alias], decisions: Sequence[Alias] = ()) -> None:
        self._by_name: dict[tuple[str, str], list[Alias]] = defaultdict(list)
        withdrawn: set[tuple[str, str]] = set()
        for decision in decisions:
            key = (decision.country, decision.name)
            if decision.team_id is None:
                withdrawn.add(key)
            elif key not in withdrawn:
                self._by_name[key].append(decision)
        for alias in seed:
            self._by_name[alias.country, alias.name].append(alias)

    def __iter__(self) -> Iterator[Alias]:
        return (alias for aliases in self._by_name.values() for alias in aliases)

    def team_id(self, country: str, name: str, season: str) -> str | None:
        """The club that ``name`` means in ``season``; None when no alias says."""
        found = self._by_name.get((country, name), ())
        return next((alias.team_id for alias in found if alias.covers(season)), None)

    def names(self) -> list[tuple[str, str]]:
        """(country, name) of every alias, in no order."""
        return list(self._by_name)

    def listed(self) -> set[tuple[str, str, str]]:
        """(country, name, team_id) of every alias."""
        return {(alias.country, alias.name, alias.team_id) for alias in self if alias.team_id}


def read_seed(path: Path = SEED) -> list[Alias]:
    return parse_seed(path.read_text(encoding="utf-8"))


def parse_seed(text: str, *, header: bool = True) -> list[Alias]:
    """Aliases from lines of the seed, with or without its header."""
    rows = csv.DictReader(io.StringIO(text, newline=""), fieldnames=None if header else COLUMNS)
    return [
        Alias(row["country"], row["name"], row["team_id"], row["first_season"] or None, row["last_season"] or None)
        for row in rows
    ]


def seed_text(aliases: Iterable[Alias]) -> str:
    """``aliases`` as lines of the seed, without its header."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([value or "" for value in astuple(alias)] for alias in aliases)
    return text.getvalue()


def read_decisions(connection: psycopg.Connection) -> list[Alias]:
    """Every decision, newest first."""
    rows = connection.execute("""
        select country, name, team_id, first_season, last_season from raw.club_decisions order by decision_id desc
    """).fetchall()
    return [Alias(*row) for row in rows]


def aliases_in_force(connection: psycopg.Connection) -> Aliases:
    return Aliases(read_seed(), read_decisions(connection))


def decide(
    connection: psycopg.Connection, alias: Alias, *, actor: str, is_new: bool = False, because: str | None = None
) -> None:
    """Keep a decision, in the caller's transaction; the next run applies it."""
    connection.execute(
        """
        insert into raw.club_decisions (country, name, team_id, is_new, first_season, last_season, because, actor)
        values (%s, %s, %s, %s, %s, %s, %s, %s)
        """,
        [
            *(alias.country, alias.name, alias.team_id, is_new),
            *(alias.first_season, alias.last_season, because, actor),
        ],
    )


def decisions_version(connection: psycopg.Connection) -> str:
    """Which decisions there are, as short text."""
    row = connection.execute("select count(*), coalesce(max(decision_id), 0) from raw.club_decisions").fetchone()
    return f"{row[0]} decisions up to {row[1]}" if row else "no decisions"


def seed_lines(connection: psycopg.Connection) -> list[Alias]:
    """What the decisions come to, as rows of the seed in its order: one club per name and season."""
    decisions = Aliases((), read_decisions(connection))
    found = [line for key in decisions.names() for line in _lines(decisions, *key)]
    return sorted(found, key=lambda alias: (alias.country, alias.team_id or "", alias.name, alias.first_season or ""))


def _lines(aliases: Aliases, country: str, name: str) -> Iterator[Alias]:
    """The runs of seasons in which ``name`` means one club; what covers the first or the last of all has no end."""
    seasons = [str(Season(year)) for year in _YEARS]
    for team_id, run in groupby(seasons, lambda season: aliases.team_id(country, name, season)):
        if team_id:
            covered = list(run)
            first = None if covered[0] == seasons[0] else covered[0]
            last = None if covered[-1] == seasons[-1] else covered[-1]
            yield Alias(country, name, team_id, first, last)


def slug_id(country: str, name: str) -> str:
    """The id of a club that no alias names."""
    return re.sub("[^a-z0-9]+", "-", f"{country}-{name}".lower()).strip("-")


def new_id(country: str, name: str, first_season: str | None, taken: Iterable[str]) -> str:
    """An id for a new club: that of its name, with the start year where another club has it."""
    plain, others = slug_id(country, name), set(taken)
    if plain not in others:
        return plain
    dated = f"{plain}-{first_season[:4]}" if first_season else f"{plain}-2"
    if dated in others:
        raise ValueError(f"{dated} is the id of another club")
    return dated
