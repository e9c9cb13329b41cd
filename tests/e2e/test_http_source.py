"""The same path over HTTP: the simulated site as the source, asked politely and only for what may have changed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from footpred_dagster.sources.simulator import SimulatorServer, World
from tests.support.command import fresh_home

pytestmark = pytest.mark.slow
NOW = datetime(2024, 11, 20, 12, tzinfo=UTC)
LEAGUES = ("E0", "E1")
ARGUMENTS = ("--leagues", ",".join(LEAGUES), "--seasons", "1920-2425", "--as-of", NOW.isoformat())


@pytest.fixture(scope="module")
def site():
    with SimulatorServer(World(leagues=LEAGUES, first_season=2019, clubs_per_league=12), lambda: NOW) as server:
        yield server


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    with fresh_home(tmp_path_factory.mktemp("http")) as home:
        yield home


@pytest.fixture(scope="module")
def first(home, site):
    return home.json("run", "--source", site.url, *ARGUMENTS)


def test_a_site_is_read_whole_one_request_a_file(first, site):
    played = sum(matches.finished(NOW) for matches in site.world.begun(NOW))
    assert (first["files"], first["matches"], first["quarantined"]) == (12, played, {})
    assert first["champion"]["name"] != "base_rate"
    assert first["predictions"]["predicted"] == first["predictions"]["sealed"] > 0
    assert site.requests == {200: 13}


def test_the_second_run_asks_conditionally_and_not_for_complete_seasons(first, home, site):
    site.requests.clear()
    second = home.json("run", "--source", site.url, *ARGUMENTS)
    assert (second["materialized"], second["matches"]) == (0, first["matches"])
    # fixtures.csv, and each league's file of the season that is over by the clock and lacks matches.
    assert site.requests == {304: 1 + len(LEAGUES)}


def test_a_site_that_is_down_is_a_warning_and_what_is_archived_stays_in_use(first, home, site):
    site.close()
    again = home.json("run", "--source", site.url, *ARGUMENTS)
    assert (again["materialized"], again["matches"]) == (0, first["matches"])
    assert any("source unavailable" in warning for warning in again["warnings"])
