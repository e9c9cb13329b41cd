"""Nobody at the keyboard: the source publishes a matchday, and its predictions are served; it publishes rubbish, and
what was there stays."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from footpred_dagster.core.domain import Season
from tests.support.command import fresh_home
from tests.support.site import HTML_PAGE, build_site, clubs, put, season_rows, write_fixtures, write_season

TODAY = datetime.now(UTC).date()
NOW = Season.containing(TODAY)
TEAMS = clubs("E0")
PATIENCE = 240


def fixture(home: str, away: str) -> dict[str, object]:
    soon = (TODAY + timedelta(days=4)).strftime("%d/%m/%Y")
    return {"Div": "E0", "Date": soon, "Time": "15:00", "HomeTeam": home, "AwayTeam": away}


def played(rounds: int) -> list[dict[str, object]]:
    """The first rounds of this season, the last of them yesterday, a week apart."""
    rows = season_rows("E0", NOW, TEAMS)[: rounds * len(TEAMS) // 2]
    for number, row in enumerate(rows):
        week = rounds - 1 - number // (len(TEAMS) // 2)
        row["Date"] = (TODAY - timedelta(days=1, weeks=week)).strftime("%d/%m/%Y")
    return rows


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    root = tmp_path_factory.mktemp("site")
    build_site(root, ["E0"], NOW.start - 4, NOW.start - 1)
    write_season(root, "E0", NOW, played(3)[: 2 * len(TEAMS) // 2])
    write_fixtures(root, [fixture(TEAMS[0], TEAMS[1])])
    return root


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with fresh_home(tmp_path_factory.mktemp("unattended")) as home:
        yield home


@pytest.fixture(scope="module")
def served(home, site):
    """The first run by hand, then services on their own; how the served prediction of the fixture stands."""
    home.json("run", "--source", str(site), "--leagues", "E0")
    environment = os.environ | {"FOOTPRED_HOME": str(home.path), "FOOTPRED_SOURCE": str(site)}
    process = subprocess.Popen(
        [sys.executable, "-m", "footpred_dagster.cli", "up"],
        env=environment | {"FOOTPRED_POLL_SECONDS": "5"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        with psycopg.connect(home.database_url, autocommit=True) as connection:
            yield connection
    finally:
        process.terminate()
        process.wait(timeout=40)


def prediction(connection: psycopg.Connection) -> tuple | None:
    return connection.execute(
        "select seq, latest_input, model_version from predictions.served where home_name = %s", [TEAMS[0]]
    ).fetchone()


def waited(connection: psycopg.Connection, query: str) -> tuple:
    """The first row that ``query`` gives, within PATIENCE."""
    deadline = time.monotonic() + PATIENCE
    while (row := connection.execute(query.encode()).fetchone()) is None:
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.2)
    return row


def test_a_matchday_that_is_published_ends_in_a_new_prediction_by_the_same_model(served, site):
    before = prediction(served)
    assert before
    write_season(site, "E0", NOW, played(3))
    published = time.monotonic()
    waited(served, f"select 1 from predictions.served where home_name = '{TEAMS[0]}' and seq > {before[0]}")
    print(f"\nfrom the published file to the served prediction: {time.monotonic() - published:.0f} s")  # noqa: T201
    after = prediction(served)
    assert after
    assert after[1].date() == TODAY - timedelta(days=1)
    assert after[2] == before[2]


def test_a_page_instead_of_the_file_changes_nothing_and_is_kept_as_refused(served, site):
    before, rows = prediction(served), "select count(*) from raw.matches"
    count = served.execute(rows.encode()).fetchone()
    put(site, f"mmz4281/{NOW.site_code}/E0.csv", HTML_PAGE)
    (reason,) = waited(served, "select reason from raw.refusals")
    assert reason
    assert served.execute(rows.encode()).fetchone() == count
    assert prediction(served) == before


def test_the_file_that_comes_back_is_taken_and_no_work_is_done_twice(served, home, site):
    write_season(site, "E0", NOW, played(4)[-4 * len(TEAMS) // 2 :])
    waited(served, "select 1 where not exists (select from raw.refusals)")
    time.sleep(15)
    url = home.database_url.rsplit("/", 1)[0] + "/footpred_dagster"
    with psycopg.connect(url) as connection:
        works = connection.execute(
            "select value, count(*) from run_tags where key = 'footpred/work' group by value"
        ).fetchall()
    assert {count for _, count in works} == {1}
    assert len(works) == 3
