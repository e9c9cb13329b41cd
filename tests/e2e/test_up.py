"""``footpred up`` on the demo's home: services that answer, pages that show what ran, and an end within 20 seconds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psycopg
import pytest

from tests.support.browser import browsing, needs_chromium
from tests.support.webserver import Webserver, as_json

PATIENCE = 180


def written(home: Path) -> dict[str, dict[str, str]]:
    """Services as the supervisor last wrote them: cheaper to poll than the command."""
    return dict(json.loads((home / "run" / "up.json").read_text())["services"])


@pytest.fixture(scope="module")
def begun():
    """Supervisors that tests of this module started; the last one serves the next test unless it was ended."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=30)


@pytest.fixture
def up(demo, begun):
    """The running supervisor and the services' URLs, started as from a script's ``&``."""
    if not begun or begun[-1].poll() is not None:
        begun.append(
            subprocess.Popen(
                [sys.executable, "-m", "footpred_dagster.cli", "up"],
                env=os.environ | {"FOOTPRED_HOME": str(demo.home.path)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                preexec_fn=lambda: [signal.signal(n, signal.SIG_IGN) for n in (signal.SIGINT, signal.SIGTERM)],
            )
        )
        # While services start status works and says so.
        services = demo.home.json("status")["services"]
        assert services["dagster"]["state"] in ("starting", "running")
        assert {service["state"] for service in services.values()} <= {"starting", "running"}
    deadline = time.monotonic() + PATIENCE
    while any(service["state"] != "running" for service in written(demo.home.path).values()):
        assert begun[-1].poll() is None
        assert time.monotonic() < deadline, written(demo.home.path)
        time.sleep(0.5)
    services = written(demo.home.path)
    return begun[-1], {name: service["url"] for name, service in services.items() if service["url"]}


@pytest.fixture
def graphql(up):
    def ask(query: str) -> dict:
        request = urllib.request.Request(
            up[1]["dagster"] + "/graphql", json.dumps({"query": query}).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["data"]

    return ask


@pytest.mark.parametrize(
    ("process", "metric"),
    [("api", "model_champion_loaded 1.0"), ("worker", "queue_tasks_total"), ("metrics", "footpred_pipeline_up 1.0")],
)
def test_each_kind_of_process_shows_its_metrics(up, demo, process, metric):
    service = written(demo.home.path)[process]
    with urllib.request.urlopen(service.get("metrics") or f"{service['url']}/metrics", timeout=30) as answer:
        assert metric in answer.read().decode()


def test_dagster_shows_the_lineage_from_raw_to_ledger_with_every_asset_materialized(graphql):
    nodes = graphql(
        "{ assetNodes { assetKey { path } dependencyKeys { path } assetMaterializations(limit: 1) { runId } } }"
    )["assetNodes"]
    parents = {tuple(n["assetKey"]["path"]): {tuple(d["path"]) for d in n["dependencyKeys"]} for n in nodes}
    seen, ahead = set(), {("predictions", "ledger")}
    while ahead:
        seen |= ahead
        ahead = set().union(*(parents[key] for key in ahead)) - seen
    assert {("raw", "matches"), ("raw", "fixtures"), ("ratings", "team_strength"), ("models", "champion")} <= seen
    ran = {tuple(n["assetKey"]["path"]) for n in nodes if n["assetMaterializations"]}
    assert seen <= ran


@pytest.mark.fault(64, "a page of another origin sends GET and POST mutations to Dagster: refused")
@pytest.mark.parametrize(
    ("service", "path", "body"),
    [
        ("dagster", "/graphql", as_json("{ __typename }")),
        ("mlflow", "/api/2.0/mlflow/experiments/search", '{"max_results": 1}'),
    ],
)
def test_pages_of_other_sites_reach_neither_dagster_nor_mlflow(up, service, path, body):
    server = Webserver(int(up[1][service].rpartition(":")[2]))
    kind = ("content-type", "application/json")
    for origin, expected in ((up[1][service], 200), ("http://evil.example", 403), ("null", 403)):
        assert server.send("POST", path, [kind, ("origin", origin)], body)[0] == expected
    for host, expected in (
        (f"localhost:{server.port}", 200),
        ("evil.example", 403),
        (f"evil.example:{server.port}", 403),
    ):
        assert server.send("GET", "/", [("host", host)])[0] == expected


@needs_chromium
def test_pages_show_graph_metadata_checks_and_the_mlflow_run_and_ask_nobody_else(up, demo, tmp_path_factory):
    urls, shots = up[1], tmp_path_factory.mktemp("screenshots")
    with browsing(1600, 900) as session:
        page = session.page

        def show(name: str, url: str, *texts: str) -> None:
            page.goto(url)
            for text in texts:
                page.get_by_text(text, exact=False).first.wait_for(timeout=60_000)
            page.screenshot(path=shots / f"{name}.png")

        show("asset graph", f"{urls['dagster']}/asset-groups", "predictions", "intermediate")
        show("ledger", f"{urls['dagster']}/assets/predictions/ledger?view=overview", "hash-chained", "chain head")
        show("checks", f"{urls['dagster']}/assets/predictions/ledger?view=checks", "chain_is_whole", "Passed")
        show("candidate", f"{urls['dagster']}/assets/models/xgboost?view=overview", "feature_contract")
        show("experiment", f"{urls['mlflow']}/#/experiments/1/runs", "Dagster run")
        with psycopg.connect(demo.home.database_url) as connection:
            query = "select mlflow_run_id from models.versions where name = 'xgboost'"
            (run_id,) = connection.execute(query).fetchone()
        show("fit", f"{urls['mlflow']}/#/experiments/1/runs/{run_id}", "dagster_run_id", "final all/log_loss")
        assert session.outside == []


def test_a_second_up_says_where_the_first_one_is(up, demo):
    said = demo.home.run("up")
    assert "already up" in said
    assert all(url in said for url in up[1].values())


def test_sigterm_ends_everything_within_twenty_seconds(up, demo):
    process, urls = up
    pids = json.loads((demo.home.path / "run" / "up.json").read_text())["processes"].values()
    begun = time.monotonic()
    process.terminate()
    assert process.wait(timeout=20) == 0
    assert time.monotonic() - begun < 20
    assert not [pid for pid in pids if os.path.exists(f"/proc/{pid}")]
    for url in urls.values():
        with pytest.raises(OSError, match="refused"):
            urllib.request.urlopen(url, timeout=2)
    services = demo.home.json("status")["services"]
    assert {services[name]["state"] for name in urls} == {"stopped"}
