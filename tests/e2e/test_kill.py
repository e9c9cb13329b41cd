"""kill -9 in the middle of a run: the next run ends with the tables of a run nobody disturbed (FAULTS 24)."""

from __future__ import annotations

import signal
import time

import psycopg
import pytest

from tests.support.command import Home, fresh_home
from tests.support.site import FIXTURE_COLUMNS, build_site, write_fixtures

pytestmark = pytest.mark.slow
ARGUMENTS = ("--leagues", "E0,SC0", "--as-of", "2024-08-01")
FIXTURE = dict(zip(FIXTURE_COLUMNS, ("E0", "10/08/2024", "15:00", "E0 Club C", "E0 Club D"), strict=False))
STAGES = {
    "while raw is loading": "select count(*) > 3 from raw.loads",
    "while dbt is building": "select to_regclass('intermediate.int_matches') is not null",
    "while models are trained": "select count(*) > 0 from models.walk_forward",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    root = tmp_path_factory.mktemp("site")
    build_site(root, ["E0", "SC0"], 2016, 2023)
    write_fixtures(root, [FIXTURE])
    return root


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, site):
    with fresh_home(tmp_path_factory.mktemp("undisturbed")) as home:
        home.run("run", "--source", str(site), *ARGUMENTS)
        yield home.checksums()


def test_a_run_killed_at_each_stage_is_repaired_by_the_next(tmp_path_factory, site, undisturbed):
    with fresh_home(tmp_path_factory.mktemp("killed")) as home:
        url = home.database_url
        for stage, reached in STAGES.items():
            _kill_when(home, url, site, stage, reached)
        home.run("run", "--source", str(site), *ARGUMENTS)
        assert home.checksums() == undisturbed
        assert home.json("run", "--source", str(site), *ARGUMENTS)["materialized"] == 0


def _kill_when(home: Home, url: str, site, stage: str, reached: str) -> None:
    process = home.start("run", "--source", str(site), *ARGUMENTS)
    deadline = time.monotonic() + 120
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(reached).fetchone() != (True,):
            assert process.poll() is None, f"ended before it could be killed {stage}: {process.communicate()}"
            assert time.monotonic() < deadline, f"never came to the point {stage}"
            time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
