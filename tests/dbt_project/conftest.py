"""Four leagues of real football over eleven seasons, grown a few days at a time and built as the pipeline does."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import psycopg
import pytest

from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.clubs.resolution import resolve
from footpred_dagster.core.domain import Season
from footpred_dagster.core.matches import rulings
from footpred_dagster.core.ratings.store import store_ratings
from footpred_dagster.sources.clients.directory import DirectorySource
from footpred_dagster.sources.fetching.fetch import fetch
from footpred_dagster.sources.football_data.load import FIXTURES, load_fixtures, load_results, results_target
from tests.support.warehouse import run_dbt

LEAGUES = ("E0", "E1", "SC0", "SP1")
SEASONS = tuple(Season(year) for year in range(2014, 2025))
LATEST = date(2025, 3, 17)
Edit = Callable[[dict[str, str]], dict[str, str] | None]
Contents = dict[str, tuple[int, int]]


def unedited(row: dict[str, str]) -> dict[str, str]:
    return row


def spoil(row: dict[str, str]) -> dict[str, str] | None:
    """One score corrected, one match moved by a day and one that never was, all in the autumn."""
    key = (row["Div"], row["HomeTeam"], row["AwayTeam"])
    if key == ("E0", "Man United", "Fulham"):
        return row | {"FTHG": "4", "FTR": "H"}
    if key == ("SP1", "Ath Bilbao", "Getafe"):
        return row | {"Date": "14/08/2024"}
    if key == ("SC0", "Kilmarnock", "St Mirren"):
        return None
    return row


@dataclass
class Grown:
    """A warehouse whose last season is cut off at a day of one's choice; ``build`` brings everything up to date."""

    url: str
    connection: psycopg.Connection
    archive: LocalArchive
    real: Path
    site: Path
    target: Path
    stages: list[Contents] = field(default_factory=list)
    """What it held at the start, some days later, and as every test finds and leaves it."""

    def show(self, until: date, edit: Edit = unedited) -> None:
        """Write the last season's files as they stood before ``until``, the fortnight after it as fixtures; load all.

        ``edit`` may change a line or, with None, drop it.
        """
        coming = []
        for league in LEAGUES:
            path = results_target(league, SEASONS[-1]).path
            lines = list(csv.DictReader(io.StringIO((self.real / path).read_text(encoding="utf-8-sig"))))
            played = [row for row in lines if _day(row) < until]
            coming += [row for row in lines if 0 <= (_day(row) - until).days < 14]
            _write(self.site / path, list(lines[0]), [kept for row in played if (kept := edit(row))])
        # Listed again by mistake and never taken off: a second meeting in the past, and both clubs have played since.
        coming.append({"Div": "E0", "Date": "01/02/2025", "HomeTeam": "Arsenal", "AwayTeam": "Wolves"})
        _write(self.site / FIXTURES.path, ["Div", "Date", "Time", "HomeTeam", "AwayTeam"], coming)
        self.load([SEASONS[-1]])

    def load(self, seasons: list[Season]) -> None:
        pairs = [(league, season) for season in seasons for league in LEAGUES]
        targets = [results_target(*pair) for pair in pairs]
        fetch(self.connection, self.archive, DirectorySource(self.site), [*targets, FIXTURES])
        for league, season in pairs:
            load_results(self.connection, self.archive, league, season)
        load_fixtures(self.connection, self.archive)

    def build(self, *, anew: bool = False) -> None:
        how = ["--full-refresh"] if anew else []
        if anew:
            run_dbt(self.url, self.target, "seed")
        resolve(self.connection)
        rulings.resolve(self.connection)
        run_dbt(self.url, self.target, "run", *how, "--select", "staging", "intermediate")
        if anew:
            self.connection.execute("delete from intermediate.build_marks where model = 'ratings'")
        with self.connection.transaction():
            store_ratings(self.connection, "test")
        run_dbt(self.url, self.target, "run", *how, "--select", "features", "marts")

    def contents(self) -> Contents:
        """Rows and a sum of row digests of every table built from matches."""
        tables = self.connection.execute("""
            select schemaname, tablename from pg_tables
            where schemaname in ('intermediate', 'ratings', 'features', 'marts')
                and tablename not in ('build_marks', 'club_names', 'match_rulings')
            order by 1, 2
        """).fetchall()
        return {
            f"{schema}.{table}": self.connection.execute(
                "select count(*), coalesce(sum(('x' || left(md5(rows::text), 15))::bit(60)::bigint::numeric), 0)"
                f" from {schema}.{table} as rows"
            ).fetchone()
            for schema, table in tables
        }


def _day(row: dict[str, str]) -> date:
    return datetime.strptime(row["Date"], "%d/%m/%Y").date()


def _write(path: Path, columns: list[str], rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def grown(module_database_url: str, data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grown]:
    """Built from nothing as of 1 March 2025, then a few days at a time to ``LATEST``, where the past is corrected."""
    folder = tmp_path_factory.mktemp("grown")
    for season in SEASONS:
        for league in LEAGUES:
            path = results_target(league, season).path
            (folder / "site" / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(data_dir / "site" / path, folder / "site" / path)
    # dbt waits for whoever has a table open.
    with psycopg.connect(module_database_url, autocommit=True, options="-c timezone=UTC") as connection:
        grown = Grown(
            module_database_url,
            connection,
            LocalArchive(folder / "archive"),
            data_dir / "site",
            folder / "site",
            folder / "target",
        )
        grown.load(list(SEASONS[:-1]))
        grown.show(date(2025, 3, 1))
        grown.build(anew=True)
        grown.stages.append(grown.contents())
        for until in (date(2025, 3, 4), date(2025, 3, 10)):
            grown.show(until)
            grown.build()
        grown.stages.append(grown.contents())
        grown.show(LATEST, spoil)
        grown.build()
        grown.stages.append(grown.contents())
        yield grown
