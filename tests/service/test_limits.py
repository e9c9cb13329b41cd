"""Rate limits over real sockets: every operation beyond its limit is a problem that says when to try again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.support.problems import problem
from tests.support.service import World, build, serving

EXAMPLES = {"code": "E0", "task_id": "12345678-1234-5678-1234-567812345678", "match_id": "m1", "team_id": "leeds"}
UNKNOWN = {"match_id": "unknown"}


@pytest.fixture(scope="module")
def world(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> World:
    return build(module_database_url, tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def http(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with serving(world, tmp_path_factory.mktemp("home")) as service, httpx.Client(base_url=service.url) as client:
        yield client


def operations(http: httpx.Client) -> list[tuple[str, str, dict[str, Any]]]:
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
    asked = operations(http)
    assert len(asked) >= 20
    for method, path, operation in asked:
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


def test_a_batch_that_costs_more_than_the_burst_takes_the_whole_burst(http, world):
    _, key = world.new_key(rate=0.001, burst=5)
    answer = http.post("/predict/batch/", headers={"X-API-Key": key}, json={"items": [UNKNOWN] * 1000})
    assert (answer.status_code, answer.headers["ratelimit-remaining"]) == (200, "0")
    refused = http.get("/predict/m1", headers={"X-API-Key": key})
    assert problem(refused, 429) == "too-many-requests"
