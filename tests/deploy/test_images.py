"""The images as one host runs them: brought up without a registry, a run inside, predictions out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from footpred_dagster.core.settings import PACKAGE_ROOT
from tests.support.processes import free_port

IMAGES = ("pipeline", "serving", "dashboards", "offline")
PORTS = ("API", "DAGSTER", "DAGSTER_VIEWER", "MLFLOW", "DASHBOARD", "PROMETHEUS", "ALERTMANAGER")
OURS = ("code-server", "webserver", "webserver-viewer", "daemon", "metrics", "mlflow", "api", "worker", "dashboard")
LOGINS = (
    ("DAGSTER", "/server_info", "operators"),
    ("DAGSTER_VIEWER", "/server_info", "viewers"),
    ("MLFLOW", "/health", "operators"),
    ("DASHBOARD", "/healthz", "viewers"),
)
RATE, BURST, CALLERS, CALLS = 10, 50, 12, 300


def _missing() -> str:
    if not shutil.which("podman"):
        return "podman is not installed"
    for image in IMAGES:
        if subprocess.run(["podman", "image", "exists", f"localhost/footpred/{image}:0.1.0"], check=False).returncode:
            return f"no image footpred/{image}: make images images-offline"
    return ""


pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]


@dataclass(frozen=True)
class Host:
    """A host on which compose runs; ``ports`` are its own on loopback."""

    project: str
    environment: dict[str, str]
    ports: dict[str, int]

    def compose(self, *arguments: str) -> str:
        files = [f"deploy/compose{part}.yaml" for part in ("", ".offline", ".login")]
        options = ("--profile", "login", "-p", self.project, *(part for file in files for part in ("-f", file)))
        command = [str(Path(sys.executable).with_name("podman-compose")), *options, *arguments]
        done = subprocess.run(
            command, cwd=PACKAGE_ROOT, env=os.environ | self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done.stdout

    def run(self, service: str, *command: str) -> str:
        return self.compose("exec", "-T", service, "footpred-entrypoint", *command)

    def get(self, port: str, path: str, key: str = "", group: str = "", **headers: str) -> tuple[int, bytes]:
        """Status and body, 0 while nothing listens; ``group`` logs in as its first user."""
        if group:
            line = Path(self.environment["SECRETS"], f"{group}.htpasswd").read_text().splitlines()[0]
            headers["Authorization"] = "Basic " + b64encode(line.replace("{PLAIN}", "").encode()).decode()
        address = f"http://127.0.0.1:{self.ports[port]}{path}"
        request = urllib.request.Request(address, headers={"X-API-Key": key, **headers})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return int(answer.status), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()
        except OSError:
            return 0, b""


def wait(answered: Callable[[], bool], seconds: float) -> float:
    began = time.monotonic()
    while not answered():
        assert time.monotonic() - began < seconds
        time.sleep(0.5)
    return time.monotonic() - began


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    if reason := _missing():
        pytest.skip(reason)
    secrets = tmp_path_factory.mktemp("host") / "secrets"
    subprocess.run([PACKAGE_ROOT / "deploy/docker/secrets.sh", secrets], check=True)
    ports = {name: free_port() for name in PORTS}
    environment = {f"{name}_PORT": str(port) for name, port in ports.items()} | {"SECRETS": str(secrets)}
    found = Host(f"footpred-test-{os.getpid()}", environment, ports)
    try:
        began = time.monotonic()
        found.compose("up", "-d")
        sys.stdout.write(f"\nup {time.monotonic() - began:.0f} s")
        yield found
    finally:
        found.compose("down", "-v", "-t", "15")


@pytest.fixture(scope="module")
def predicted(host: Host) -> dict[str, Any]:
    """What a run on the simulator says, in the container that runs are in."""
    wait(lambda: host.get("MLFLOW", "/health", group="operators")[0] == 200, 120)
    said = host.run("code-server", "footpred", "run", "--source", "simulator", "--leagues", "E0,E1", "--json")
    summary: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
    sys.stdout.write(f"; run {summary['seconds']} s, {summary['matches']} matches, champion {summary['champion']}")
    return summary


@pytest.mark.parametrize("service", OURS)
def test_confined(host: Host, service: str) -> None:
    """In the running container, not in what was asked for: the user, the root, capabilities, the bound on memory."""
    assert host.run(service, "id", "-u").strip() == "10001"
    status = dict(
        line.split(":\t") for line in host.run(service, "cat", "/proc/1/status").splitlines() if ":\t" in line
    )
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    root = next(line for line in host.run(service, "cat", "/proc/mounts").splitlines() if line.split()[1] == "/")
    assert "ro" in root.split()[3].split(",")


def test_served_through_nginx(host: Host, predicted: dict[str, Any]) -> None:
    assert predicted["champion"]["version"] == 1
    seconds = wait(lambda: host.get("API", "/readyz")[0] == 200, 60)
    create = ("footpred", "keys", "create", "--name", "t", "--scopes", "read", "--json")
    key = json.loads(host.compose("run", "--rm", "-T", "migrate", *create))
    status, body = host.get("API", "/predict/predictions/", key["key"])
    assert status == 200
    items = json.loads(body)["items"]
    assert items
    assert host.get("API", "/metrics")[0] == 404
    time.sleep(BURST / RATE)  # until what was asked so far is forgotten
    began = time.monotonic()
    with ThreadPoolExecutor(CALLERS) as pool:
        counted = Counter(pool.map(lambda _: host.get("API", "/healthcheck/")[0], range(CALLS)))
    took = time.monotonic() - began
    sys.stdout.write(
        f"; ready after {seconds:.1f} s, {len(items)} predictions; {CALLS} calls in {took:.2f} s: {dict(counted)}\n"
    )
    assert set(counted) == {200, 429}
    assert BURST <= counted[200] <= BURST + 1 + RATE * took + 1


def test_dashboard_and_dagster_answer(host: Host) -> None:
    wait(lambda: host.get("ALERTMANAGER", "/-/ready")[0] == 200, 120)
    for port, path, group in LOGINS:
        wait(lambda port=port, path=path, group=group: host.get(port, path, group=group)[0] == 200, 120)


@pytest.mark.fault(64, "a page of another origin sends GET and POST mutations to Dagster: refused")
@pytest.mark.parametrize(("port", "path", "group"), LOGINS)
def test_a_login_is_asked_for_and_foreign_hosts_are_refused_behind_it(
    host: Host, port: str, path: str, group: str
) -> None:
    wait(lambda: host.get(port, path, group=group)[0] == 200, 120)
    assert host.get(port, path)[0] == 401
    assert host.get(port, path, group="operators")[0] == 200
    if group == "operators":
        assert host.get(port, path, group="viewers")[0] == 401
    if port != "DASHBOARD":  # it checks the origin of its websockets
        assert host.get(port, "/", group=group, Host="evil.example")[0] == 403


def test_prometheus_reaches_all_it_watches(host: Host) -> None:
    def up() -> bool:
        status, body = host.get("PROMETHEUS", "/api/v1/query?query=up")
        if status != 200:
            return False
        found = {row["metric"]["job"]: row["value"][1] for row in json.loads(body)["data"]["result"]}
        return found == {"service": "1", "worker": "1", "pipeline": "1"}

    wait(up, 120)


def test_sigterm_ends_the_service(host: Host) -> None:
    began = time.monotonic()
    host.compose("stop", "-t", "30", "api", "worker", "dashboard")
    assert time.monotonic() - began < 30
