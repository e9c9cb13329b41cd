"""Rate limits over real sockets: every operation beyond its limit is a problem that says when to try again."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from footpred_dagster.core import api_keys
from tests.support.problems import problem

EXAMPLES = {"code": "E0", "task_id": "12345678-1234-5678-1234-567812345678", "match_id": "m1", "team_id": "leeds"}
UNKNOWN = {"match_id": "unknown"}


OF_OWNER = 3
LIMITS = {"serving.http.event_stream.MAX_STREAMS_OF_OWNER": OF_OWNER}


def keyed_operations(http: httpx.Client) -> list[tuple[str, str, dict[str, Any]]]:
    """(method, path, description) of each operation that needs a key."""
    paths = http.get("/schema/openapi.json").json()["paths"]
    return [
        (method.upper(), path.format(**EXAMPLES), operation)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if operation.get("security")
    ]


@pytest.mark.fault(58, "every operation beyond its limit is refused with problem details")
def test_every_operation_that_needs_a_key_is_refused_beyond_the_limit(http, world):
    _, key = world.new_key(rate=0.001, burst=1)
    assert http.get("/predict/m1", headers={"X-API-Key": key}).status_code == 200
    operations = keyed_operations(http)
    assert len(operations) >= 20
    for method, path, operation in operations:
        answer = http.request(method, path, headers={"X-API-Key": key}, json={} if "requestBody" in operation else None)
        assert problem(answer, 429) == "too-many-requests", (method, path)
        assert int(answer.headers["retry-after"]) >= 1
        assert answer.headers["ratelimit-remaining"] == "0"


def test_a_batch_costs_a_token_for_every_25_items(http, world):
    _, key = world.new_key(rate=0.001, burst=50)

    def statuses(items: int) -> int:
        body = {"items": [UNKNOWN] * items}
        return http.post("/predict/batch/", headers={"X-API-Key": key}, json=body).status_code

    assert [statuses(1), statuses(25), statuses(26)] == [200, 200, 200]  # 1 + 1 + 2
    assert http.get("/predict/m1", headers={"X-API-Key": key}).headers["ratelimit-remaining"] == "45"
    assert [statuses(1000), statuses(1000), statuses(100)] == [200, 429, 200]  # 40, then 4 of the 5 that are left


def test_a_batch_that_comes_again_when_it_was_told_to_is_answered(http, world):
    _, key = world.new_key(rate=1.0, burst=4)
    body = {"items": [UNKNOWN] * 75}
    for _ in range(2):
        http.get("/predict/m1", headers={"X-API-Key": key})
    refused = http.post("/predict/batch/", headers={"X-API-Key": key}, json=body)
    assert problem(refused, 429) == "too-many-requests"
    time.sleep(int(refused.headers["retry-after"]))
    assert http.post("/predict/batch/", headers={"X-API-Key": key}, json=body).status_code == 200


def test_a_batch_that_costs_more_than_the_burst_takes_the_whole_burst(http, world):
    _, key = world.new_key(rate=0.001, burst=5)
    answer = http.post("/predict/batch/", headers={"X-API-Key": key}, json={"items": [UNKNOWN] * 1000})
    assert (answer.status_code, answer.headers["ratelimit-remaining"]) == (200, "0")
    refused = http.get("/predict/m1", headers={"X-API-Key": key})
    assert problem(refused, 429) == "too-many-requests"


@pytest.mark.fault(63, "batches of unknown ids do not delay other clients")
def test_forty_batches_of_unknown_ids_are_answered_and_delay_no_other_client(http, world):
    _, key = world.new_key(rate=10_000, burst=10_000)
    batches = [{"items": [{"match_id": f"{batch}-{item}"} for item in range(1000)]} for batch in range(40)]

    async def run() -> float:
        headers = {"X-API-Key": key}
        async with httpx.AsyncClient(base_url=http.base_url, headers=headers, timeout=60) as client:
            asking = [asyncio.create_task(client.post("/predict/batch/", json=body)) for body in batches]
            slowest = 0.0
            while not all(task.done() for task in asking):
                begun = time.monotonic()
                assert (await client.get("/predict/m1")).status_code == 200
                slowest = max(slowest, time.monotonic() - begun)
                await asyncio.sleep(0.05)
            for answer in await asyncio.gather(*asking):
                assert {item["status"] for item in answer.json()["items"]} == {404}
            return slowest

    assert asyncio.run(run()) < 2


@contextlib.contextmanager
def stream(http: httpx.Client, key: str) -> Iterator[httpx.Response]:
    asked = {"url": "/livescores/stream", "params": {"seconds": 600}, "headers": {"X-API-Key": key}}
    with http.stream("GET", **asked) as answer:
        yield answer


def test_an_owner_has_few_streams_open_and_gets_another_when_one_is_left(http, world):
    _, key = world.new_key()
    _, other = world.new_key()
    with contextlib.ExitStack() as stack:
        for _ in range(OF_OWNER):
            assert stack.enter_context(stream(http, key)).status_code == 200
        with stream(http, key) as refused:
            refused.read()
        assert problem(refused, 429) == "too-many-streams-of-yours"
        with stream(http, other) as admitted:
            assert admitted.status_code == 200
    deadline = time.monotonic() + 5
    while True:
        with stream(http, key) as again:
            if again.status_code == 200:
                break
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_stream_ends_with_its_key(http, world):
    identity, key = world.new_key()
    with stream(http, key) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "event: scores"
        with world.connect() as connection:
            api_keys.revoke(connection, identity)
        begun = time.monotonic()
        assert "event: end" in list(lines)
        assert time.monotonic() - begun < 2
