"""Services end one after the other behind nginx, and one alone: no request is lost."""

from __future__ import annotations

import re
import signal
import threading
import time
from collections import Counter
from contextlib import ExitStack
from urllib.parse import urlsplit

import httpx
import pytest

from footpred_dagster.core.settings import PACKAGE_ROOT
from serving.settings import ServiceSettings
from tests.support.nginx import needs_nginx, proxy
from tests.support.processes import free_port
from tests.support.readiness import ready
from tests.support.service import KICKOFF, Served, World, serving

RATE, CALLERS = 50, 5
PAIRING = {"league": "E0", "home": "Arsenal", "away": "leeds", "kickoff": KICKOFF.isoformat()}
DRAIN = ServiceSettings.from_env({}).drain_seconds


def end(service: Served) -> float:
    """Seconds until the process has ended."""
    begun = time.monotonic()
    service.process.terminate()
    assert service.process.wait(20) in (0, -15)
    return time.monotonic() - begun


def test_a_service_that_drains_answers_on_old_and_new_connections_and_closes_them(world: World, tmp_path):
    with (
        serving(world, tmp_path, workers=2, FOOTPRED_SERVICE_DRAIN="2") as service,
        httpx.Client(base_url=service.url, headers={"X-API-Key": world.key}) as kept,
    ):
        assert "connection" not in kept.get("/predict/m1").headers
        service.process.terminate()
        while httpx.get(f"{service.url}/readyz").status_code == 200:
            pass
        service.process.terminate()  # changes nothing
        time.sleep(0.7)  # the parent of workers looks twice a second
        answer = kept.get("/predict/m1")
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        for _ in range(2):
            answer = kept.post("/predict/", json=PAIRING)
            assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        assert ready(kept) == (503, "unavailable")
        assert "the service is ending" in kept.get("/readyz").json()["problems"]
        lookups = kept.get("/readyz/lookups")
        assert (lookups.status_code, lookups.json()) == (503, {"status": "ending"})
        assert kept.get("/healthcheck/").status_code == 200
        assert service.process.wait(10) in (0, -15)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM, signal.SIGINT]])
def test_sigint_ends_a_service_without_draining(world: World, tmp_path, workers, signals):
    with serving(world, tmp_path, workers=workers, FOOTPRED_SERVICE_DRAIN="30") as service:
        begun = time.monotonic()
        for number in signals:
            service.process.send_signal(number)
            time.sleep(1)
        service.process.wait(15)
        assert time.monotonic() - begun < 10
    assert "Traceback" not in service.log.read_text()


@needs_nginx
@pytest.mark.slow
def test_two_services_are_replaced_behind_nginx_under_load_without_a_lost_request(world: World, tmp_path):
    _, key = world.new_key(rate=1000.0, burst=1000)
    ended, answers = threading.Event(), Counter[tuple[str, int | str]]()

    def call(url: str) -> None:
        with httpx.Client(base_url=url, headers={"X-API-Key": key}, timeout=20) as client:
            at = time.monotonic()
            while not ended.wait(max(0.0, (at := at + CALLERS / RATE) - time.monotonic())):
                post = answers.total() % 2
                try:
                    answer = client.post("/predict/", json=PAIRING) if post else client.get("/predict/m1")
                    answers[answer.request.method, answer.status_code] += 1
                except httpx.TransportError as error:
                    answers["POST" if post else "GET", repr(error)] += 1

    with ExitStack() as stack:

        def start(name: str, port: int = 0) -> Served:
            (tmp_path / name).mkdir()
            drain = {"FOOTPRED_SERVICE_DRAIN": str(DRAIN)}
            return stack.enter_context(serving(world, tmp_path / name, workers=2, port=port, **drain))

        first, second = start("first"), start("second")
        line = "server api:8000 max_fails=0;"
        servers = " ".join(line.replace("api:8000", urlsplit(each.url).netloc) for each in (first, second))
        front = free_port()
        replaced = {line: servers, "rate=10r/s": "rate=1000r/s", "listen 8080": f"listen 127.0.0.1:{front}"}
        (tmp_path / "nginx").mkdir()
        stack.enter_context(proxy("nginx.conf", tmp_path / "nginx", replaced, front))
        threads = [threading.Thread(target=call, args=(f"http://127.0.0.1:{front}",)) for _ in range(CALLERS)]
        for thread in threads:
            thread.start()
        begun = time.monotonic()
        try:
            for number, service in enumerate((first, second)):
                took = end(service)
                assert DRAIN <= took < DRAIN + 5
                start(f"new-{number}", port=urlsplit(service.url).port or 0)
                time.sleep(1)
        finally:
            ended.set()
            for thread in threads:
                thread.join(30)
        seconds = time.monotonic() - begun
    print(f"\n{answers.total() / seconds:.1f} requests/s for {seconds:.0f} s: {dict(answers)}")  # noqa: T201
    assert {status for _, status in answers} == {200}, answers
    assert {method for method, _ in answers} == {"GET", "POST"}


def test_nginx_keeps_idle_connections_for_less_than_the_service_drains():
    upstream = (PACKAGE_ROOT / "deploy/nginx/nginx.conf").read_text().partition("upstream")[2]
    (seconds,) = re.findall(r"keepalive_timeout (\d+)s;", upstream)
    assert float(seconds) < DRAIN
