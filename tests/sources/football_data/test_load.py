"""From bytes to rows: what a partition holds after a load, a second one, a bad file, a crash, and two at once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import psycopg
import pytest

from footpred_dagster.core.archive.base import ArchiveError
from footpred_dagster.core.domain import Season
from footpred_dagster.sources.clients.base import Fetched
from footpred_dagster.sources.clients.directory import DirectorySource
from footpred_dagster.sources.fetching.fetch import fetch
from footpred_dagster.sources.football_data.completeness import settled
from footpred_dagster.sources.football_data.load import (
    FIXTURES,
    due,
    load_fixtures,
    load_results,
    raw_version,
    results_target,
)
from tests.support.site import clubs, season_rows, write_fixtures, write_season

SEASON = Season(2023)
TARGET = results_target("E0", SEASON)
ROWS = 56


@pytest.fixture
def site(tmp_path):
    root = tmp_path / "site"
    write_season(root, "E0", SEASON, season_rows("E0", SEASON, clubs("E0")))
    return root


def _refetch(warehouse, archive, site):
    return fetch(warehouse, archive, DirectorySource(site), [TARGET])


def _count(warehouse, table="raw.matches"):
    return warehouse.execute(f"select count(*) from {table}").fetchone()[0]


def _load(warehouse, archive):
    return load_results(warehouse, archive, "E0", SEASON)


def test_a_file_is_loaded_once_and_a_second_load_writes_nothing(warehouse, archive, site):
    assert _refetch(warehouse, archive, site).changed == [TARGET.partition_key]
    assert due(warehouse, [TARGET]) == [TARGET.partition_key]
    assert _load(warehouse, archive).state == "loaded"
    version, loaded_at = raw_version(warehouse, fixtures=False), warehouse.execute("select loaded_at from raw.loads")
    loaded_at = loaded_at.fetchone()
    assert _refetch(warehouse, archive, site).unchanged == [TARGET.partition_key]
    assert due(warehouse, [TARGET]) == []
    assert _load(warehouse, archive).state == "unchanged"
    assert raw_version(warehouse, fixtures=False) == version
    assert warehouse.execute("select loaded_at from raw.loads").fetchone() == loaded_at
    assert _count(warehouse) == ROWS


def test_a_touched_file_with_the_same_bytes_is_not_loaded_again(warehouse, archive, site):
    _refetch(warehouse, archive, site)
    _load(warehouse, archive)
    path = site / TARGET.path
    path.write_bytes(path.read_bytes())
    assert _refetch(warehouse, archive, site).unchanged == [TARGET.partition_key]
    assert due(warehouse, [TARGET]) == []


def test_every_request_is_logged_and_an_unchanged_answer_keeps_naming_the_body(warehouse, archive, site):
    _refetch(warehouse, archive, site)
    _refetch(warehouse, archive, site)
    log = warehouse.execute("select status, sha256 is not null, size is not null from raw.fetches order by fetch_id")
    assert log.fetchall() == [(200, True, True), (304, True, False)]


def test_a_file_not_published_is_no_failure(warehouse, archive, site):
    later = results_target("E0", Season(2030))
    report = fetch(warehouse, archive, DirectorySource(site), [later])
    assert report.missing == [later.partition_key]
    assert due(warehouse, [later]) == []
    assert load_results(warehouse, archive, "E0", Season(2030)).state == "missing"


def test_a_refused_file_leaves_the_rows_and_is_due_again_only_when_its_bytes_change(warehouse, archive, site):
    _refetch(warehouse, archive, site)
    _load(warehouse, archive)
    path, version = site / TARGET.path, raw_version(warehouse, fixtures=False)
    good = path.read_bytes()
    path.write_text("<!DOCTYPE html><html>Multiple Choices</html>")
    _refetch(warehouse, archive, site)
    assert due(warehouse, [TARGET]) == [TARGET.partition_key]
    refused = _load(warehouse, archive)
    assert refused.state == "refused"
    assert "HTML" in (refused.detail or "")
    assert (_count(warehouse), raw_version(warehouse, fixtures=False)) == (ROWS, version)
    assert due(warehouse, [TARGET]) == []
    path.write_bytes(good)
    _refetch(warehouse, archive, site)
    assert due(warehouse, [TARGET]) == [TARGET.partition_key]
    assert _load(warehouse, archive).state == "unchanged"
    assert _count(warehouse, "raw.refusals") == 0


def test_quarantined_rows_name_their_file_line_and_reason(warehouse, archive, site):
    rows = season_rows("E0", SEASON, clubs("E0"))
    rows[3] |= {"FTHG": "1.5"}
    write_season(site, "E0", SEASON, rows)
    _refetch(warehouse, archive, site)
    assert _load(warehouse, archive).rows == ROWS - 1
    item = warehouse.execute('select path, line, "column", reason, value, dropped from raw.quarantine').fetchone()
    assert item == (TARGET.path, 5, "FTHG", "bad_goals", "1.5", True)


def test_a_load_that_cannot_read_the_archive_leaves_the_rows_as_they_were(warehouse, archive, site):
    _refetch(warehouse, archive, site)
    _load(warehouse, archive)
    rows = season_rows("E0", SEASON, clubs("E0"))[:20]
    write_season(site, "E0", SEASON, rows)
    _refetch(warehouse, archive, site)
    newest = warehouse.execute("select sha256 from raw.fetches order by fetch_id desc limit 1").fetchone()[0]
    (archive.root / newest[:2] / newest[2:]).write_bytes(b"damaged")
    with pytest.raises(ArchiveError, match="damaged"):
        _load(warehouse, archive)
    assert _count(warehouse) == ROWS


def test_two_loads_of_a_partition_at_once_give_one_result(database_url, warehouse, archive, site):
    _refetch(warehouse, archive, site)
    states = []

    def load():
        with psycopg.connect(database_url, autocommit=True) as own:
            states.append(load_results(own, archive, "E0", SEASON).state)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(states) == ["loaded", "unchanged", "unchanged", "unchanged"]
    assert _count(warehouse) == ROWS


def test_fixtures_replace_each_other(warehouse, archive, site):
    row = {"Div": "E0", "Date": "10/08/2024", "Time": "15:00", "HomeTeam": "E0 Club A", "AwayTeam": "E0 Club B"}
    source = DirectorySource(site)
    for teams in ("E0 Club C", "E0 Club D"):
        write_fixtures(site, [row | {"AwayTeam": teams}])
        fetch(warehouse, archive, source, [FIXTURES])
        assert load_fixtures(warehouse, archive).rows == 1
    assert warehouse.execute("select away from raw.fixtures").fetchall() == [("E0 Club D",)]
    assert raw_version(warehouse, fixtures=False).startswith("0:")


def test_complete_loaded_seasons_are_settled(warehouse, archive, site):
    _refetch(warehouse, archive, site)
    assert settled(warehouse, SEASON.end) == set()
    _load(warehouse, archive)
    assert settled(warehouse, SEASON.end) == {TARGET.partition_key}
    assert settled(warehouse, Season(2022).end) == set()


@pytest.mark.fault(55, "a season loaded before its end is asked for again, until it is whole")
def test_a_season_loaded_before_its_end_is_asked_for_again(warehouse, archive, site):
    rows = season_rows("E0", SEASON, clubs("E0"))
    write_season(site, "E0", SEASON, rows[:40])
    _refetch(warehouse, archive, site)
    _load(warehouse, archive)
    assert settled(warehouse, datetime(2026, 9, 5, tzinfo=UTC)) == set()
    write_season(site, "E0", SEASON, rows)
    _refetch(warehouse, archive, site)
    _load(warehouse, archive)
    assert settled(warehouse, datetime(2026, 9, 5, tzinfo=UTC)) == {TARGET.partition_key}


def test_an_answer_moments_ago_is_taken_for_now(warehouse, archive, site):
    _refetch(warehouse, archive, site)

    class Silent:
        name = str(DirectorySource(site).name)

        def fetch(self, path: str, known: object = None) -> Fetched:
            raise AssertionError("asked again")

    report = fetch(warehouse, archive, Silent(), [TARGET], max_age=60)
    assert report.fresh == [TARGET.partition_key]


EXTRA_HEADER = "Country,League,Season,Date,Time,Home,Away,HG,AG,Res,AvgCH,AvgCD,AvgCA"
EXTRA_ROWS = [
    "Argentina,Copa De La Liga Profesional,2021,12/02/2021,18:00,Lanus,Huracan,0,0,D,1.9,3.2,4.1",
    "Argentina,Liga Profesional ,2021,16/07/2021,18:00,Lanus,Huracan,1,0,H,1.9,3.2,4.1",
    "Argentina,Liga Profesional ,2021,17/07/2021,18:00,Tigre,Quilmes,2,0,H,1.9,3.2,4.1",
    "Argentina,Liga Profesional,2022,05/06/2022,18:00,Huracan,Lanus,1,1,D,1.9,3.2,4.1",
]
EXTRA_TARGETS = [
    results_target(code, Season(year, autumn=False))
    for code, year in (("ARG", 2021), ("ARG", 2022), ("ARG", 2023), ("ARG-COPA", 2021))
]


def _write_extra(site, rows):
    path = site / "new" / "ARG.csv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([EXTRA_HEADER, *rows, ""]))


def _load_extra(warehouse, archive, site):
    """Fetch the file and load what is due of it: partition key -> (state, rows)."""
    fetch(warehouse, archive, DirectorySource(site), EXTRA_TARGETS)
    loaded = {}
    for key in due(warehouse, EXTRA_TARGETS):
        code, _, season = key.partition("|")
        result = load_results(warehouse, archive, code, Season.stored(season))
        loaded[key] = (result.state, result.rows)
    return loaded


def test_one_file_fills_the_seasons_of_its_competitions_and_is_asked_for_once(warehouse, archive, site):
    _write_extra(site, EXTRA_ROWS)
    assert _load_extra(warehouse, archive, site) == {
        "ARG|2021": ("loaded", 2),
        "ARG|2022": ("loaded", 1),
        "ARG|2023": ("loaded", 0),  # not in the file yet: remembered, or it would be due for ever
        "ARG-COPA|2021": ("loaded", 1),
    }
    stored = warehouse.execute(
        "select league, season, count(*), min(avg_close_h), max(avg_h) from raw.matches group by 1, 2 order by 1, 2"
    ).fetchall()
    assert stored == [("ARG", "2021", 2, 1.9, None), ("ARG", "2022", 1, 1.9, None), ("ARG-COPA", "2021", 1, 1.9, None)]
    assert _count(warehouse, "raw.fetches") == 1
    assert _load_extra(warehouse, archive, site) == {}


def test_a_changed_extra_file_replaces_every_season_and_a_refused_one_none(warehouse, archive, site):
    _write_extra(site, EXTRA_ROWS)
    _load_extra(warehouse, archive, site)
    _write_extra(site, [*EXTRA_ROWS[:3], EXTRA_ROWS[3].replace("1,1,D", "1,2,A")])
    assert {state for state, _ in _load_extra(warehouse, archive, site).values()} == {"loaded"}
    scores = warehouse.execute("select away_goals from raw.matches where season = '2022'").fetchall()
    assert (scores, _count(warehouse)) == ([(2,)], 4)
    _write_extra(site, [row.replace("Argentina", "Austria") for row in EXTRA_ROWS])
    assert {state for state, _ in _load_extra(warehouse, archive, site).values()} == {"refused"}
    assert _count(warehouse) == 4


def test_a_season_that_vanishes_from_its_file_keeps_its_rows(warehouse, archive, site):
    _write_extra(site, EXTRA_ROWS)
    _load_extra(warehouse, archive, site)
    _write_extra(site, EXTRA_ROWS[:3])
    states = {key: state for key, (state, _) in _load_extra(warehouse, archive, site).items()}
    assert states["ARG|2022"] == "refused"
    assert (states["ARG|2021"], states["ARG|2023"], _count(warehouse)) == ("loaded", "loaded", 4)
    assert warehouse.execute("select partition_key, reason from raw.refusals").fetchall() == [
        ("ARG|2022", "season_gone")
    ]


def test_complete_seasons_of_calendar_years_are_settled_in_march(warehouse, archive, site):
    """Their rules are not known: the source has answered since the end of the season."""
    _write_extra(site, EXTRA_ROWS)
    _load_extra(warehouse, archive, site)
    assert settled(warehouse, Season(2021, autumn=False).end) == {"ARG|2021", "ARG-COPA|2021"}
    warehouse.execute("update raw.fetches set fetched_at = '2021-12-01'")
    assert settled(warehouse, Season(2021, autumn=False).end) == set()
