"""An operation declares the problems that it answers with, and no other: each of its own is provoked here."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from serving.http.errors import TYPES
from serving.http.openapi import ADMISSION
from tests.support.problems import problem
from tests.support.service import KICKOFF

TEAMS = {"league": "E0", "home": "Leeds", "away": "Chelsea", "kickoff": (KICKOFF + timedelta(days=9)).isoformat()}
PAST = datetime(2020, 1, 1, tzinfo=UTC).isoformat()
LISTS = {"league=XX": "unknown-league", "season=next": "unknown-season", "team=none": "unknown-team"}
PROVOKED: dict[str, list[tuple[str, str]]] = {
    "get_prediction": [("/predict/none", "unknown-match"), ("/predict/m3", "not-predictable")],
    "list_predictions": [(f"/predict/predictions/?{query}", slug) for query, slug in LISTS.items()]
    + [("/predict/predictions/?cursor=x", "unknown-cursor")],
    "list_cards": [
        ("/predict/cards/?league=XX", "unknown-league"),
        ("/predict/cards/?team=none", "unknown-team"),
        ("/predict/cards/?cursor=x", "unknown-cursor"),
    ],
    "list_matches": [(f"/matches/?{query}", slug) for query, slug in LISTS.items()]
    + [("/matches/?cursor=x", "unknown-cursor")],
    "list_teams": [("/teams/?league=XX", "unknown-league"), ("/teams/?cursor=x", "unknown-cursor")],
    "list_leagues": [("/leagues/?cursor=x", "unknown-cursor")],
    "get_team": [("/teams/none", "unknown-team")],
    "get_projection": [
        ("/leagues/XX/projection", "unknown-league"),
        ("/leagues/E0/projection", "not-computed"),
    ],
    "get_table": [
        ("/leagues/XX/table", "unknown-league"),
        ("/leagues/E0/table?season=9", "unknown-season"),
        ("/leagues/E0/table", "not-computed"),
    ],
    "get_task": [("/monitoring/task_status/none", "unknown-task")],
}
"""Of each operation that reads: requests, and the problems with which they are answered."""
PREDICT: list[tuple[dict[str, Any], str]] = [
    ({"match_id": "none"}, "unknown-match"),
    ({"match_id": "m3"}, "not-predictable"),
    (TEAMS | {"league": "XX"}, "unknown-league"),
    (TEAMS | {"home": "Nowhere"}, "unknown-team"),
    (TEAMS | {"kickoff": PAST}, "kickoff-past"),
]


@pytest.fixture(scope="module")
def declared(anonymous) -> dict[str, set[str]]:
    """Of each operation: slugs of 404 and 409, the statuses that depend on what it does."""
    paths = anonymous.get("/schema/openapi.json").json()["paths"]
    return {
        operation["operationId"]: {
            slug
            for status in ("404", "409")
            for slug in slugs(operation["responses"].get(status, {}).get("description", ""))
        }
        for path in paths.values()
        for operation in path.values()
    }


def slugs(description: str) -> list[str]:
    return re.findall(r"^- `([a-z-]+)`: ", description, re.MULTILINE)


def test_a_description_names_the_problems_of_its_status(anonymous):
    paths = anonymous.get("/schema/openapi.json").json()["paths"]
    for path in paths.values():
        for operation in path.values():
            by_status = {int(status): slugs(told["description"]) for status, told in operation["responses"].items()}
            assert all(TYPES[slug][0] == status for status, found in by_status.items() for slug in found)
            assert by_status[500] == ["internal-error"]
            if "security" in operation:
                assert {slug for found in by_status.values() for slug in found} >= set(ADMISSION)


def test_every_problem_that_a_read_declares_is_one_that_it_answers_with(client, declared):
    for operation, requests in PROVOKED.items():
        for path, slug in requests:
            assert problem(client.get(path), TYPES[slug][0]) == slug, path
        assert declared[operation] == {slug for _, slug in requests}, operation


def test_every_problem_that_a_prediction_declares_is_one_that_it_answers_with(client, declared):
    for body, slug in PREDICT:
        assert problem(client.post("/predict/", json=body), TYPES[slug][0]) == slug
    assert declared["predict"] == {slug for _, slug in PREDICT}


def test_every_problem_that_a_task_declares_is_one_that_it_answers_with(client, declared):
    key = {"Idempotency-Key": "declared"}
    client.post("/predict/async/", json={"match_id": "m1"}, headers=key)
    conflict = client.post("/predict/async/", json={"match_id": "m2"}, headers=key)
    assert declared["predict_async"] == {problem(conflict, 409)} == {"idempotency-conflict"}
    unknown = problem(client.delete("/monitoring/task_status/none"), 404)
    assert declared["cancel_task"] == {unknown} == {"unknown-task"}


def test_what_depends_on_no_input_declares_no_problem_of_its_own(declared):
    rest = declared.keys() - PROVOKED.keys() - {"predict", "predict_async", "cancel_task"}
    assert {operation: declared[operation] for operation in rest if declared[operation]} == {}
