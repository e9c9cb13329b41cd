"""Dagster's webserver as ``footpred up`` starts it, on an instance in PostgreSQL, and requests with any headers."""

from __future__ import annotations

import http.client
import json
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from footpred_dagster.core.settings import Settings
from footpred_dagster.orchestration.instance import open_instance
from tests.support.processes import free_port, running

PROXY = "dagster.example.org"
CODE = """
import dagster as dg


@dg.sensor(default_status=dg.DefaultSensorStatus.RUNNING)
def watched():
    return dg.SkipReason("nothing to do")


@dg.asset
def kept():
    pass


defs = dg.Definitions(assets=[kept], sensors=[watched])
"""
SENSORS = """
{ repositoriesOrError { ... on RepositoryConnection { nodes { sensors { sensorState { id status } } } } } }
"""


@dataclass(frozen=True)
class Webserver:
    port: int

    def send(
        self, method: str, path: str, headers: Iterable[tuple[str, str]] = (), body: str = ""
    ) -> tuple[int, dict[str, str], str]:
        """Status, headers and body of the response. ``headers`` may repeat a name; a Host among them replaces ours."""
        lines = [(name.lower(), value) for name, value in headers]
        if "host" not in dict(lines):
            lines.append(("host", f"127.0.0.1:{self.port}"))
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in (*lines, ("content-length", str(len(body.encode())))):
                connection.putheader(name, value)
            connection.endheaders(body.encode())
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return response.status, found, "" if response.status == 101 else response.read().decode()
        finally:
            connection.close()

    def graphql(self, query: str) -> dict[str, Any]:
        """Data of a query or mutation as a client outside a browser sends it."""
        status, _, body = self.send("POST", "/graphql", [("content-type", "application/json")], as_json(query))
        assert status == 200, body
        return dict(json.loads(body)["data"])

    def sensor(self) -> tuple[str, str]:
        """Id and status of the one sensor."""
        (node,) = self.graphql(SENSORS)["repositoriesOrError"]["nodes"]
        state = node["sensors"][0]["sensorState"]
        return state["id"], state["status"]


def as_json(query: str) -> str:
    return json.dumps({"query": query})


@contextmanager
def webservers(settings: Settings, folder: Path) -> Iterator[tuple[Webserver, Webserver]]:
    """One that operators use and a read-only one, of one code server, both behind a proxy for PROXY as well."""
    (folder / "code.py").write_text(CODE)
    environment = {
        "FOOTPRED_HOME": str(settings.home),
        "DAGSTER_HOME": str(settings.dagster_home),
        "FOOTPRED_DAGSTER_HOSTS": PROXY,
    }
    code, full, viewer = free_port(), free_port(), free_port()

    def python(name: str, port: int, *command: str, path: str = "") -> Any:
        address = ("-h", "127.0.0.1", "-p", str(port))
        return running([sys.executable, "-m", *command, *address], folder / f"{name}.log", environment, port, path)

    workspace = {"load_from": [{"grpc_server": {"host": "127.0.0.1", "port": code, "location_name": "code"}}]}
    (folder / "workspace.yaml").write_text(json.dumps(workspace))
    webserver = ("footpred_dagster.webserver", "-w", str(folder / "workspace.yaml"))
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        started = pool.submit(
            stack.enter_context, python("code", code, "dagster", "api", "grpc", "-f", str(folder / "code.py"))
        )
        with open_instance(settings):  # two webservers that make its tables at once would fail
            started.result()
        both = (
            python("full", full, *webserver, path="/server_info"),
            python("viewer", viewer, *webserver, "--read-only", path="/server_info"),
        )
        list(pool.map(stack.enter_context, both))
        yield Webserver(full), Webserver(viewer)
