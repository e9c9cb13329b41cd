"""The interface as it is described: every status declared, what is described true, and no change of it unseen."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from playwright.sync_api import expect

from serving.http.errors import TYPES
from tests.support.browser import browsing, needs_chromium
from tests.support.problems import problem
from tests.support.service import KICKOFF, Served, World, serving

SNAPSHOT = Path(__file__).parent / "openapi.json"
PACKAGE = "generated_footpred_client"
CONFIG = {"post_hooks": [], "project_name_override": PACKAGE, "package_name_override": PACKAGE}
OPEN = {"/healthcheck", "/readyz", "/readyz/lookups"}
BIN = Path(sys.executable).parent


@pytest.fixture(scope="module")
def service(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(world, tmp_path_factory.mktemp("service")) as service:
        yield service


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
        assert '"null"' not in json.dumps(operation.get("parameters", [])), path
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


@pytest.fixture(scope="module")
def generated_client(service: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The package that openapi-python-client generates without a warning."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "config.json").write_text(json.dumps(CONFIG))
    arguments = ["generate", "--url", f"{service.url}/schema/openapi.json", "--output-path", str(folder / PACKAGE)]
    options = ["--meta", "none", "--config", str(folder / "config.json"), "--fail-on-warning"]
    run = subprocess.run([BIN / "openapi-python-client", *arguments, *options], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module(PACKAGE)
    finally:
        sys.path.remove(str(folder))
        for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
            del sys.modules[name]


def test_every_operation_answers_through_a_generated_client(
    world: World, service: Served, generated_client: ModuleType
):
    models = importlib.import_module(f"{PACKAGE}.models")
    pending = {path.stem: path.parent.name for path in Path(generated_client.__path__[0]).glob("api/*/[!_]*.py")}
    client = generated_client.AuthenticatedClient(
        service.url, token=world.key, prefix="", auth_header_name="X-API-Key", raise_on_unexpected_status=True
    )

    def call(operation: str, kind: type, *path: Any, code: int = 200, **arguments: Any) -> Any:
        module = importlib.import_module(f"{PACKAGE}.api.{pending.pop(operation)}.{operation}")
        answer = module.sync_detailed(*path, client=client, **arguments)
        assert (answer.status_code, type(answer.parsed)) == (code, kind), operation
        return answer.parsed

    by_match = models.ByMatch(match_id="m1")
    by_teams = models.ByTeams(league="E0", home="Leeds", away="Chelsea", kickoff=KICKOFF + timedelta(days=9))
    several = [by_match, by_teams, models.ByMatch(match_id="none")]
    with client:
        call("healthcheck", models.Alive)
        assert call("readyz", models.Readiness).status == "ready"
        call("readyz_lookups", models.Lookups)
        assert call("get_prediction", models.Prediction, "m1").sealed
        assert call("predict", models.Prediction, body=by_teams).kind == "ad-hoc"
        batch = call("predict_batch", models.BatchAnswer, body=models.BatchRequest(items=several))
        assert [item.status for item in batch.items] == [200, 200, 404]
        assert batch.items[2].problem.type_ == "urn:footpred:problem:unknown-match"
        assert call("list_predictions", models.PredictionPage, league="E0", limit=1).next_
        call("list_cards", models.CardPage)
        call("get_ledger_head", models.LedgerHead)
        call("get_model_info", models.ModelInfo)
        call("list_teams", models.TeamPage, q="Leeds")
        call("list_leagues", models.LeaguePage)
        day = KICKOFF.date() - timedelta(days=1)
        call("list_matches", models.MatchPage, status=models.ListMatchesStatus.FIXTURE, from_=day)
        call("get_team", models.TeamAnswer, "leeds")
        call("get_projection", models.ProblemDetails, "E0", code=404)
        call("get_table", models.ProblemDetails, "E0", code=404)
        call("get_livescores", models.LiveScores)
        call("stream_livescores", str, seconds=1)
        task = call("predict_async", models.Task, body=models.TaskItems(items=several), code=202)
        assert call("get_task", models.TaskWithResult, str(task.task_id)).items == 3
        assert call("cancel_task", models.Task, str(task.task_id)).status == "cancelled"
        call("get_queues", models.Queues)
        call("get_workers", models.Workers)
        call("get_drift", models.Drift)
    assert not pending


def test_schemathesis_reports_no_failure(world: World, service: Served, tmp_path: Path):
    """Examples, coverage, fuzzing and stateful phases over real sockets.

    ``use_after_free`` is excluded: a cancelled task stays readable. The stream is excluded: it lasts as long as asked.
    """
    command = [BIN / "schemathesis", "run", f"{service.url}/schema/openapi.json", "--header", f"X-API-Key: {world.key}"]
    scope = ["--phases", "examples,coverage,fuzzing,stateful", "--exclude-path", "/livescores/stream"]
    checks = ["--exclude-checks", "use_after_free", "--continue-on-failure"]
    examples = ["--max-examples", "5", "--seed", "1", "--generation-database", "none"]
    run = subprocess.run([*command, *scope, *checks, *examples], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    tested, generated, passed = (
        int(re.search(pattern, run.stdout)[1])
        for pattern in (r"Tested: (\d+)", r"(\d+) generated", r"(\d+) passed, \d+ skipped")
    )
    assert tested >= 23
    assert generated == passed > 500


@needs_chromium
def test_the_page_shows_and_calls_operations_and_loads_nothing_from_elsewhere(world: World, service: Served):
    complaints: list[str] = []
    with browsing() as session:
        page = session.page
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(service.url)
        expect(page).to_have_url(f"{service.url}/schema")
        page.get_by_role("button", name="Authorize").click()
        page.locator(".auth-container input").fill(world.key)
        page.locator(".auth-container").get_by_role("button", name="Apply credentials").click()
        page.locator(".auth-container").get_by_role("button", name="Close").click()
        operation = page.locator("#operations-predictions-predict")
        operation.locator(".opblock-summary-control").click()
        expect(operation.locator("textarea")).to_have_value(re.compile("match_id"))
        operation.locator("textarea").fill('{"match_id": "m1"}')
        operation.get_by_role("button", name="Execute").click()
        expect(operation.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
        for width in (390, 768, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert session.outside == complaints == []


def test_the_page_may_load_only_from_the_service(anonymous):
    page = anonymous.get("/schema")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "://" not in page.text
    for path in re.findall(r'(?:href|src)="([^"]+)"', page.text):
        assert anonymous.get(path).status_code == 200, path


@pytest.mark.parametrize("path", ["/schema/x", "/schema/x.json", "/schema/x/y", "/schema/..%2f__init__.py"])
def test_there_is_nothing_else_below_the_page(anonymous, path):
    assert problem(anonymous.get(path), 404) == "no-such-path"
