"""The first six weeks of every season from 2005 to 2025, week by week, as the names were known then (FAULTS 71).

Real files cut at the date go through fetch, load and the resolution of names, in one database rolled forward. The seed
holds only the names that earlier seasons had. No league stops, no club is split or merged.
"""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.clubs.aliases import Aliases, read_seed
from footpred_dagster.core.clubs.resolution import Resolution, resolve
from footpred_dagster.core.domain import MAIN_LEAGUES, Season
from footpred_dagster.sources.clients.directory import DirectorySource
from footpred_dagster.sources.fetching.fetch import fetch
from footpred_dagster.sources.football_data.load import FIXTURES, load_fixtures, load_results, results_target

pytestmark = [pytest.mark.slow, pytest.mark.real_data]
WEEKS = 6
FIRST, LAST = 2005, 2025
RENAMED = {"Ebbsfleet", "Hacettepespor", "Osmanlispor"}
"""Clubs that took another name altogether, which no spelling gives away."""


@dataclass
class Site:
    """The real site as it stood on a day; ``publish`` writes its files of one season and the coming week's fixtures."""

    real: Path
    folder: Path
    connection: psycopg.Connection
    archive: LocalArchive
    written: dict[str, int] = field(default_factory=dict)

    def publish(self, season: Season, until: date | None) -> None:
        """Files of ``season`` with what was played before ``until``; whole files for None. Loads what changed."""
        loaded, coming = [], []
        for league in MAIN_LEAGUES:
            target = results_target(league, season)
            if not (self.real / target.path).exists():
                continue
            header, lines = _lines(self.real / target.path)
            played = [line for line in lines if until is None or _day(header, line) < until]
            if until:
                coming += [_fixture(header, line) for line in lines if 0 <= (_day(header, line) - until).days < 7]
            if played and self.written.get(target.path) != len(played):
                self.written[target.path] = len(played)
                _write(self.folder / target.path, header, played)
                loaded.append(target)
        _write(self.folder / FIXTURES.path, ["Div", "Date", "HomeTeam", "AwayTeam"], coming)
        fetch(self.connection, self.archive, DirectorySource(self.folder), [*loaded, FIXTURES])
        for target in loaded:
            assert load_results(self.connection, self.archive, target.partition_key.split("|")[0], season).rows
        load_fixtures(self.connection, self.archive)

    def first_day(self, season: Season) -> date:
        days = []
        for league in MAIN_LEAGUES:
            path = self.real / results_target(league, season).path
            if path.exists():
                header, lines = _lines(path)
                days += [_day(header, line) for line in lines[:20]]
        return min(days)


def _lines(path: Path) -> tuple[list[str], list[list[str]]]:
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252")
    header, *lines = csv.reader(io.StringIO(text, newline=""))
    return header, [line for line in lines if len(line) > 4 and line[1].strip()]


def _day(header: list[str], line: list[str]) -> date:
    text = line[header.index("Date")].strip()
    return datetime.strptime(text, "%d/%m/%Y" if len(text) == 10 else "%d/%m/%y").date()


def _fixture(header: list[str], line: list[str]) -> list[str]:
    home = "HomeTeam" if "HomeTeam" in header else "HT"
    away = "AwayTeam" if "AwayTeam" in header else "AT"
    day = f"{_day(header, line):%d/%m/%Y}"
    return [line[header.index("Div")], day, line[header.index(home)], line[header.index(away)]]


def _write(path: Path, header: list[str], lines: list[list[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *lines])


@pytest.fixture
def site(database_url, data_dir, tmp_path) -> Iterator[Site]:
    """Everything before the first season replayed, loaded whole."""
    real = tmp_path / "real" / "mmz4281"
    real.mkdir(parents=True)
    for folder in (data_dir / "site" / "mmz4281").iterdir():
        (real / folder.name).symlink_to(folder)
    (real / "2526").symlink_to(data_dir / "snapshots" / "2025-09-23" / "mmz4281" / "2526")
    with psycopg.connect(database_url, autocommit=True) as connection:
        site = Site(tmp_path / "real", tmp_path / "site", connection, LocalArchive(tmp_path / "archive"))
        for start in range(1993, FIRST):
            site.publish(Season(start), None)
        yield site


@pytest.mark.timeout(1800)
@pytest.mark.fault(71, "each season's start, week by week")
def test_faults_71_no_season_start_stops_a_league_or_splits_or_merges_a_club(site):
    seed = read_seed()
    truth = Aliases(seed)
    renamed: set[str] = set()
    for start in range(FIRST, LAST + 1):
        season = Season(start)
        known = _names(site.connection)
        aliases = Aliases(alias for alias in seed if (alias.country, alias.name) in known)
        begins, waiting = site.first_day(season), []
        for week in range(1, WEEKS + 1):
            site.publish(season, begins + timedelta(weeks=week))
            resolution = resolve(site.connection, aliases)
            waiting.append(sorted({name.name for name in resolution.pending}))
            _no_league_stops(site.connection, resolution, season)
            renamed |= _splits(resolution, truth)
            _no_merge(resolution, truth)
        counts = Counter(name.status for name in resolution.names if name.season == str(season))
        print(f"{season}: {counts['new']} new, pending by week {[len(names) for names in waiting]}: {waiting[-1]}")  # noqa: T201
        assert max(map(len, waiting)) <= 12
        site.publish(season, None)
    assert renamed == RENAMED


def _names(connection: psycopg.Connection) -> set[tuple[str, str]]:
    rows = connection.execute("select league, home from raw.matches union select league, away from raw.matches")
    return {(MAIN_LEAGUES[league].country, name) for league, name in rows}


def _no_league_stops(connection: psycopg.Connection, resolution: Resolution, season: Season) -> None:
    """Every match of the season has both clubs, but for those of a pending name; each league goes on."""
    pending = {(name.country, name.name) for name in resolution.pending if name.season == str(season)}
    resolved = {(name.country, name.name) for name in resolution.names if name.season == str(season)} - pending
    goes_on: dict[str, int] = defaultdict(int)
    rows = connection.execute("select league, home, away from raw.matches where season = %s", [str(season)]).fetchall()
    for league, *sides in rows:
        country = MAIN_LEAGUES[league].country
        goes_on[league] += all((country, name) in resolved for name in sides)
        assert all((country, name) in resolved or (country, name) in pending for name in sides)
    assert min(goes_on.values()) > 0


def _splits(resolution: Resolution, truth: Aliases) -> set[str]:
    """Names taken for new clubs that are another spelling of a club on record."""
    on_record = {
        (name.country, truth.team_id(name.country, name.name, name.season))
        for name in resolution.names
        if name.status == "listed"
    }
    return {
        name.name
        for name in resolution.names
        if name.status == "new" and (name.country, truth.team_id(name.country, name.name, name.season)) in on_record
    }


def _no_merge(resolution: Resolution, truth: Aliases) -> None:
    meant = defaultdict(set)
    for name in resolution.names:
        if name.team_id:
            meant[name.team_id].add(truth.team_id(name.country, name.name, name.season))
    assert {team_id: clubs for team_id, clubs in meant.items() if len(clubs) > 1} == {}
