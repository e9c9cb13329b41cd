"""The service as it runs: while the champion moves under load, with slow callers, with several workers, to its end."""

from __future__ import annotations

import json
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import psycopg
import pytest

from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.registry import promotions
from footpred_dagster.core.settings import COMPONENTS, component_variable
from serving import __main__
from tests.support.processes import free_port
from tests.support.service import KICKOFF, Served, World, fitted, serving


@pytest.fixture
def service(world: World, tmp_path: Path):
    with serving(world, tmp_path) as served:
        yield served


def connected(service: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", urlsplit(service.url).port), timeout=20)


MOVES = 20


def test_the_champion_moves_twenty_times_under_load_without_one_failed_request(service, world):
    seen: Counter[tuple[str, int]] = Counter()
    ended = threading.Event()
    pairing = {"league": "E0", "home": "Arsenal", "away": "leeds", "kickoff": "2026-12-30T15:00:00Z"}
    pairing["kickoff"] = time.strftime("%Y-%m-%dT15:00:00Z", time.gmtime(time.time() + 5 * 86400))

    def load() -> None:
        with httpx.Client(base_url=service.url, headers={"X-API-Key": world.key}) as client:
            while not ended.is_set():
                seen["get", client.get("/predict/m1").status_code] += 1
                answer = client.post("/predict/", json=pairing)
                seen["post", answer.status_code] += 1
                seen["version", answer.json()["model"]["version"]] += 1

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        while not seen["version", world.version.version]:
            time.sleep(0.01)
        with world.connect() as connection:
            other = fitted(connection, LocalArchive(world.archive), seed_season="2019-20")
            for move in range(MOVES):
                wanted = (other, world.version)[move % 2]
                promotions.promote(connection, wanted, as_of=datetime.now(UTC), actor="tests", because="to and fro")
                before, deadline = seen["version", wanted.version], time.monotonic() + 20
                while seen["version", wanted.version] == before:
                    assert time.monotonic() < deadline, seen
                    time.sleep(0.01)
    finally:
        ended.set()
        for thread in threads:
            thread.join(20)
    assert {status for what, status in seen if what != "version"} == {200}
    assert {status for what, status in seen if what == "version"} == {world.version.version, other.version}


def test_a_crowd_is_predicted_with_few_runs_of_the_model_and_each_gets_his_own_answer(service, world):
    headers = {"X-API-Key": world.key, "Content-Type": "application/json"}
    wanted = [((KICKOFF + timedelta(days=n)).isoformat(), away) for n in range(1, 17) for away in ("leeds", "nobody")]
    callers = [HTTPConnection("127.0.0.1", urlsplit(service.url).port, timeout=20) for _ in wanted]
    for caller in callers:
        caller.request("GET", "/predict/m1", headers=headers)
        assert caller.getresponse().read()
    service.process.send_signal(signal.SIGSTOP)  # so that they are all there when it looks
    for caller, (at, away) in zip(callers, wanted, strict=True):
        body = json.dumps({"league": "E0", "home": "arsenal", "away": away, "kickoff": at})
        caller.request("POST", "/predict/", body, headers)
    service.process.send_signal(signal.SIGCONT)
    for caller, (at, away) in zip(callers, wanted, strict=True):
        said = json.load(caller.getresponse())
        caller.close()
        if away == "nobody":
            assert said["type"] == "urn:footpred:problem:unknown-team"
        else:
            assert (datetime.fromisoformat(said["kickoff"]), said["away"]["id"]) == (datetime.fromisoformat(at), away)
    metrics = service.metrics()
    runs = next(line for line in metrics.splitlines() if line.startswith("inference_duration_seconds_count"))
    assert 1 <= float(runs.split()[1]) < len(wanted) / 8


def test_a_caller_who_leaves_in_the_middle_of_a_body_is_no_error_of_ours(service, world):
    with connected(service) as body:
        body.sendall(
            b"POST /predict/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n"
            + f"X-API-Key: {world.key}\r\n\r\n{{".encode()
        )
        assert service.get("/predict/m1", X_API_Key=world.key)[0] == 200
    told = 'http_requests_total{method="POST",path="/predict",status="408"} 1.0'
    deadline = time.monotonic() + 5
    while told not in (text := service.metrics()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert told in text
    assert "unforeseen error" not in service.log.read_text()


def test_a_stream_ends_when_the_service_does_and_the_process_with_it(service, world):
    with (
        httpx.Client(base_url=service.url, headers={"X-API-Key": world.key}, timeout=20) as client,
        client.stream("GET", "/livescores/stream", params={"seconds": 600}) as stream,
    ):
        lines = stream.iter_lines()
        assert next(line for line in lines if line) == "event: scores"
        begun = time.monotonic()
        service.process.terminate()
        assert "event: end" in list(lines)
    assert service.process.wait(10) in (0, -15)
    assert time.monotonic() - begun < __main__.GRACE_SECONDS


def test_secrets_are_in_no_log_metric_error_or_repr(world, tmp_path):
    planted = "fp_" + "z" * 12 + "_" + secrets.token_urlsafe(32)
    identity, real = world.new_key()
    password = urlsplit(world.database_url).password
    with serving(world, tmp_path) as service:
        told = []
        for key in (planted, real):
            told += [service.get(f"/predict/m1?key={key}"), service.get(f"/predict/{key}", X_API_Key=key)]
            told += [service.get(f"/{key}", X_Request_ID=key), service.get("/predict/m1", X_API_Key=key)]
        told.append(service.get(f"/predict/%00{real}", X_API_Key=real))
        metrics = service.metrics()
        time.sleep(0.5)
    log = service.log.read_text()
    assert f'"key":"{identity}"' in log
    assert "/predict/{match_id" in metrics
    for secret in (planted, planted[16:], real, real[16:], password):
        assert secret not in log
        assert secret not in metrics
        assert secret not in json.dumps([body for status, body in told if status != 404 or secret not in str(body)])


def test_every_line_of_the_log_is_an_object_that_names_its_request(service, world):
    assert service.get("/predict/m1", X_API_Key=world.key, X_Request_ID="from-a-run")[0] == 200
    time.sleep(0.6)
    lines = [json.loads(line) for line in service.log.read_text().splitlines()]
    (line,) = [line for line in lines if line.get("request_id") == "from-a-run"]
    assert (line["path"], line["status"], line["method"]) == ("/predict/{match_id}", 200, "GET")


def test_workers_share_limits_and_add_up_their_metrics(world, tmp_path):
    _, key = world.new_key(rate=1.0, burst=40)
    with serving(world, tmp_path, workers=2) as service:
        seen: Counter[int] = Counter()

        def ask() -> None:
            for _ in range(20):
                with httpx.Client(base_url=service.url, headers={"X-API-Key": key}) as client:
                    seen[client.get("/predict/m1").status_code] += 1

        begun = time.monotonic()
        threads = [threading.Thread(target=ask) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        allowed = 40 + 1.0 * (time.monotonic() - begun)
        assert 30 <= seen[200] <= allowed + 1
        assert seen[200] + seen[429] == 100
        metrics = service.metrics()
        assert all(json.loads(line) for line in service.log.read_text().splitlines())
        assert f'path="/predict/{{match_id}}",status="200"}} {seen[200]}.0' in metrics


def start(world: World, home: Path, **environment: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "serving", "--port", str(free_port()), "--workers", "2"]
    return subprocess.Popen(
        command, env=world.environment(home, **environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_workers_that_cannot_start_end_their_parent_with_a_failure(world, tmp_path):
    (tmp_path / "postgres").touch()  # no database can be made there
    without = {component_variable(each): "" for each in COMPONENTS}
    process = start(world, tmp_path, **without)
    try:
        out, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 3, out


def test_a_service_beside_a_newer_schema_says_so_and_stops(world, tmp_path):
    with psycopg.connect(world.database_url, autocommit=True) as owner:
        (current,) = owner.execute("select version_num from public.schema_version").fetchone()
        owner.execute("update public.schema_version set version_num = '9999'")
        try:
            out, _ = (process := start(world, tmp_path)).communicate(timeout=60)
        finally:
            owner.execute("update public.schema_version set version_num = %s", [current])
            process.kill()
    assert process.returncode == 3, out
    assert "the database is at schema 9999, this footpred knows" in out


def test_a_setting_that_cannot_be_used_ends_a_service_with_workers(world, tmp_path):
    with start(world, tmp_path, FOOTPRED_SERVICE_DRAIN="x") as process:
        try:
            out, _ = process.communicate(timeout=20)
        finally:
            process.terminate()
    assert process.returncode == 1
    assert "FOOTPRED_SERVICE_DRAIN must be" in out
    assert "Traceback" not in out


def test_workers_end_when_their_parent_was_killed(world, tmp_path):
    with serving(world, tmp_path, workers=2, FOOTPRED_SERVICE_DRAIN="0.5") as service:
        workers = psutil.Process(service.process.pid).children(recursive=True)
        service.process.kill()
        deadline = time.monotonic() + 15
        while (alive := [each for each in workers if running(each)]) and time.monotonic() < deadline:
            time.sleep(0.1)
        for worker in alive:
            worker.kill()
        assert not alive


def running(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
