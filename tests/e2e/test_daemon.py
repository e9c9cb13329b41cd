"""The daemon killed at each stage of a tick, and two days of its ticks: each piece of work is one run."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import psycopg
import pytest
from dagster._core.test_utils import freeze_time
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import GrpcServerTarget
from dagster._daemon.sensor import execute_sensor_iteration
from dagster._scheduler.scheduler import launch_scheduled_runs

from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.database.connection import migrate
from footpred_dagster.core.database.embedded_server import EmbeddedPostgres
from footpred_dagster.core.domain import Season
from footpred_dagster.core.settings import PACKAGE_ROOT, Settings
from footpred_dagster.orchestration.instance import open_instance
from footpred_dagster.orchestration.refresh_planning import WORK_TAG
from footpred_dagster.sources.clients.directory import DirectorySource
from footpred_dagster.sources.fetching.fetch import fetch
from footpred_dagster.sources.football_data.load import FIXTURES, load_fixtures, load_results, results_target
from tests.support.postgres import own_home
from tests.support.processes import free_port, running
from tests.support.site import clubs, season_rows, write_fixtures, write_season
from tests.support.ticks import CRASHES

pytestmark = pytest.mark.slow
NOW = Season.containing(datetime.now(UTC).date())


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    root = tmp_path_factory.mktemp("site")
    root.chmod(0o755)
    write_season(root, "E0", NOW, season_rows("E0", NOW, clubs("E0")))
    write_fixtures(root, [])
    return root


@pytest.fixture(scope="module")
def loaded(site):
    """A home that holds the season as the site has it; its folder and database."""
    with own_home() as home:
        url = EmbeddedPostgres(home).start()
        migrate(url)
        archive = LocalArchive(home / "archive")
        with psycopg.connect(url, autocommit=True) as connection:
            fetch(connection, archive, DirectorySource(site), [results_target("E0", NOW), FIXTURES])
            load_results(connection, archive, "E0", NOW)
            load_fixtures(connection, archive)
        yield home, url


def publish(site, goals: int) -> None:
    rows = season_rows("E0", NOW, clubs("E0"))
    rows[0] |= {"FTHG": goals, "FTAG": 0, "FTR": "H"}
    write_season(site, "E0", NOW, rows)


@pytest.fixture(scope="module")
def environment(loaded, site) -> dict[str, str]:
    (loaded[0] / "dagster").mkdir()
    return os.environ | {
        "FOOTPRED_HOME": str(loaded[0]),
        "FOOTPRED_SOURCE": str(site),
        "FOOTPRED_POLL_SECONDS": "1",
        "DAGSTER_HOME": str(loaded[0] / "dagster"),
        "PYTHONWARNINGS": "ignore",
    }


@pytest.fixture(scope="module")
def port(environment, loaded) -> Iterator[int]:
    """Of a code server of its own process, as in a home that is up."""
    port = free_port()
    module = ("-m", "footpred_dagster.definitions", "--location-name", "footpred")
    code = ("dagster", "code-server", "start", "-h", "127.0.0.1", "-p", str(port), *module)
    with running([sys.executable, "-m", *code], loaded[0] / "code-server.log", environment, port):
        yield port


@pytest.fixture(scope="module")
def daemon(environment, port) -> Iterator[subprocess.Popen[str]]:
    """Iterates when told."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.ticks", str(port)],
        env=environment,
        cwd=PACKAGE_ROOT,
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as daemon:
        yield daemon
        daemon.terminate()


def iterate(daemon: subprocess.Popen[str], crash: str) -> int:
    """One look at every sensor; how the process that looked ended."""
    assert daemon.stdin
    assert daemon.stdout
    time.sleep(1.1)  # the sensor's own interval
    daemon.stdin.write(f"{crash}\n")
    daemon.stdin.flush()
    return int(daemon.stdout.readline())


def works(url: str) -> dict[str, int]:
    """Runs of each piece of work."""
    with psycopg.connect(f"{url.rsplit('/', 1)[0]}/footpred_dagster") as connection:
        return dict(
            connection.execute(
                "select value, count(*) from run_tags where key = %s group by value", [WORK_TAG]
            ).fetchall()
        )


def test_killed_at_each_stage_of_a_tick_a_daemon_that_is_started_again_makes_exactly_one_run(daemon, loaded, site):
    assert iterate(daemon, "-") == 0
    assert works(loaded[1]) == {}
    for stage, crash in enumerate(CRASHES, 1):
        publish(site, 3 + stage)
        assert iterate(daemon, crash) == -signal.SIGKILL, crash
        for _ in range(2):
            assert iterate(daemon, "-") == 0
        assert list(works(loaded[1]).values()) == [1] * stage, crash


@pytest.fixture
def workspace(loaded, port):
    """What a daemon reads and writes, in this process: its clock is ours to set."""
    server = GrpcServerTarget(host="127.0.0.1", port=port, socket=None, location_name="footpred")
    with open_instance(Settings(home=loaded[0])) as instance, WorkspaceProcessContext(instance, server) as workspace:
        yield workspace


def carry_out(instance: dg.DagsterInstance, loaded) -> int:
    """Do what the queued runs of ``refresh`` are for, as far as loading, and report them done; how many there were."""
    queued = instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.QUEUED, dg.DagsterRunStatus.NOT_STARTED]))
    with psycopg.connect(loaded[1], autocommit=True) as connection:
        for run in queued:
            load_results(connection, LocalArchive(loaded[0] / "archive"), "E0", NOW)
            done = dg.DagsterEvent(dg.DagsterEventType.RUN_SUCCESS.value, run.job_name)
            instance.handle_new_event(
                dg.EventLogEntry(None, 20, "", run.run_id, time.time(), job_name=run.job_name, dagster_event=done)
            )
    return len(queued)


@pytest.mark.timeout(1800)
def test_in_two_days_of_ticks_no_matchday_is_missed_none_is_loaded_twice_and_tables_stay_bounded(
    workspace, loaded, site
):
    """192 polls, a quarter of an hour apart on the daemon's clock; three matchdays and a correction are published."""
    start = datetime.now(UTC).replace(minute=1, second=0, microsecond=0)
    published = {20: 11, 70: 12, 71: 13, 150: 14}
    before, times, log = works(loaded[1]), {}, logging.getLogger("ticks")
    for poll in range(192):
        if poll in published:
            publish(site, published[poll])
        now = start + timedelta(minutes=15 * poll)
        with freeze_time(now):
            list(execute_sensor_iteration(workspace, log, None, None))
            list(launch_scheduled_runs(workspace, log, now, times))
        carry_out(workspace.instance, loaded)
    made = {work: runs for work, runs in works(loaded[1]).items() if work not in before}
    assert list(made.values()) == [1] * len(published)
    with psycopg.connect(loaded[1]) as connection:
        goals = connection.execute("select home_goals from raw.matches where line = 2").fetchone()
    assert goals == (14,)
    jobs = Counter(run.job_name for run in workspace.instance.get_runs() if WORK_TAG not in run.tags)
    assert jobs["housekeeping"] == 2
    assert jobs["refresh"] >= 2, "the daily look"
    with psycopg.connect(f"{loaded[1].rsplit('/', 1)[0]}/footpred_dagster") as connection:
        ticks = dict(connection.execute("select status, count(*) from job_ticks group by status").fetchall())
    assert ticks.get("FAILURE", 0) == 0
