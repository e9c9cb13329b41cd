"""The archive alone fills an empty database: the same fetch log, the same raw tables, nobody asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from footpred_dagster.core.archive.base import Archive, ArchiveError, ObjectLost
from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.domain import Season
from footpred_dagster.sources.clients.archive import ArchiveSource
from footpred_dagster.sources.clients.directory import DirectorySource
from footpred_dagster.sources.fetching.fetch import FetchReport, fetch
from footpred_dagster.sources.fetching.fetch_log import bodies_of, keep_log, newest_bodies, restore_log
from footpred_dagster.sources.football_data.load import FIXTURES, due, load_fixtures, load_results, results_target
from tests.support.command import checksums
from tests.support.site import HTML_PAGE, clubs, season_rows, write_fixtures, write_season

SEASON = Season(2023)
LEAGUES = ("E0", "E1", "E2", "E3")
TARGETS = [*(results_target(league, SEASON) for league in LEAGUES), FIXTURES]


@dataclass
class Raw:
    """A raw layer, the archive beside it, and the site it is filled from."""

    connection: psycopg.Connection
    archive: Archive
    site: Path

    def write(self, league: str, score: int = 0) -> Path:
        rows = season_rows(league, SEASON, clubs(league))
        rows[3] |= {"FTHG": "1.5"}  # quarantined
        rows[7] |= {"FTHG": 9, "FTAG": score, "FTR": "H", "HS": 12, "AS": 12}
        return write_season(self.site, league, SEASON, rows)

    def fetch(self, source: ArchiveSource | None = None) -> FetchReport:
        return fetch(self.connection, self.archive, source or DirectorySource(self.site), TARGETS)

    def load(self) -> list[str]:
        keys = due(self.connection, TARGETS)
        for target in TARGETS:
            if target.partition_key in keys:
                self.load_one(target.partition_key)
        return keys

    def load_one(self, key: str):
        if key == FIXTURES.partition_key:
            return load_fixtures(self.connection, self.archive)
        return load_results(self.connection, self.archive, key.partition("|")[0], SEASON)

    def log(self) -> list[tuple[object, ...]]:
        """All the log says, in the order of its instants."""
        return self.connection.execute("""
            select source, path, url, status, etag, last_modified, sha256, size, seconds, fetched_at, segment
            from raw.fetches order by fetched_at
        """).fetchall()

    def empty(self) -> None:
        self.connection.execute("""
            truncate raw.fetches, raw.loads, raw.refusals, raw.matches, raw.fixtures, raw.quarantine
        """)


@pytest.fixture
def connection(database_url):
    with psycopg.connect(database_url, autocommit=True, options="-c timezone=Asia/Tokyo") as connection:
        yield connection


@pytest.fixture
def raw(connection, backend, tmp_path) -> Raw:
    return Raw(connection, backend.archive, tmp_path / "site")


@pytest.fixture
def local(connection, tmp_path) -> Raw:
    return Raw(connection, LocalArchive(tmp_path / "archive"), tmp_path / "site")


def test_an_empty_database_is_filled_from_the_archive_as_it_was_filled_from_the_source(raw):
    """E0 is corrected, then a page; E1 is a page, then good; E2 is there once; E3 is never published."""
    raw.write("E0"), raw.write("E2")
    raw.write("E1").write_bytes(HTML_PAGE)
    write_fixtures(raw.site, [{"Div": "E0", "Date": "10/08/2024", "HomeTeam": "E0 Club A", "AwayTeam": "E0 Club B"}])
    raw.fetch(), raw.load()
    raw.write("E0", score=1), raw.write("E1")
    raw.fetch(), raw.load()
    (raw.site / TARGETS[0].path).write_bytes(HTML_PAGE)
    raw.fetch(), raw.load()
    log, tables = raw.log(), checksums(raw.connection)
    assert tables["raw.refusals"].startswith("1 ")
    assert tables["raw.loads"].startswith("4 ")

    raw.empty()
    report = raw.fetch(ArchiveSource())
    assert report.changed == [*(f"{league}|2023-24" for league in ("E0", "E1", "E2")), "fixtures"]
    assert report.missing == ["E3|2023-24"]
    assert raw.log() == log
    assert raw.load() == report.changed
    assert checksums(raw.connection) == tables

    # Nothing is new the second time, and the site is asked conditionally, as if nothing had happened.
    assert raw.fetch(ArchiveSource()).changed == []
    assert (raw.load(), raw.log()) == ([], log)
    assert raw.fetch().unchanged == report.changed


def test_each_fetch_adds_one_segment_and_none_when_nobody_was_asked(raw):
    raw.write("E0")
    raw.fetch()
    raw.fetch()
    assert len(raw.archive.segments()) == 2
    raw.fetch(ArchiveSource())
    fetch(raw.connection, raw.archive, DirectorySource(raw.site), TARGETS, max_age=60)
    assert len(raw.archive.segments()) == 2


def test_what_a_killed_process_left_out_of_the_archive_is_written_by_the_next_fetch(local):
    local.write("E0")
    (local.archive.root).mkdir()
    (local.archive.root / "log").write_text("in the way: the process ends after the bodies, before the log")
    with pytest.raises(ArchiveError, match="cannot archive"):
        local.fetch()
    assert [row[-1] for row in local.log()] == [None] * len(TARGETS)
    (local.archive.root / "log").unlink()
    local.fetch()
    log = local.log()
    assert all(row[-1] == log[0][-1] for row in log)
    local.empty()
    restore_log(local.connection, local.archive)
    assert local.log() == log


def test_a_request_that_stands_in_two_segments_is_restored_once(local):
    local.write("E0")
    local.fetch()
    local.connection.execute("update raw.fetches set segment = null")
    keep_log(local.connection, local.archive)
    assert len(local.archive.segments()) == 2
    local.empty()
    restore_log(local.connection, local.archive)
    assert len(local.log()) == len(TARGETS)


def test_a_log_read_back_late_does_not_outrank_what_was_fetched_since(local):
    path = TARGETS[0].path
    local.write("E0")
    local.fetch()
    older = newest_bodies(local.connection, [path])
    local.empty()
    local.write("E0", score=1)
    local.fetch()
    newer = newest_bodies(local.connection, [path])
    assert newer != older
    assert local.fetch(ArchiveSource()).changed == []
    assert newest_bodies(local.connection, [path]) == newer
    assert bodies_of(local.connection, path) == [older[path], newer[path]]
    assert local.fetch().unchanged == [TARGETS[0].partition_key]


def test_a_damaged_segment_is_named_and_nothing_of_it_is_believed(raw, backend):
    raw.write("E0")
    raw.fetch()
    (segment,) = raw.archive.segments()
    text = raw.archive.get_segment(segment)
    backend.overwrite(f"log/{segment}.jsonl", text.replace(b"E0.csv", b"E1.csv"))
    raw.empty()
    with pytest.raises(ObjectLost, match=f"{segment}.*damaged"):
        raw.fetch(ArchiveSource())
    assert raw.log() == []


def test_an_earlier_body_that_is_lost_is_passed_over_and_named_the_newest_is_not(local):
    path = TARGETS[0].path
    for score in (0, 1):
        local.write("E0", score)
        local.fetch()
    local.load()
    tables = checksums(local.connection)
    first, newest = bodies_of(local.connection, path)
    local.empty()
    local.fetch(ArchiveSource())
    (local.archive.root / first[:2] / first[2:]).write_bytes(b"damaged")
    loaded = local.load_one("E0|2023-24")
    assert (loaded.state, loaded.lost) == ("loaded", (first,))
    assert loaded.metadata()["earlier bodies lost"] == first
    assert checksums(local.connection) == tables
    local.empty()
    local.fetch(ArchiveSource())
    (local.archive.root / newest[:2] / newest[2:]).unlink()
    with pytest.raises(ObjectLost, match=newest):
        local.load_one("E0|2023-24")
