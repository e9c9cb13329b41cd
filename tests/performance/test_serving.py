"""The service beside a no-op in its own process, FastAPI, and the design it replaced: one worker, 16 connections.

Targets are medians of ratios, each within one round of one run; the last line of the run says which were missed.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support import busy
from tests.support.callers import result, start, steady
from tests.support.processes import free_port, running
from tests.support.service import World
from tests.support.targets import Targets
from tests.support.wrk import WRK, measure

pytestmark = [
    pytest.mark.bench,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not WRK or not shutil.which("redis-server"), reason="wrk and redis-server are not installed"),
]
PEERS = "tests.performance.peers"
MANY_TOKENS = {"rate": 1e6, "burst": 10_000_000}
UVICORN = (sys.executable, "-m", "uvicorn", "--no-access-log", "--log-level", "warning", "--loop", "uvloop")
JSON = {"Content-Type": "application/json"}
ROUNDS = 5
NEW = 300_000
"""Pairings, a part of which each round requests; six times what the memory holds, so that it does not hold them all."""


@pytest.fixture(scope="module")
def world(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> World:
    return busy.build(module_database_url, tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def key(world: World) -> str:
    return world.new_key("bench", **MANY_TOKENS)[1]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def service(world: World, key: str, folder: Path) -> Iterator[str]:
    """The service with the no-op in it, whose answer is as long as a prediction."""
    port = free_port()
    serving = (*UVICORN, "--factory", "--http", "serving.http.protocol:BoundedProtocol", "--port", str(port))
    command = [*serving, f"{PEERS}.noop:create_app"]
    with running(command, folder / "service.log", world.environment(folder, NOOP_BYTES="1260"), port, "/readyz"):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def lookup(service: str, key: str, folder: Path) -> Iterator[str]:
    found = httpx.get(f"{service}/predict/f0001", headers={"X-API-Key": key}).json()
    (folder / "predictions.json").write_text(json.dumps(dict.fromkeys(busy.fixtures(), found)))
    port = free_port()
    command = [*UVICORN, "--port", str(port), f"{PEERS}.lookup:app"]
    environment = {"PEER_PREDICTIONS": str(folder / "predictions.json")}
    with running(command, folder / "lookup.log", environment, port, "/predict/f0001"):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def old(folder: Path) -> Iterator[str]:
    redis, port = free_port(), free_port()
    environment = {"PEER_REDIS": f"redis://127.0.0.1:{redis}/0", "OMP_NUM_THREADS": "1"}
    store = ["redis-server", "--bind", "127.0.0.1", "--port", str(redis), "--save", "", "--dir", str(folder)]
    worker = [sys.executable, "-m", "celery", "-A", f"{PEERS}.old:queue", "worker", "--pool", "solo"]
    with (
        running(store, folder / "redis.log", {}, redis),
        running([*worker, "--loglevel", "warning"], folder / "worker.log", environment, redis),
        running(
            [*UVICORN, "--port", str(port), f"{PEERS}.old:app"],
            *(folder / "old.log", environment, port, "/predict/f0001"),
        ),
    ):
        yield f"http://127.0.0.1:{port}"


def bodies(n: int) -> list[str]:
    return [json.dumps(pairing) for pairing in busy.pairings(n)]


def test_throughput_beside_a_noop_a_constant_a_bare_lookup_and_the_old_design(service, lookup, old, key, folder):
    """All in turn, five times: a machine that slows down slows all of them down, and the median drops what it did."""
    answer = httpx.get(f"{service}/predict/f0001", headers={"X-API-Key": key})
    for path in ("noop", "constant"):
        peer = httpx.get(f"{service}/{path}", headers={"X-API-Key": key})
        assert abs(len(answer.content) - len(peer.content)) < 0.1 * len(peer.content), len(answer.content)
    new = bodies(NEW)
    post = httpx.post(f"{service}/predict/", content=new[0], headers=JSON | {"X-API-Key": key})
    assert (post.status_code, post.json()["sealed"]) == (200, False)
    asked: dict[str, dict[str, Any]] = {
        "no-op": {"url": f"{service}/noop", "key": key},
        "constant": {"url": f"{service}/constant", "key": key},
        "GET": {"url": f"{service}/predict/f0001", "key": key},
        "304": {"url": f"{service}/predict/f0001", "key": key, "header": f"If-None-Match:{answer.headers['etag']}"},
        "POST, new pairings": {"url": f"{service}/predict/", "key": key},
        "POST, asked before": {"url": f"{service}/predict/", "key": key, "bodies": new[-100:]},
        "FastAPI, a bare lookup": {"url": f"{lookup}/predict/f0001"},
        "old design, GET": {"url": f"{old}/predict/f0001"},
        "old design, POST": {"url": f"{old}/predict/", "bodies": ['{"match_id": "m1"}']},
    }
    rates: dict[str, list[float]] = {what: [] for what in asked}
    for turn in range(ROUNDS):
        asked["POST, new pairings"]["bodies"] = new[turn * NEW // ROUNDS : (turn + 1) * NEW // ROUNDS]
        for what, given in asked.items():
            measured = measure(**given, folder=folder, seconds=2)
            assert not measured.bad, what
            rates[what].append(measured.rate)
            print(  # noqa: T201
                f"\n{what:<24} {measured.rate:8.0f} rps  p50 {measured.p50:6.2f} ms  p99 {measured.p99:6.2f} ms", end=""
            )
    targets = Targets()
    for what, beside, least in (
        ("GET", "no-op", 1.0),
        ("GET", "constant", 0.85),
        ("POST, new pairings", "no-op", 0.6),
        ("POST, asked before", "no-op", 0.6),
        ("GET", "FastAPI, a bare lookup", 1.0),
        ("GET", "old design, GET", 40),
        ("POST, new pairings", "old design, POST", 20),
    ):
        ratios = [ours / theirs for ours, theirs in zip(rates[what], rates[beside], strict=True)]
        targets.at_least(f"{what}, to {beside}", ratios, least)
    targets.check()


def test_latency_at_a_steady_rate(service, key, folder):
    posts = json.dumps(busy.pairings(900))
    fresh = steady(service, key, "post", rate=300, seconds=10, folder=folder / "post", PAIRINGS=posts)
    batch = json.dumps({"items": [{"match_id": match_id} for match_id in busy.fixtures()]})
    many = steady(service, key, "batch", rate=20, seconds=10, folder=folder / "batch", BATCH=batch)
    for found in (fresh, many):
        assert (found.bad, found.dropped) == (0, 0)
    targets = Targets()
    targets.at_most("p99 of POST at 300 a second, ms", [fresh.p99], 15)
    targets.at_most("p99 of batches of 500 at 20 a second, ms", [many.p99], 50)
    targets.check()


def test_ten_times_too_much_from_one_key_leaves_another_its_latency(service, lookup, world, key, folder):
    """One key asks ten times what it may, 429 being its answer; the other goes on at its own rate.

    The greedy callers share two cores with the service, as they would not in earnest: what counts is the wait of the
    other key beside its wait while the same crowd asks another server.
    """
    greedy = world.new_key("greedy", rate=100, burst=100)[1]
    waits: dict[str, list[float]] = {"elsewhere": [], "here": []}
    for turn in range(ROUNDS):
        for name, crowded in (("elsewhere", lookup), ("here", service)):
            at = folder / f"{name}{turn}"
            asked = {"STATUS": 429 if name == "here" else 200, "IDS": json.dumps(busy.fixtures()), "nice": 19}
            crowd = start(crowded, greedy, "get", rate=1000, seconds=8, folder=at, **asked)
            waits[name].append(steady(service, key, "get", rate=200, seconds=6, folder=folder / f"key{name}{turn}").p99)
            found = result(crowd, at)
            assert found.requests > 7200, found
            assert found.bad < 0.2 * found.requests, found
    print(f"\np99 in ms: {waits}", end="")  # noqa: T201
    targets = Targets()
    ratios = [here / elsewhere for here, elsewhere in zip(waits["here"], waits["elsewhere"], strict=True)]
    targets.at_most("p99 beside a crowd here, to one elsewhere", ratios, 1.5)
    targets.check()


def test_ids_are_all_different():
    """Forbids a "new pairing" that is a remembered one."""
    assert len({tuple(pairing.values()) for pairing in busy.pairings(NEW)}) == NEW
