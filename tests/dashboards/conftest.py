"""The small world, and a server of its pages in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from dashboards.reader import Reader
from tests.support import dashboard
from tests.support.roles import component_url, establish


@pytest.fixture(scope="module")
def world_url(module_database_url: str) -> str:
    with psycopg.connect(module_database_url, prepare_threshold=None) as connection:
        dashboard.build(connection)
    establish(module_database_url)
    return module_database_url


@pytest.fixture
def reader(world_url: str) -> Iterator[Reader]:
    reader = Reader(lambda: component_url(world_url, "dashboard"))
    yield reader
    reader.close()


@contextmanager
def served(url: str, home: Path, *, ttl: str = "0.2") -> Iterator[str]:
    """Address of a dashboard on a database, ended afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = os.environ | {
        "FOOTPRED_DASHBOARD_DATABASE_URL": component_url(url, "dashboard"),
        "FOOTPRED_HOME": str(home),
    }
    command = [sys.executable, "-m", "dashboards", "--port", str(port), "--ttl", ttl]
    with (home / "dashboard.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 30
        while True:
            assert process.poll() is None, (home / "dashboard.log").read_text()
            try:
                urllib.request.urlopen(f"{address}/healthz", timeout=2).close()
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.fixture(scope="module")
def address(world_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(world_url, tmp_path_factory.mktemp("home")) as url:
        yield url
