"""The service beside a no-op in its own process, FastAPI, and the design it replaced: one worker, 16 connections.

What is printed are ratios of one run, with the target beside each; what is asserted is that every answer was right.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.support import busy
from tests.support.callers import result, start, steady
from tests.support.processes import free_port, running
from tests.support.service import World
from tests.support.wrk import WRK, Measured, measure

pytestmark = [
    pytest.mark.bench,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not WRK or not shutil.which("redis-server"), reason="wrk and redis-server are not installed"),
]
PEERS = "tests.performance.peers"
MANY_TOKENS = {"rate": 1e6, "burst": 10_000_000}
UVICORN = (sys.executable, "-m", "uvicorn", "--no-access-log", "--log-level", "warning", "--loop", "uvloop")
NEW = 200_000
"""Pairings in turn: four times what the memory holds, so that none is remembered when it comes again."""
Show = Callable[[str, float, str], None]


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
    serving = (*UVICORN, "--factory", "--http", "serving.protocol:BoundedProtocol", "--port", str(port))
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


def told(what: str, measured: Measured) -> Measured:
    print(f"\n{what:<46} {measured.rate:8.0f} rps  p50 {measured.p50:7.2f} ms  p99 {measured.p99:7.2f} ms", end="")  # noqa: T201
    assert not measured.bad, what
    return measured


def beside(ours: Measured, theirs: Measured, target: str) -> None:
    print(f"  ratio {ours.rate / theirs.rate:.2f}, {target}", end="")  # noqa: T201


def bodies(n: int) -> list[str]:
    return [json.dumps(pairing) for pairing in busy.pairings(n)]


def test_the_service_beside_a_noop_a_bare_lookup_and_the_old_design(service, lookup, old, key, folder):
    """Twice in turn, so that a machine that slows down slows all of them down."""
    answer = httpx.get(f"{service}/predict/f0001", headers={"X-API-Key": key})
    noop = httpx.get(f"{service}/noop", headers={"X-API-Key": key})
    assert abs(len(answer.content) - len(noop.content)) < 0.1 * len(noop.content), len(answer.content)
    new = bodies(NEW)
    post = httpx.post(f"{service}/predict/", content=new[0], headers={"X-API-Key": key})
    assert (post.status_code, post.json()["sealed"]) == (200, False)
    known = f"If-None-Match:{answer.headers['etag']}"
    for turn in range(2):
        nothing = told("no-op", measure(f"{service}/noop", key=key, folder=folder))
        get = told("GET /predict/{id}", measure(f"{service}/predict/f0001", key=key, folder=folder))
        beside(get, nothing, "to be 0.80 of the no-op")
        told("the same, unchanged: 304", measure(f"{service}/predict/f0001", key=key, folder=folder, header=known))
        remembered = measure(f"{service}/predict/", key=key, bodies=new[-100:], folder=folder)
        beside(told("POST /predict/, pairings asked before", remembered), nothing, "to be 0.50 of the no-op")
        half = new[turn * NEW // 2 : (turn + 1) * NEW // 2]
        spot = told("POST /predict/, new pairings", measure(f"{service}/predict/", key=key, bodies=half, folder=folder))
        beside(spot, nothing, "to be 0.50 of the no-op")
        bare = told("FastAPI, a bare lookup", measure(f"{lookup}/predict/f0001", folder=folder))
        beside(get, bare, "GET to it")
        slow = told("old design, GET", measure(f"{old}/predict/f0001", folder=folder))
        beside(get, slow, "GET to it: to be 40")
        slow = told("old design, POST", measure(f"{old}/predict/", bodies=['{"match_id": "m1"}'], folder=folder))
        beside(spot, slow, "POST of new pairings to it: to be 20")


def test_latency_at_a_steady_rate(service, key, folder):
    posts = json.dumps(busy.pairings(900))
    fresh = steady(service, key, "post", rate=300, seconds=15, folder=folder / "post", PAIRINGS=posts)
    print(f"\nPOST at 300 a second: p50 {fresh.p50:.2f} ms, p99 {fresh.p99:.2f} ms, to be under 15 ms")  # noqa: T201
    batch = json.dumps({"items": [{"match_id": match_id} for match_id in busy.fixtures()]})
    many = steady(service, key, "batch", rate=20, seconds=15, folder=folder / "batch", BATCH=batch)
    print(f"batch of 500 at 20 a second: p50 {many.p50:.2f} ms, p99 {many.p99:.2f} ms, to be under 50 ms")  # noqa: T201
    for found in (fresh, many):
        assert (found.bad, found.dropped) == (0, 0)


def test_ten_times_too_much_from_one_key_leaves_another_its_latency(service, lookup, world, key, folder):
    """One key asks ten times what it may, 429 being its answer; the other goes on at its own rate.

    The greedy callers share two cores with the service, as they would not in earnest: beside the wait of the other key
    alone stands its wait while the same crowd asks another server.
    """
    greedy = world.new_key("greedy", rate=100, burst=100)[1]
    waits: dict[str, list[float]] = {"alone": [], "elsewhere": [], "here": []}
    for turn in range(3):
        for name, crowded in (("alone", None), ("elsewhere", lookup), ("here", service)):
            at = folder / f"{name}{turn}"
            asked = {"STATUS": 429 if name == "here" else 200, "IDS": json.dumps(busy.fixtures()), "nice": 19}
            crowd = start(crowded, greedy, "get", rate=1000, seconds=10, folder=at, **asked) if crowded else None
            waits[name].append(steady(service, key, "get", rate=200, seconds=8, folder=folder / f"key{name}{turn}").p99)
            if crowd:
                found = result(crowd, at)
                assert found.requests > 9000, found
                assert found.bad < 0.2 * found.requests, found
    alone, elsewhere, here = (min(waits[name]) for name in ("alone", "elsewhere", "here"))
    print(f"\np99 alone {alone:.2f} ms, with a crowd elsewhere {elsewhere:.2f} ms, with it here {here:.2f} ms", end="")  # noqa: T201
    print(f"; to be within 2: {here / elsewhere:.2f} of elsewhere, {here / alone:.2f} of alone; all: {waits}")  # noqa: T201


def test_ids_are_all_different():
    """Forbids a "new pairing" that is a remembered one."""
    assert len({tuple(pairing.values()) for pairing in busy.pairings(NEW)}) == NEW
