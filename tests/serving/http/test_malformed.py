"""Whatever is sent, the answer is a problem of the caller's and never an error of ours."""

from __future__ import annotations

import pytest

from serving.schemas.predictions import PredictRequest
from tests.support.problems import problem

BODIES = {
    "nothing": b"",
    "truncated": b'{"match_id": "m1"',
    "no JSON": b"match_id=m1",
    "not UTF-8": b'{"match_id": "\xff\xfe"}',
    "NaN": b'{"match_id": NaN}',
    "infinity": b'{"match_id": -Infinity}',
    "a list": b"[]",
    "null": b"null",
    "unknown field": b'{"match_id": "m1", "p_home": 0.9}',
    "lone surrogate": b'{"match_id": "\\ud800"}',
    "surrogate as a team": b'{"league":"E0","home":"\\udfff","away":"leeds","kickoff":"2030-01-01T00:00:00Z"}',
    "nul": b'{"match_id": "\\u0000"}',
    "deep list": b"[" * 10_000 + b"]" * 10_000,
    "deep object": b'{"match_id":' * 10_000 + b"1" + b"}" * 10_000,
    "far year": b'{"league":"E0","home":"arsenal","away":"leeds","kickoff":"9999-12-31T23:59:59-23:59"}',
    "a number of digits": b'{"match_id": ' + b"9" * 5000 + b"}",
}

READABLE = {BODIES["far year"]: 409}
"""As their schema says, and of nothing that can be predicted."""


@pytest.mark.parametrize("path", ["/predict/", "/predict/batch/"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_malformed_body_is_a_problem_of_the_caller(client, path, body):
    answer = client.post(path, content=body, headers={"Content-Type": "application/json"})
    problem(answer, READABLE.get(body, 400) if path == "/predict/" else 400)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_malformed_item_of_a_batch_fails_alone_or_the_batch_with_it(client, body):
    answer = client.post(
        "/predict/batch/", content=b'{"items":[%b]}' % body, headers={"Content-Type": "application/json"}
    )
    if answer.status_code == 200:
        assert {item["status"] for item in answer.json()["items"]} <= {400, 404, 409}
    else:
        problem(answer, 400)


def test_a_body_of_ten_megabytes_is_not_read(client):
    problem(client.post("/predict/", content=b" " * 10_000_000, headers={"Content-Type": "application/json"}), 413)


@pytest.mark.parametrize(
    "path", ["/predict/%F0%9F%92%A9", "/teams/%F0", "/leagues/%20/projection", "/predict/" + "x" * 3000]
)
def test_odd_paths_are_not_found(client, path):
    problem(client.get(path), 404)


@pytest.mark.parametrize(
    "query", ["league=%00", "season=%ED%A0%80", "team=" + "x" * 500, "from=0000-00-00", "limit=NaN"]
)
def test_odd_filters_find_nothing_or_are_refused(client, query):
    for path in ("/matches/", "/predict/predictions/"):
        answer = client.get(f"{path}?{query}")
        if answer.status_code == 200:
            assert answer.json()["items"] == []
        else:
            problem(answer, answer.status_code)
            assert answer.status_code in (400, 404)


def test_a_path_nobody_serves_and_a_method_nobody_knows_are_problems_too(client):
    assert problem(client.get("/nowhere"), 404) == "no-such-path"
    answer = client.delete("/predict/")
    assert problem(answer, 405) == "method-not-allowed"
    assert "POST" in answer.headers["allow"]


def test_what_nobody_foresaw_is_a_500_that_tells_nothing_of_our_inside(client, monkeypatch, caplog):
    def broken(_: PredictRequest) -> None:
        raise ZeroDivisionError("the inside")

    monkeypatch.setattr(PredictRequest, "asked", property(broken))
    answer = client.post("/predict/", json={"match_id": "m1"})
    assert problem(answer, 500) == "internal-error"
    assert "inside" not in answer.text
    assert "ZeroDivisionError" not in answer.text
    (record,) = [record for record in caplog.records if record.message == "unforeseen error"]
    assert record.request_id == answer.headers["x-request-id"]
