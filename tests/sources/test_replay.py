"""Going back to an earlier delivery by its sha256, and forward again by the next load."""

from __future__ import annotations

import pytest

from footpred_dagster.core.archive.base import ObjectLost, sha256_hex
from footpred_dagster.core.domain import Season
from footpred_dagster.sources.clients.directory import DirectorySource
from footpred_dagster.sources.fetching.fetch import fetch
from footpred_dagster.sources.football_data.load import FIXTURES, due, load_fixtures, load_results, results_target
from footpred_dagster.sources.replay import NotReplayable, Part, Replayed, replay
from tests.support.command import checksums
from tests.support.site import HTML_PAGE, clubs, put, season_rows, write_fixtures, write_season

SEASON = Season(2023)
TARGET = results_target("E0", SEASON)
KEY = TARGET.partition_key


@pytest.fixture
def deliver(warehouse, archive, tmp_path):
    """Puts bytes on the site, fetches and loads them; returns their sha256."""

    def deliver(body: bytes) -> str:
        put(tmp_path / "site", TARGET.path, body)
        fetch(warehouse, archive, DirectorySource(tmp_path / "site"), [TARGET])
        load_results(warehouse, archive, "E0", SEASON)
        return sha256_hex(body)

    return deliver


@pytest.fixture
def season(tmp_path):
    """The season as a file of its first rows."""

    def season(rows: int) -> bytes:
        return write_season(
            tmp_path / "draft", "E0", SEASON, season_rows("E0", SEASON, clubs("E0"))[:rows]
        ).read_bytes()

    return season


def the_only(done: Replayed) -> Part:
    (part,) = done.parts
    return part


def count(warehouse) -> int:
    return warehouse.execute("select count(*) from raw.matches").fetchone()[0]


def test_an_earlier_body_is_put_in_place_until_the_next_load_goes_back_to_the_newest(
    warehouse, archive, deliver, season
):
    early, late = deliver(season(20)), deliver(season(56))
    tables = checksums(warehouse)
    done = replay(warehouse, archive, early, None, None)
    part = the_only(done)
    assert (part.target, part.loaded.state, part.loaded.rows) == (TARGET, "loaded", 20)
    assert (done.path, part.rows_before, done.newest) == (TARGET.path, 56, late)
    assert done.first_fetched == warehouse.execute("select min(fetched_at) from raw.fetches").fetchone()[0]
    assert warehouse.execute("select sha256, rows, replayed from raw.loads").fetchall() == [(early, 20, True)]
    assert count(warehouse) == 20
    assert due(warehouse, [TARGET]) == [KEY]
    assert load_results(warehouse, archive, "E0", SEASON).state == "loaded"
    assert checksums(warehouse) == tables
    assert due(warehouse, [TARGET]) == []


def test_the_newest_body_replayed_mends_rows_that_were_tampered_with_and_is_no_detour(
    warehouse, archive, deliver, season
):
    newest = deliver(season(56))
    tables = checksums(warehouse)
    warehouse.execute("delete from raw.matches where line > 30")
    assert the_only(replay(warehouse, archive, newest, None, None)).loaded.rows == 56
    assert checksums(warehouse) == tables
    assert due(warehouse, [TARGET]) == []


def test_after_a_replay_behind_a_refused_body_the_last_good_one_comes_back(warehouse, archive, deliver, season):
    """Forbids that a replayed body stays because the newest, being refused, is not due."""
    early, _ = deliver(season(20)), deliver(season(56))
    page = deliver(HTML_PAGE)
    tables = checksums(warehouse)
    replay(warehouse, archive, early, None, None)
    assert (count(warehouse), warehouse.execute("select sha256 from raw.refusals").fetchall()) == (20, [(page,)])
    assert due(warehouse, [TARGET]) == [KEY]
    assert load_results(warehouse, archive, "E0", SEASON).state == "refused"
    assert checksums(warehouse) == tables
    assert due(warehouse, [TARGET]) == []


def test_a_body_replayed_that_held_already_is_no_reason_to_load_for_ever(warehouse, archive, deliver, season):
    good = deliver(season(20))
    deliver(HTML_PAGE)
    tables = checksums(warehouse)
    replay(warehouse, archive, good, None, None)
    load_results(warehouse, archive, "E0", SEASON)
    assert checksums(warehouse) == tables
    assert due(warehouse, [TARGET]) == []


def test_a_refused_body_changes_nothing_and_is_not_remembered(warehouse, archive, deliver, season):
    page = deliver(HTML_PAGE)
    deliver(season(56))
    tables = checksums(warehouse)
    loaded = the_only(replay(warehouse, archive, page, None, None)).loaded
    assert loaded.state == "refused"
    assert "HTML" in (loaded.detail or "")
    assert checksums(warehouse) == tables


def test_an_empty_database_learns_the_place_from_the_archives_log(warehouse, archive, deliver, season):
    digest = deliver(season(56))
    tables = checksums(warehouse)
    warehouse.execute("truncate raw.fetches, raw.loads, raw.matches")
    part = the_only(replay(warehouse, archive, digest, None, None))
    assert (part.target, part.rows_before) == (TARGET, None)
    assert checksums(warehouse) == tables


def test_fixtures_are_replayed_as_well(warehouse, archive, tmp_path):
    row = {"Div": "E0", "Date": "10/08/2024", "Time": "15:00", "HomeTeam": "E0 Club A"}
    for opponent in ("E0 Club C", "E0 Club D"):
        path = write_fixtures(tmp_path / "site", [row | {"AwayTeam": opponent}])
        fetch(warehouse, archive, DirectorySource(tmp_path / "site"), [FIXTURES])
        load_fixtures(warehouse, archive)
    first = warehouse.execute("select sha256 from raw.fetches order by fetch_id limit 1").fetchone()[0]
    assert sha256_hex(path.read_bytes()) != first
    assert the_only(replay(warehouse, archive, first, None, None)).target == FIXTURES
    assert warehouse.execute("select away from raw.fixtures").fetchall() == [("E0 Club C",)]


def test_a_body_of_several_files_or_of_none_needs_its_partition_named(warehouse, archive, deliver, tmp_path, season):
    stray = archive.put(season(20))
    with pytest.raises(NotReplayable, match=f"{stray} is, by the fetch log, the body of no known file.*--league"):
        replay(warehouse, archive, stray, None, None)
    assert the_only(replay(warehouse, archive, stray, "E0", SEASON)).loaded.rows == 20
    page = deliver(HTML_PAGE)
    put(tmp_path / "site", results_target("E1", SEASON).path, HTML_PAGE)
    fetch(warehouse, archive, DirectorySource(tmp_path / "site"), [results_target("E1", SEASON)])
    with pytest.raises(NotReplayable, match=r"several files \(mmz4281/2324/E0.csv, mmz4281/2324/E1.csv\)"):
        replay(warehouse, archive, page, None, None)


@pytest.mark.parametrize(
    ("league", "season_given", "complaint"),
    [
        ("E9", SEASON, "unknown league E9"),
        ("SWZ-2", SEASON, "no season that began in 2023"),
        ("E0", None, "by both"),
        (None, SEASON, "by both"),
    ],
)
def test_half_a_partition_is_none(warehouse, archive, league, season_given, complaint):
    with pytest.raises(NotReplayable, match=complaint):
        replay(warehouse, archive, "0" * 64, league, season_given)


def test_a_body_is_not_put_under_another_league(warehouse, archive, deliver, season):
    digest = deliver(season(56))
    assert the_only(replay(warehouse, archive, digest, "E1", SEASON)).loaded.state == "refused"
    assert count(warehouse) == 56


def test_a_body_the_archive_lost_leaves_the_rows(warehouse, archive, deliver, season):
    early, _ = deliver(season(20)), deliver(season(56))
    (archive.root / early[:2] / early[2:]).unlink()
    with pytest.raises(ObjectLost, match=early):
        replay(warehouse, archive, early, None, None)
    assert count(warehouse) == 56
