"""Prometheus and Alertmanager as they are, beside the processes they watch."""

from __future__ import annotations

import json
import shutil
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from footpred_dagster.core.settings import PACKAGE_ROOT
from tests.support.processes import free_port, running

MONITORING = PACKAGE_ROOT / "deploy" / "monitoring"
NEEDED = ("prometheus", "promtool", "prometheus-alertmanager", "amtool")
MISSING = ", ".join(name for name in NEEDED if not shutil.which(name))
needs_prometheus = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {MISSING}")
PATIENCE = 60
Told = list[tuple[str, Any]]
"""What a receiver was posted."""


@contextmanager
def prometheus(folder: Path, targets: dict[str, int], alertmanager: int | None = None) -> Iterator[Callable[..., Any]]:
    """The committed configuration, asking every second; yields a function that queries it.

    Rules fire at once: how long they wait is what promtool's tests are about.
    """
    shutil.copytree(MONITORING, folder, ignore=shutil.ignore_patterns("targets", "grafana", "runbooks"))
    ports = targets | ({"alertmanager": alertmanager} if alertmanager else {})
    for job, port in ports.items():
        (folder / "targets" / job).mkdir(parents=True)
        (folder / "targets" / job / "here.yml").write_text(json.dumps([{"targets": [f"127.0.0.1:{port}"]}]))
    settings = yaml.safe_load((folder / "prometheus.yml").read_text())
    settings["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(settings))
    for file in (folder / "rules").glob("*.yml"):
        rules = yaml.safe_load(file.read_text())
        for group in rules["groups"]:
            for rule in group["rules"]:
                rule["for"] = "0s"
        file.write_text(yaml.safe_dump(rules))
    port = free_port()
    command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
    with running(command, folder / "prometheus.log", {}, port, "/-/ready"):

        def query(expression: str) -> list[dict[str, Any]]:
            asked = urllib.parse.urlencode({"query": expression})
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?{asked}", timeout=10) as answer:
                found: list[dict[str, Any]] = json.load(answer)["data"]["result"]
            return found

        yield query


@contextmanager
def alertmanager(folder: Path, receiver: int) -> Iterator[int]:
    """The committed configuration, telling a receiver here without waiting for others of a group; its port."""
    settings = yaml.safe_load((MONITORING / "alertmanager.yml").read_text())
    for told in settings["receivers"]:
        told["webhook_configs"][0]["url"] = f"http://127.0.0.1:{receiver}/alerts"
    for route in (settings["route"], *settings["route"]["routes"]):
        route["group_wait"] = route["group_interval"] = "1s"
    folder.mkdir()
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(settings))
    port = free_port()
    command = ["prometheus-alertmanager", f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/data"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="]
    with running(command, folder / "alertmanager.log", {}, port, "/-/ready"):
        yield port


def heard(told: Told, alert: str, status: str = "firing") -> list[dict[str, Any]]:
    """Alerts of this name that reached the receiver."""
    alerts = [each for _, post in told for each in post["alerts"]]
    return [each for each in alerts if (each["labels"]["alertname"], each["status"]) == (alert, status)]


def until(true: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """What ``true`` gives, once it is true."""
    deadline = time.monotonic() + patience
    while not (found := true()):
        assert time.monotonic() < deadline, what
        time.sleep(0.3)
    return found
