"""``make load``: what one caller does, with a key or without, costs the others little."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support import busy
from tests.support.callers import Steady, result, start
from tests.support.processes import running
from tests.support.service import Served, World, serving
from tests.support.targets import Targets

pytestmark = [pytest.mark.load, pytest.mark.timeout(900)]
HOSTILE, SECONDS, RATE = 2000, 60, 50
BATCHES, ITEMS, ROUNDS = 40, 1000, 3


@pytest.fixture(scope="module")
def world(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> World:
    return busy.build(module_database_url, tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def service(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(world, tmp_path_factory.mktemp("home")) as served:
        yield served


@contextmanager
def another_caller(service: Served, key: str, folder: Path, seconds: float) -> Iterator[list[Steady]]:
    """50 lookups a second meanwhile, and until ``seconds`` are over; the list holds what they were like."""
    ids = json.dumps(busy.fixtures())
    callers = start(service.url, key, "get", rate=RATE, seconds=seconds, folder=folder, IDS=ids)
    found: list[Steady] = []
    yield found
    found.append(result(callers, folder))
    assert (found[0].bad, found[0].dropped) == (0, 0), found


def test_two_thousand_hostile_connections_hold_up_nobody(service, world, tmp_path):
    key = world.new_key("another", rate=1000, burst=1000)[1]
    with another_caller(service, key, tmp_path / "before", SECONDS) as before:
        pass
    hostile = [
        "nice",
        "-n",
        "19",
        sys.executable,
        "-m",
        "tests.support.hostile",
        service.url.rpartition(":")[2],
        str(HOSTILE),
    ]
    waits: dict[str, list[float]] = {"/healthcheck/": [], "/readyz": []}
    with running(hostile, tmp_path / "hostile.log", {}, int(service.url.rpartition(":")[2])):
        time.sleep(3)
        with another_caller(service, key, tmp_path / "during", SECONDS) as during:
            ends = time.monotonic() + SECONDS
            while time.monotonic() < ends:
                for path, taken in waits.items():
                    taken.append(seconds_of(service, path))
                time.sleep(0.3)
    print(f"\np99 before {before[0].p99:.2f} ms, beside {HOSTILE} connections {during[0].p99:.2f} ms", end="")  # noqa: T201
    targets = Targets()
    targets.at_most("p99 beside hostile connections, to before", [during[0].p99 / before[0].p99], 3)
    for path, taken in waits.items():
        targets.at_most(f"slowest {path}, s", [max(taken)], 1)
    targets.check()


def test_batches_of_unknown_ids_hold_up_nobody(service, world, tmp_path):
    """A batch costs a token for every 25 items: the limit of this key admits all of them at once."""
    key = world.new_key("another", rate=1000, burst=1000)[1]
    slowest, ratios = [], []
    for turn in range(ROUNDS):
        batches = world.new_key("batches", rate=10_000, burst=10_000)[1]
        with another_caller(service, key, tmp_path / f"before{turn}", SECONDS) as before:
            pass
        with another_caller(service, key, tmp_path / f"during{turn}", SECONDS) as during:
            time.sleep(2)
            slowest.append(max(all_at_once(service, batches)))
        ratios.append(during[0].p99 / before[0].p99)
    targets = Targets()
    targets.at_most(f"slowest of {BATCHES} batches, s", slowest, 2)
    targets.at_most("p99 beside batches of unknown ids, to before", ratios, 2)
    targets.check()


def seconds_of(service: Served, path: str) -> float:
    """By a client that costs little: httpx takes 20 ms of a processor to make one."""
    started = time.monotonic()
    with closing(HTTPConnection(urlsplit(service.url).netloc, timeout=10)) as client:
        client.request("GET", path)
        assert client.getresponse().status == 200
    return time.monotonic() - started


def all_at_once(service: Served, key: str) -> list[float]:
    """Seconds that each batch took."""
    together = threading.Barrier(BATCHES)

    def post(number: int) -> float:
        body = json.dumps({"items": [{"match_id": f"unknown-{number}-{item}"} for item in range(ITEMS)]})
        headers = {"X-API-Key": key, "Content-Type": "application/json"}
        with closing(HTTPConnection(urlsplit(service.url).netloc, timeout=60)) as client:
            client.connect()
            together.wait(30)
            started = time.monotonic()
            client.request("POST", "/predict/batch/", body, headers)
            answer = client.getresponse()
            content, taken = answer.read(), time.monotonic() - started
        assert (answer.status, len(json.loads(content)["items"])) == (200, ITEMS)
        return taken

    with ThreadPoolExecutor(BATCHES) as pool:
        return list(pool.map(post, range(BATCHES)))
