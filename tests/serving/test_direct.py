"""What is answered in front of the framework is, to the byte, what the framework answers."""

from __future__ import annotations

import json
import re
import socket
import time
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.service import KICKOFF, Served, World, serving

ORIGIN = "https://example.org"
PAIRING = {"league": "E0", "home": "Arsenal", "away": "leeds", "kickoff": KICKOFF.isoformat()}
VARIES = re.compile(
    rb"(?<=\r\ndate: )[^\r]+|(?<=\r\nx-request-id: )\w+|(?<=\"request_id\":\")\w+|(?<=\r\nratelimit-remaining: )\d+"
    rb"|(?<=\r\nratelimit-reset: )\d+|(?<=\"data_age_seconds\":)\d+|(?<=\"as_of\":\")[^\"]+"
    rb"|(?<=under request id )\w+|(?<=try again in )\d+|(?<=\r\nretry-after: )\d+"
)
"""What differs between two equal requests: moments, numbers of requests, and what is left of a limit."""
COUNTED = re.compile(r"(http_requests_total|prediction_requests_total|prediction_confidence_count).* ")
LOGGED = ("method", "path", "status", "key", "problem")
ADDRESSES = [
    *("/predict/m1", "/predict/m2", "/predict/r1", "/predict/m3", "/predict/none", "/predict/m1/", "//predict/m1"),
    *("/predict//m1", "/predict/%6d1", "/predict/m%31", "/predict/m1%2F", "/predict%2Fm1", "/predict/m1%00"),
    *("/predict/%F0%9F", "/predict/..%2Fm1", "/predict/../predict/m1", "/predict/M1", "/predict/m1;a=b", "/PREDICT/m1"),
    *("/predict/m1?", "/predict/m1?a=b", "/predict/m1?match_id=m2", "/predict/m1?a=%00", "/predict/m1?a=null"),
    *(
        "/predict/m1#x",
        "/predict/m1%23x",
        "/predict/m1 ",
        "/predict/",
        "/predict",
        "/predict/cards/",
        "/predict/" + "m" * 3000,
    ),
]
HEADERS = {
    "no Accept": "",
    "any type": "Accept: */*\r\n",
    "another type": "Accept: text/html\r\n",
    "JSON refused": "Accept: application/json;q=0, text/html\r\n",
    "two of them": "Accept: text/html\r\nAccept: application/json\r\n",
    "ETag": "If-None-Match: {etag}\r\n",
    "strong ETag among others": 'If-None-Match: "x", {strong}\r\n',
    "any ETag": "If-None-Match: *\r\n",
    "another ETag": 'If-None-Match: "x"\r\n',
    "a page of a known origin": f"Origin: {ORIGIN}\r\n",
    "a page of another origin": "Origin: https://example.com\r\n",
    "a request id": "X-Request-ID: known\r\n",
    "a body": "Content-Length: 0\r\n",
    "a second host": "Host: y\r\n",
}
"""Of GET /predict/m1."""
KEYS = {
    "none": "",
    "of no form": "X-API-Key: x\r\n",
    "unknown": f"X-API-Key: fp_{'a' * 12}_{'b' * 43}\r\n",
    "blanks around": "X-API-Key:   {key}  \r\n",
    "a wrong one first": "X-API-Key: x\r\nX-API-Key: {key}\r\n",
    "another scope": "X-API-Key: {batch}\r\n",
    "its limit reached": "X-API-Key: {poor}\r\n",
}
BODIES = {
    "a pairing": json.dumps(PAIRING),
    "a match": '{"match_id": "m1"}',
    "a match of old": '{"match_id": "r1"}',
    "an unpredicted match": '{"match_id": "m3"}',
    "an unknown match": '{"match_id": "none"}',
    "escapes": '{"match_\\u0069d": "\\u006d1"}',
    "the last of two": '{"match_id": "none", "match_id": "m1"}',
    "null beside": '{"match_id": "m1", "league": null}',
    "an unknown team": json.dumps(PAIRING | {"home": "Arsenaal"}),
    "an unknown league": json.dumps(PAIRING | {"league": "XX"}),
    "the past": json.dumps(PAIRING | {"kickoff": "2020-01-01T15:00:00Z"}),
    "a number": json.dumps(PAIRING | {"kickoff": 1_900_000_000}),
    "a number as an id": '{"match_id": 1}',
    "an unknown field": '{"match_id": "m1", "x": 1}',
    "both": json.dumps(PAIRING | {"match_id": "m1"}),
    "nothing": "",
    "no JSON": "match_id=m1",
    "a list": "[]",
    "null": "null",
    "a NUL": '{"match_id": "\\u0000"}',
    "a surrogate": '{"match_id": "\\ud800"}',
    "deep": "[" * 2000,
    "blanks": " " * 8000 + '{"match_id": "m1"}',
    "a long name": json.dumps(PAIRING | {"home": "x" * 5000}),
}


@pytest.fixture(scope="module")
def both(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Served]]:
    """The service, and one in which the framework answers everything."""
    framework = {"serving.middleware.Direct": "lambda litestar, _: litestar.asgi_handler"}
    origins = {"CORS_ALLOWED_ORIGINS": ORIGIN}
    with (
        serving(world, tmp_path_factory.mktemp("direct"), **origins) as direct,
        serving(world, tmp_path_factory.mktemp("framework"), limits=framework, **origins) as other,
    ):
        yield direct, other


@pytest.fixture(scope="module")
def keys(world: World, both: tuple[Served, Served]) -> dict[str, str]:
    """Of ``poor`` no token is left, for hours."""
    poor = world.new_key(rate=1e-4, burst=1)[1]
    for service in both:
        service.get("/predict/none", X_API_Key=poor)
    return {"key": world.key, "batch": world.new_key(scopes=["batch"])[1], "poor": poor}


def answer(service: Served, request: str) -> bytes:
    """Everything that comes back, but for what varies."""
    with socket.create_connection(("127.0.0.1", urlsplit(service.url).port), timeout=20) as connection:
        connection.sendall(request.encode())
        received = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    return VARIES.sub(b"", received)


def same(both: tuple[Served, Served], request: str) -> bytes:
    direct, framework = (answer(service, request) for service in both)
    assert direct == framework
    assert direct.startswith(b"HTTP/1.1 ")
    return direct


def asks(line: str, key: str, headers: str = "", body: str = "") -> str:
    return f"{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{key}{headers}\r\n{body}"


def posted(body: str) -> str:
    return f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT"])
def test_every_address_has_one_answer(both, keys, method):
    for address in ADDRESSES:
        same(both, asks(f"{method} {address}", f"X-API-Key: {keys['key']}\r\n"))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_lookup_has_one_answer_whatever_its_headers(both, keys, method):
    etag = httpx.get(f"{both[0].url}/predict/m1", headers={"X-API-Key": keys["key"]}).headers["etag"]
    statuses = []
    for headers in HEADERS.values():
        given = headers.format(etag=etag, strong=etag.removeprefix("W/"))
        statuses.append(same(both, asks(f"{method} /predict/m1", f"X-API-Key: {keys['key']}\r\n", given))[9:12])
    assert {b"200", b"304", b"400", b"406"} == set(statuses)


def test_every_key_has_one_answer(both, keys):
    body = json.dumps(PAIRING)
    statuses = set()
    for key in KEYS.values():
        for line, headers, content in (("GET /predict/m1", "", ""), ("POST /predict/", posted(body), body)):
            statuses.add(same(both, asks(line, key.format(**keys), headers, content))[9:12])
    assert statuses == {b"200", b"401", b"403", b"429"}


def test_every_body_has_one_answer(both, keys):
    key = f"X-API-Key: {keys['key']}\r\n"
    statuses = {same(both, asks("POST /predict/", key, posted(body), body))[9:12] for body in BODIES.values()}
    assert statuses == {b"200", b"400", b"404", b"409"}
    too_large = same(both, asks("POST /predict/", key, posted(BODIES["deep"]).replace("2000", "2000000")))
    assert too_large[9:12] == b"413"
    body = BODIES["a match"]
    for headers in HEADERS.values():
        same(both, asks("POST /predict/", key, posted(body) + headers.format(etag="x", strong="x"), body))
    for kind in ("text/plain", "application/json; charset=utf-8", "Application/JSON"):
        same(both, asks("POST /predict/", key, f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n", body))
    same(both, asks("POST /predict/", key, f"Content-Length: {len(body)}\r\n", body))
    chunks = f"{len(body[:5]):x}\r\n{body[:5]}\r\n{len(body[5:]):x}\r\n{body[5:]}\r\n0\r\n\r\n"
    same(both, asks("POST /predict/", key, "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n", chunks))
    for address in ("/predict", "/predict/?", "/predict/?x=1", "//predict/", "/predict/m1"):
        same(both, asks(f"POST {address}", key, posted(body), body))


def test_metrics_and_log_are_the_same(both, keys):
    before = [counts(service) for service in both]
    for key in (keys["key"], keys["batch"], keys["poor"]):
        for headers in ("", "If-None-Match: *\r\n", "Accept: text/html\r\n"):
            same(both, asks("GET /predict/m1", f"X-API-Key: {key}\r\n", headers))
        for body in BODIES.values():
            same(both, asks("POST /predict/", f"X-API-Key: {key}\r\n", posted(body), body))
    direct, framework = (counts(service) - old for service, old in zip(both, before, strict=True))
    assert direct == framework
    for path in ("/predict", "/predict/{match_id}"):
        assert (
            direct[f'http_requests_total{{method="{"GET" if "{" in path else "POST"}",path="{path}",status="200"}}'] > 0
        )
        assert any(path in line and "200" in line for line in direct)


def counts(service: Served) -> Counter[object]:
    """What is counted, and by all that tells lines of the log apart, how many there are."""
    time.sleep(0.6)  # the log is written four times a second
    found: Counter[object] = Counter()
    for line in service.metrics().splitlines():
        if COUNTED.match(line):
            name, _, value = line.rpartition(" ")
            found[name] = int(float(value))
    lines = [json.loads(line) for line in service.log.read_text().splitlines() if '"footpred.access"' in line]
    found.update(tuple(str(line.get(name)) for name in LOGGED) for line in lines)
    return found
