"""Unattended operation: the source publishes a matchday, and its predictions are served; it publishes a page instead of
a file, and what was loaded stays, a check fails and an alert is sent. Each test publishes what it needs itself."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest

from footpred_dagster.core.domain import Season
from tests.support.alerting import Told, alertmanager, heard, needs_prometheus, prometheus, until
from tests.support.command import Home, fresh_home
from tests.support.receiver import receiver
from tests.support.site import HTML_PAGE, build_site, clubs, put, season_rows, write_fixtures, write_season

pytestmark = pytest.mark.slow
TODAY = datetime.now(UTC).date()
NOW = Season.containing(TODAY)
TEAMS = clubs("E0")
PATIENCE = 400
ROUNDS = itertools.count(3)
"""The number of rounds that the next published file holds; every file holds one more than the one before."""


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
def services(home, site):
    """The first run by hand, then services on their own; where each answers."""
    home.json("run", "--source", str(site), "--leagues", "E0")
    environment = os.environ | {"FOOTPRED_HOME": str(home.path), "FOOTPRED_SOURCE": str(site)}
    process = subprocess.Popen(
        [sys.executable, "-m", "footpred_dagster.cli", "up"],
        env=environment | {"FOOTPRED_POLL_SECONDS": "5"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def urls() -> dict[str, str]:
        found = json.loads((home.path / "run" / "up.json").read_text())["services"]
        running = all(service["state"] == "running" for service in found.values())
        return {name: service["url"] for name, service in found.items()} if running else {}

    try:
        until((home.path / "run" / "up.json").exists, "nothing was started")
        yield until(urls, "not everything runs", PATIENCE)
    finally:
        process.terminate()
        process.wait(timeout=40)


@pytest.fixture(scope="module")
def database(home):
    with psycopg.connect(home.database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def api(services, home):
    """What the service says of the fixture."""
    key = home.json("keys", "create", "--name", "unattended", "--scopes", "read")["key"]
    with httpx.Client(base_url=services["api"], headers={"X-API-Key": key}) as client:
        match_id = client.get("/matches/", params={"league": "E0", "status": "fixture"}).json()["items"][0]["match_id"]

        def ask() -> dict[str, Any]:
            said = client.get(f"/predict/{match_id}").raise_for_status().json()
            return {name: value for name, value in said.items() if name != "data_age_seconds"}

        yield ask


@pytest.fixture(scope="module")
def told(services, tmp_path_factory):
    """Posts to a receiver behind an Alertmanager and a Prometheus that watches the pipeline."""
    folder, port = tmp_path_factory.mktemp("monitoring"), int(services["metrics"].rsplit(":", 1)[1])
    with (
        receiver() as (there, posts),
        alertmanager(folder / "alertmanager", there) as teller,
        prometheus(folder / "prometheus", {"pipeline": port}, teller),
    ):
        yield posts


def test_a_matchday_that_is_published_ends_in_a_new_prediction_by_the_same_model(api, site):
    before = api()
    write_season(site, "E0", NOW, played(next(ROUNDS)))
    published = time.monotonic()
    after = until(lambda: (now := api())["seq"] > before["seq"] and now, "no new prediction is served", PATIENCE)
    print(f"\nfrom the published file to the answer of the service: {time.monotonic() - published:.0f} s")  # noqa: T201
    assert after["latest_input"].startswith(f"{TODAY - timedelta(days=1)}")
    assert after["model"] == before["model"]


def warned(told: Told) -> set[str]:
    return {alert["labels"]["check"] for alert in heard(told, "CheckWarns")}


@needs_prometheus
def test_a_page_instead_of_the_file_changes_nothing_turns_a_check_red_and_is_told(api, database, told, site):
    before, rows = api(), "select count(*) from raw.matches"
    count = database.execute(rows).fetchone()
    put(site, f"mmz4281/{NOW.site_code}/E0.csv", HTML_PAGE)
    (alert,) = until(lambda: heard(told, "FileRefused"), "nobody was told of the file", PATIENCE)
    assert alert["labels"]["severity"] == "warning"
    until(lambda: "files_are_accepted" in warned(told), "nobody was told of the check", PATIENCE)
    passed = "select passed from monitoring.check_states where name = 'files_are_accepted'"
    assert database.execute(passed).fetchall() == [(False,)]
    assert database.execute(rows).fetchone() == count
    assert api() == before


def works(home: Home) -> dict[str, int]:
    """Runs of the daemon by the work they were started for."""
    url = home.database_url.rsplit("/", 1)[0] + "/footpred_dagster"
    with psycopg.connect(url) as connection:
        return dict(
            connection.execute("select value, count(*) from run_tags where key = 'footpred/work' group by value")
        )


def test_the_file_that_comes_back_is_taken_and_no_work_is_done_twice(api, database, home, site):
    earlier = works(home)
    put(site, f"mmz4281/{NOW.site_code}/E0.csv", HTML_PAGE + b"<!-- once more -->")
    until(lambda: works(home).keys() - earlier.keys(), "the page was not taken up", PATIENCE)
    refused = "select count(*) from raw.refusals"
    until(lambda: database.execute(refused).fetchone() == (1,), "the page was not refused", PATIENCE)
    before = api()
    write_season(site, "E0", NOW, played(next(ROUNDS)))
    until(lambda: api()["seq"] > before["seq"], "no new prediction is served", PATIENCE)
    assert database.execute(refused).fetchone() == (0,)
    time.sleep(15)
    done = works(home)
    assert set(done.values()) == {1}
    assert len(done.keys() - earlier.keys()) == 2, "the page and the file that came back"
