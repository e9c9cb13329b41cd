"""Real Prometheus on the real service, worker and exporter: no panel is empty, and what goes wrong is told."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import re
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from footpred_dagster.core.settings import TELEMETRY_OFF
from serving.metrics import TASKS
from serving.worker.runner import Again, Dead, counted
from tests.support import service, watched
from tests.support.alerting import MONITORING, PATIENCE, alertmanager, heard, needs_prometheus, prometheus, until
from tests.support.processes import free_port, running
from tests.support.receiver import receiver
from tests.support.service import KICKOFF, World

pytestmark = needs_prometheus
METRIC = re.compile(r"\b((?:footpred|model|queue|http|prediction|inference|service|data|served|process)_[a-z_]+)\b")


@pytest.fixture(scope="module")
def world(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> World:
    return service.build(module_database_url, tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def started(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[dict[str, int], int]]:
    """Ports of the metrics of service, worker and pipeline by their job in Prometheus, and the port of the service."""
    home = tmp_path_factory.mktemp("home")
    watched.fill(world, home)
    environment = world.environment(home, **TELEMETRY_OFF)
    ports = {job: free_port() for job in ("service", "worker", "pipeline")}
    answering = free_port()
    commands = {
        "service": ("serving", "--metrics-port", "/metrics"),
        "worker": ("serving.worker", "--metrics-port", "/metrics"),
        "pipeline": ("footpred_dagster.exporter", "--port", "/metrics"),
    }

    def start(job: str) -> Any:
        module, port, health = commands[job]
        own = ("--port", str(answering)) if job == "service" else ()
        command = [sys.executable, "-m", module, *own, port, str(ports[job])]
        return running(command, home / f"{job}.log", environment, ports[job], health)

    with start("service"), start("worker"), start("pipeline"):
        yield ports, answering


@pytest.fixture(scope="module")
def processes(started) -> dict[str, int]:
    return started[0]


@pytest.fixture(scope="module")
def told() -> Iterator[tuple[int, list[tuple[str, Any]]]]:
    with receiver() as there:
        yield there


@pytest.fixture(scope="module")
def query(processes, told, tmp_path_factory) -> Iterator[Callable[..., list[dict[str, Any]]]]:
    """Of a Prometheus that watches them, with an Alertmanager behind it."""
    folder = tmp_path_factory.mktemp("monitoring")
    with (
        alertmanager(folder / "alertmanager", told[0]) as port,
        prometheus(folder / "prometheus", processes, port) as ask,
    ):
        yield ask


@pytest.fixture(scope="module")
def callers(world, started) -> Iterator[None]:
    """Somebody uses the service all the while."""
    ended, asked = threading.Event(), itertools.count()
    pairing = {"league": "E0", "home": "arsenal", "away": "leeds"}

    def call() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{started[1]}", headers={"X-API-Key": world.key}) as client:
            client.post("/predict/async/", json={"items": [{"match_id": "m1"}]})
            while not ended.wait(0.1):
                client.get("/predict/m1")
                days = timedelta(days=next(asked) % 300)
                client.post("/predict/", json=pairing | {"kickoff": (KICKOFF + days).isoformat()})

    thread = threading.Thread(target=call)
    thread.start()
    yield
    ended.set()
    thread.join()


def expressions() -> list[tuple[str, str, str]]:
    """Dashboard, panel and expression of every target."""
    return [
        (file.stem, panel["title"], target["expr"])
        for file in sorted((MONITORING / "grafana").glob("*.json"))
        for panel in json.loads(file.read_text())["panels"]
        for target in panel["targets"]
    ]


def test_no_panel_of_any_dashboard_is_empty(query, callers):
    def empty() -> list[tuple[str, str, str]]:
        return [each for each in expressions() if all(one["value"][1] == "NaN" for one in query(each[2]))]

    deadline = time.monotonic() + PATIENCE
    while found := empty():
        assert time.monotonic() < deadline, found
        time.sleep(1)


def test_every_metric_a_rule_reads_is_shown_by_somebody(processes):
    shown = ""
    for port in processes.values():
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page:
            shown += page.read().decode()
    for file in sorted((MONITORING / "rules").glob("*.yml")):
        for group in yaml.safe_load(file.read_text())["groups"]:
            for rule in group["rules"]:
                for metric in METRIC.findall(rule["expr"]):
                    assert f"\n{metric}" in shown, f"{rule['alert']}: {metric}"


def test_a_check_that_fails_is_told_and_its_recovery_too(query, world, told):
    """The way of a bad file: the state written down, the exporter, Prometheus, Alertmanager, the receiver."""
    assert not heard(told[1], "BlockingCheckFailed")
    with world.connect() as connection:
        watched.tell(connection, passed=False)
    (alert, *_) = until(lambda: heard(told[1], "BlockingCheckFailed"), "nobody was told")
    assert alert["annotations"]["summary"] == "rows_reconcile of raw/matches failed"
    assert alert["labels"]["severity"] == "critical"
    assert Path(MONITORING.parents[1] / alert["annotations"]["runbook_url"]).exists()
    with world.connect() as connection:
        watched.tell(connection, passed=True)
    until(lambda: heard(told[1], "BlockingCheckFailed", "resolved"), "nobody was told that it passed again")


def test_a_bundle_that_is_gone_is_told(query, world, told):
    """FAULTS 34: the last good champion stays, and somebody hears of it."""
    with world.connect() as connection:
        connection.execute("""
            insert into models.versions (name, version, fingerprint, artifact_sha256, as_of, training_rows, profile)
            select name, 99, fingerprint, repeat('0', 64), as_of, 1, 'production' from models.versions limit 1;
            insert into models.promotions (as_of, name, version, decision, reasons)
            select now(), name, 99, 'promoted', '{}' from models.versions where version = 99;
            notify footpred_champion;
        """)
    until(lambda: heard(told[1], "ChampionNotLoaded"), "nobody was told")


def test_the_pipeline_answers_without_a_database_and_without_a_home(tmp_path):
    """FAULTS 25: that PostgreSQL is away is told, not suffered."""
    home, port = tmp_path / "nobody" / "made-it", free_port()
    environment = {"FOOTPRED_HOME": str(home), "FOOTPRED_DATABASE_URL": "postgresql://x@127.0.0.1:9/x"}
    command = [sys.executable, "-m", "footpred_dagster.exporter", "--port", str(port)]
    with (
        running(command, tmp_path / "pipeline.log", environment, port, "/metrics"),
        urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as page,
    ):
        shown = page.read().decode()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthcheck/", timeout=10) as health:
            assert json.load(health) == {"status": "alive"}
    assert "\nfootpred_pipeline_up 0.0" in shown
    assert "\nfootpred_disk_free_bytes " in shown
    assert "\nfootpred_asset_state{" not in shown


@pytest.mark.parametrize(
    ("end", "outcome"),
    [
        (None, "done"),
        (Again(1), "again"),
        (Dead(""), "dead"),
        (asyncio.CancelledError(), "cancelled"),
        (OSError(), "again"),
    ],
)
def test_an_attempt_at_a_task_is_counted_by_how_it_ended(end, outcome):
    """Forbids an attempt whose database went away among those that are done."""
    count = TASKS.labels(outcome)._value
    before = count.get()
    with contextlib.suppress(BaseException), counted():
        if end is not None:
            raise end
    assert count.get() == before + 1
