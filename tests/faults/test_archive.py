"""Faults of the archive and of loads that meet: a full disk (FAULTS 26), two loads of one partition (FAULTS 27)."""

from __future__ import annotations

import subprocess
import sys
import time

import psycopg
import pytest

from footpred_dagster.core.archive.base import sha256_hex
from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.domain import Season
from footpred_dagster.sources.clients.directory import DirectorySource
from footpred_dagster.sources.fetching.fetch import fetch
from footpred_dagster.sources.football_data.load import load_results, results_target
from tests.support.site import clubs, season_rows, write_season

SEASON = Season(2023)
ROWS = 56
TARGETS = [results_target(league, SEASON) for league in ("E0", "E1", "E2")]

# A file over the limit fails with EFBIG as one on a full disk does with ENOSPC: in the middle of the write.
FETCH_UNDER_A_LIMIT = """
import resource, sys
from pathlib import Path
import psycopg
from footpred_dagster.core.domain import Season
from footpred_dagster.core.archive.base import ArchiveError
from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.sources.clients.directory import DirectorySource
from footpred_dagster.sources.fetching.fetch import fetch
from footpred_dagster.sources.football_data.load import results_target
url, root, site, limit = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
with psycopg.connect(url, autocommit=True) as connection:
    try:
        targets = [results_target(league, Season(2023)) for league in ("E0", "E1", "E2")]
        fetch(connection, LocalArchive(Path(root)), DirectorySource(Path(site)), targets)
    except ArchiveError as error:
        print(error)
"""

LOAD = """
import sys
from pathlib import Path
import psycopg
from footpred_dagster.core.domain import Season
from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.sources.football_data.load import load_results
with psycopg.connect(sys.argv[1], autocommit=True) as connection:
    print(load_results(connection, LocalArchive(Path(sys.argv[2])), "E0", Season(2023)).state)
"""


@pytest.fixture
def site(tmp_path):
    """A middle file far larger than the others."""
    for league, rounds in (("E0", 1), ("E1", 20), ("E2", 1)):
        write_season(tmp_path / "site", league, SEASON, season_rows(league, SEASON, clubs(league)) * rounds)
    return tmp_path / "site"


def files(archive: LocalArchive) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in archive.root.rglob("*") if path.is_file()}


def test_a_full_disk_ends_a_fetch_cleanly_with_nothing_half_registered(warehouse, database_url, archive, site):
    first, large, _ = ((site / target.path).read_bytes() for target in TARGETS)
    limit = (len(first) + len(large)) // 2
    arguments = (sys.executable, "-c", FETCH_UNDER_A_LIMIT, database_url, archive.root, site, str(limit))
    result = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(f"cannot archive {sha256_hex(large)} in {archive.root}: ")
    assert result.stdout.endswith("; make room or move the archive, then run again\n")
    # What was whole is registered, what was not is neither in the archive nor in the log.
    assert archive.digests() == [sha256_hex(first)]
    assert archive.get(sha256_hex(first)) == first
    assert not [name for name in files(archive) if name.startswith(".put-")]
    assert warehouse.execute("select path, sha256, segment from raw.fetches").fetchall() == [
        (TARGETS[0].path, sha256_hex(first), None)
    ]
    # With room again a rerun goes on from there, and the archive's log has the whole story.
    report = fetch(warehouse, archive, DirectorySource(site), TARGETS)
    assert report.unchanged == [TARGETS[0].partition_key]
    assert report.changed == [target.partition_key for target in TARGETS[1:]]
    assert warehouse.execute("select count(*), count(segment) from raw.fetches").fetchone() == (4, 4)


def test_two_loads_of_a_partition_at_once_wait_for_each_other_and_leave_one_result(
    warehouse, database_url, archive, site
):
    fetch(warehouse, archive, DirectorySource(site), TARGETS[:1])
    lock = f"raw.loads:{TARGETS[0].partition_key}"
    with psycopg.connect(database_url) as holder:
        holder.execute("select pg_advisory_xact_lock(hashtext(%s))", [lock])
        loads = [
            subprocess.Popen(
                [sys.executable, "-c", LOAD, database_url, archive.root], stdout=subprocess.PIPE, text=True
            )
            for _ in range(2)
        ]
        try:
            _wait_for_waiting(warehouse, loads)
            assert warehouse.execute("select count(*) from raw.matches").fetchone() == (0,)
            # Another partition is not held up.
            assert load_results(warehouse, archive, "E1", SEASON).state == "missing"
            holder.rollback()
        finally:
            holder.close()
            said = sorted(load.communicate(timeout=60)[0].strip() for load in loads)
    assert said == ["loaded", "unchanged"]
    assert warehouse.execute("select count(*), count(distinct line) from raw.matches").fetchone() == (ROWS, ROWS)
    assert warehouse.execute("select rows, sha256 from raw.loads").fetchall() == [
        (ROWS, sha256_hex((site / TARGETS[0].path).read_bytes()))
    ]


def _wait_for_waiting(connection: psycopg.Connection, loads: list[subprocess.Popen[str]]) -> None:
    deadline = time.monotonic() + 60
    waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
    while connection.execute(waiting).fetchone() != (len(loads),):
        assert all(load.poll() is None for load in loads), "a load did not wait"
        assert time.monotonic() < deadline, "the loads never came to the lock"
        time.sleep(0.01)
