"""Going back to an earlier file of an extra league, all its seasons at once, and of the second source."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime

import pytest

from footpred_dagster.core.archive.base import sha256_hex
from footpred_dagster.core.domain import EXTRA_LEAGUES, Season
from footpred_dagster.sources.clients.archive import ArchiveSource
from footpred_dagster.sources.clients.directory import DirectorySource
from footpred_dagster.sources.fetching.fetch import fetch
from footpred_dagster.sources.football_data.load import due, load_results, results_target
from footpred_dagster.sources.openfootball import load as openfootball
from footpred_dagster.sources.openfootball import schedule_target
from footpred_dagster.sources.openfootball.source import OpenFootball
from footpred_dagster.sources.replay import replay
from tests.support.command import checksums
from tests.support.site import HTML_PAGE, clubs, put, season_rows, write_extra

YEARS = [Season(year, autumn=False) for year in (2022, 2023, 2024)]
BRAZIL = [results_target("BRA", season) for season in EXTRA_LEAGUES["BRA"].seasons(datetime.now(UTC).date())]
SCHEDULE = schedule_target("E0", Season(2023))


@pytest.fixture
def seasons(tmp_path):
    """``new/BRA.csv`` with the given numbers of rows by year."""

    def write(rows: dict[int, int]) -> bytes:
        table = {
            str(year): [row | {"Date": row["Date"].replace(str(year + 1), str(year))} for row in drawn[:count]]
            for year, count in rows.items()
            if (drawn := season_rows("BRA", Season(year), clubs("BRA")))
        }
        return write_extra(tmp_path / "draft", "BRA", "Brazil", table).read_bytes()

    return write


@pytest.fixture
def deliver(warehouse, archive, tmp_path):
    """Puts bytes at a path of the site, fetches and loads what is due; returns their sha256."""

    def deliver(body: bytes, targets=BRAZIL) -> str:
        put(tmp_path / "site", targets[0].path, body)
        fetch(warehouse, archive, DirectorySource(tmp_path / "site"), targets)
        load(warehouse, archive)
        return sha256_hex(body)

    return deliver


def load(warehouse, archive) -> None:
    """As a run does: all that is due."""
    for key in due(warehouse, BRAZIL):
        load_results(warehouse, archive, "BRA", Season.stored(key.partition("|")[2]))
    openfootball.load_schedules(warehouse, archive, [SCHEDULE])


def counts(warehouse) -> dict[str, int]:
    return dict(warehouse.execute("select season, count(*)::int from raw.matches group by 1 order by 1").fetchall())


def schedule(matches: int) -> bytes:
    rows = [
        {"date": f"2023-08-{day:02}", "team1": "Arsenal FC", "team2": "Fulham FC"} for day in range(12, 12 + matches)
    ]
    return json.dumps({"matches": rows}).encode()


def test_an_extra_leagues_file_is_replayed_season_by_season_and_the_next_load_goes_back(
    warehouse, archive, deliver, seasons
):
    early, late = deliver(seasons({2022: 20, 2023: 10})), deliver(seasons({2022: 19, 2023: 30}))
    tables = checksums(warehouse)
    done = replay(warehouse, archive, early, None, None)
    assert (done.path, done.newest, [part.target for part in done.parts]) == ("new/BRA.csv", late, BRAZIL)
    before = {part.target.partition_key: part.rows_before for part in done.parts if part.rows_before}
    assert before == {"BRA|2022": 19, "BRA|2023": 30}
    assert counts(warehouse) == {"2022": 20, "2023": 10}
    assert due(warehouse, BRAZIL) == [target.partition_key for target in BRAZIL]
    load(warehouse, archive)
    assert (checksums(warehouse), due(warehouse, BRAZIL)) == (tables, [])


def test_a_season_the_earlier_file_lacks_keeps_its_rows_and_says_so(warehouse, archive, deliver, seasons):
    early = deliver(seasons({2022: 20}))
    deliver(seasons({2022: 20, 2023: 30}))
    done = replay(warehouse, archive, early, None, None)
    refused = [(part.target.partition_key, part.loaded.detail) for part in done.parts if part.loaded.state == "refused"]
    assert refused == [
        ("BRA|2023", "season_gone: the file no longer holds BRA 2023, which was loaded before; old rows stay")
    ]
    assert counts(warehouse) == {"2022": 20, "2023": 30}


def test_one_season_of_an_extra_league_is_named_by_the_year_it_begins_in(warehouse, archive, deliver, seasons):
    early = deliver(seasons({2022: 20, 2023: 10}))
    deliver(seasons({2022: 19, 2023: 30}))
    (part,) = replay(warehouse, archive, early, "BRA", Season(2023)).parts
    assert (part.target.partition_key, part.loaded.rows) == ("BRA|2023", 10)
    assert counts(warehouse) == {"2022": 19, "2023": 10}


def test_a_page_in_place_of_an_extra_leagues_file_changes_no_season(warehouse, archive, deliver, seasons):
    deliver(seasons({2022: 20}))
    page = deliver(HTML_PAGE)
    tables = checksums(warehouse)
    done = replay(warehouse, archive, page, None, None)
    assert Counter(part.loaded.state for part in done.parts) == {"refused": len(BRAZIL)}
    assert checksums(warehouse) == tables


def test_a_schedule_of_openfootball_is_replayed_until_the_next_load(warehouse, archive, deliver):
    early, late = deliver(schedule(2), [SCHEDULE]), deliver(schedule(3), [SCHEDULE])
    tables = checksums(warehouse)
    done = replay(warehouse, archive, early, None, None)
    (part,) = done.parts
    assert (part.target, part.loaded.rows, part.rows_before, done.newest) == (SCHEDULE, 2, 3, late)
    assert OpenFootball().rows(warehouse, schedule_target("E0", Season(2023))) == 2
    load(warehouse, archive)
    assert checksums(warehouse) == tables


def test_a_refused_schedule_changes_nothing_and_after_a_replay_behind_it_the_last_good_one_comes_back(
    warehouse, archive, deliver
):
    early, _, page = (deliver(body, [SCHEDULE]) for body in (schedule(2), schedule(3), HTML_PAGE))
    tables = checksums(warehouse)
    (part,) = replay(warehouse, archive, page, None, None).parts
    assert (part.loaded.state, part.loaded.detail) == ("refused", "html: not JSON: an HTML page")
    assert checksums(warehouse) == tables
    replay(warehouse, archive, early, None, None)
    assert OpenFootball().rows(warehouse, schedule_target("E0", Season(2023))) == 2
    load(warehouse, archive)
    assert checksums(warehouse) == tables


def test_the_archive_alone_fills_both_again(warehouse, archive, deliver, seasons):
    """The newest schedule is refused: the rebuilt table must hold the one before it all the same."""
    deliver(seasons({2022: 20, 2023: 10}))
    for body in (schedule(3), HTML_PAGE):
        deliver(body, [SCHEDULE])
    tables = checksums(warehouse)
    warehouse.execute("""
        truncate raw.fetches, raw.loads, raw.matches, raw.quarantine, raw.openfootball_files, raw.openfootball_matches
    """)
    fetch(warehouse, archive, ArchiveSource(), [*BRAZIL, SCHEDULE])
    load(warehouse, archive)
    assert checksums(warehouse) == tables
