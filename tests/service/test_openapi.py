"""The interface as it is described: every status declared, what is described true, and no change of it unseen."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from serving.errors import TYPES
from tests.support.service import serving

SNAPSHOT = Path(__file__).parent / "openapi.json"
EXAMPLES = 20
OPEN = {"/healthcheck", "/readyz", "/readyz/lookups", "/metrics"}


@pytest.fixture(scope="module")
def document(anonymous) -> dict:
    return anonymous.get("/schema/openapi.json").json()


def operations(document: dict) -> list[tuple[str, str, dict]]:
    return [(path, method, operation) for path, item in document["paths"].items() for method, operation in item.items()]


def test_every_operation_declares_who_may_call_it_and_what_may_go_wrong(document):
    assert len(operations(document)) >= 14
    for path, _, operation in operations(document):
        responses = operation["responses"]
        assert operation["description"], path
        assert "500" in responses
        if path not in OPEN:
            assert operation["security"] == [{"key": []}]
            assert {"401", "403", "429"} <= set(responses)
        for status, response in responses.items():
            if int(status) >= 400 and (path, status) not in {("/readyz", "503"), ("/readyz/lookups", "503")}:
                schema = response["content"]["application/problem+json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/ProblemDetails"}, (path, status)


def test_problem_types_are_only_added(document):
    assert {slug: status for slug, (status, _) in TYPES.items()}.items() >= {
        "invalid-request": 400, "key-missing": 401, "key-refused": 401, "scope-missing": 403, "unknown-match": 404,
        "unknown-team": 404, "not-predictable": 409, "kickoff-past": 409, "too-many-requests": 429,
        "database-unavailable": 503,
    }.items()  # fmt: skip


def test_the_description_is_the_one_that_was_reviewed(document):
    """ACCEPT_OPENAPI=1 writes it anew; a review then sees what callers will."""
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    if os.environ.get("ACCEPT_OPENAPI"):
        SNAPSHOT.write_text(text)
    assert text == SNAPSHOT.read_text()


def test_the_page_of_operations_loads_nothing_from_elsewhere(anonymous):
    page = anonymous.get("/schema").text
    assert "POST /predict/batch" in page
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page


def test_generated_requests_find_no_answer_that_is_not_described(world, tmp_path):
    asked: Counter[str] = Counter()
    with serving(world, tmp_path) as service:
        schema = schemathesis.openapi.from_url(f"{service.url}/schema/openapi.json")
        for result in schema.get_all_operations():
            operation = result.ok()
            if operation.path == "/livescores/stream":
                continue  # each answer takes as many seconds as were asked for

            @settings(
                max_examples=EXAMPLES,
                derandomize=True,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                database=None,
            )
            @given(case=operation.as_strategy())
            def call(case: schemathesis.Case) -> None:
                asked[case.operation.path] += 1
                # A cursor is any text to a schema, and to us only what an earlier page gave.
                made_up = [positive_data_acceptance] if "cursor" in (case.query or {}) else []
                case.call_and_validate(headers={"X-API-Key": world.key}, excluded_checks=made_up)

            call()
    assert len(asked) >= 13
    assert sum(asked.values()) > 10 * len(asked)
