"""Who may do what, and how often; what a key is worth when it is wrong, old, or in the wrong place."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from footpred_dagster.core import api_keys
from tests.support.problems import problem

PATHS = ["/predict/m1", "/predict/predictions/", "/predict/cards/", "/predict/model/info", "/predict/ledger"]
PATHS += ["/matches/", "/teams/leeds", "/leagues/E0/projection", "/livescores/", "/livescores/stream"]
POSTS = ["/predict/", "/predict/batch/"]


def asks(client, path: str, key: str | None = None, **more):
    headers = {"X-API-Key": key} if key else {}
    return client.post(path, json={}, headers=headers) if path in POSTS else client.get(path, headers=headers, **more)


@pytest.mark.parametrize("path", PATHS + POSTS)
def test_nothing_is_answered_without_a_key(anonymous, path):
    answer = asks(anonymous, path)
    assert problem(answer, 401) == "key-missing"
    assert "X-API-Key" in answer.headers["www-authenticate"]


@pytest.mark.parametrize("path", ["/healthcheck/", "/readyz", "/schema/openapi.json", "/schema"])
def test_health_and_description_are_open(anonymous, path):
    assert anonymous.get(path).status_code == 200


def test_a_key_counts_in_the_header_alone(anonymous, world):
    for place in ({"X-API-Key": world.key}, {"api_key": world.key}, {"key": world.key}):
        assert problem(anonymous.get("/predict/m1", params=place), 401) == "key-missing"
    assert problem(anonymous.get("/predict/m1", headers={"Authorization": f"Bearer {world.key}"}), 401) == "key-missing"


def test_wrong_unknown_and_shapeless_keys_are_refused(anonymous, world):
    wrong = world.key[:-4] + ("AAAA" if not world.key.endswith("AAAA") else "BBBB")
    for key in (wrong, "fp_" + "a" * 12 + "_" + "b" * 43, "secret", "fp__", "é"):
        assert problem(asks(anonymous, "/predict/m1", key.encode("latin-1")), 401) == "key-refused"


def test_a_new_key_opens_at_once_and_a_revoked_or_expired_one_no_more(anonymous, world):
    identity, key = world.new_key()
    assert asks(anonymous, "/predict/m1", key).status_code == 200
    with world.connect() as connection:
        api_keys.revoke(connection, identity)
    assert until_refused(anonymous, key) < 1.5
    _, short = world.new_key(lives=timedelta(seconds=1))
    assert asks(anonymous, "/predict/m1", short).status_code == 200
    assert until_refused(anonymous, short) < 2


def until_refused(client, key: str) -> float:
    begun = time.monotonic()
    while asks(client, "/predict/m1", key).status_code == 200:
        assert time.monotonic() - begun < 5
        time.sleep(0.05)
    assert problem(asks(client, "/predict/m1", key), 401) == "key-refused"
    return time.monotonic() - begun


@pytest.mark.parametrize(
    ("scopes", "refused"),
    [
        (["read"], POSTS),
        (["predict"], [path for path in (*PATHS, *POSTS) if path != "/predict/"]),
        (["batch"], [path for path in (*PATHS, *POSTS) if path != "/predict/batch/"]),
        (["admin"], []),
    ],
)
def test_a_key_does_what_its_scopes_say(anonymous, world, scopes, refused):
    _, key = world.new_key(scopes=scopes)
    for path in (*PATHS, *POSTS):
        if path in refused:
            assert problem(asks(anonymous, path, key), 403) == "scope-missing"
        elif path == "/livescores/stream":
            assert asks(anonymous, path, key, params={"seconds": 1}).status_code == 200
        else:
            assert asks(anonymous, path, key).status_code in (200, 400, 404)


def test_ten_times_the_limit_is_refused_to_that_key_alone(anonymous, world):
    _, greedy = world.new_key(rate=20.0, burst=40)
    begun = time.monotonic()
    answers = [asks(anonymous, "/predict/m1", greedy) for _ in range(400)]
    seconds = time.monotonic() - begun
    let_in = sum(answer.status_code == 200 for answer in answers)
    assert 40 <= let_in <= 40 + 20 * seconds + 2
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert problem(refused, 429) == "too-many-requests"
    assert int(refused.headers["retry-after"]) >= 1
    assert (refused.headers["ratelimit-limit"], refused.headers["ratelimit-remaining"]) == ("40", "0")
    assert asks(anonymous, "/predict/m1", world.key).status_code == 200
    time.sleep(int(refused.headers["retry-after"]))
    assert asks(anonymous, "/predict/m1", greedy).status_code == 200


def test_a_rotated_key_shares_the_limit_of_the_one_it_replaces(anonymous, world):
    identity, old = world.new_key(rate=0.1, burst=6)
    with world.connect() as connection:
        _, new = api_keys.rotate(connection, identity, overlap=timedelta(hours=1))
    statuses = [asks(anonymous, "/predict/m1", key).status_code for key in (old, new) * 6]
    assert statuses.count(200) == 6


def test_the_use_of_a_key_is_written_down(anonymous, world):
    identity, key = world.new_key(rate=0.01, burst=3)
    for _ in range(5):
        asks(anonymous, "/predict/m1", key)
    deadline = time.monotonic() + 10
    while True:
        with world.connect() as connection:
            used = api_keys.last_uses(connection).get(identity)
        if used and used[1] == 5:
            break
        assert time.monotonic() < deadline, used
        time.sleep(0.1)
    assert used[2] == 2


def test_only_listed_origins_may_call_from_a_browser(anonymous):
    ask = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-api-key"}
    ours = anonymous.options("/predict/m1", headers=ask | {"Origin": "https://example.org"})
    assert ours.headers["access-control-allow-origin"] == "https://example.org"
    assert "x-api-key" in ours.headers["access-control-allow-headers"].lower()
    other = anonymous.options("/predict/m1", headers=ask | {"Origin": "https://example.com"})
    assert "access-control-allow-origin" not in other.headers


def test_a_request_id_is_kept_when_it_is_one(anonymous):
    assert anonymous.get("/healthcheck/", headers={"X-Request-ID": "run-7.a"}).headers["x-request-id"] == "run-7.a"
    for bad in ("a b", "x" * 65, "<script>"):
        assert anonymous.get("/healthcheck/", headers={"X-Request-ID": bad}).headers["x-request-id"] != bad
