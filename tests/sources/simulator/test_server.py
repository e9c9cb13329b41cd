"""The simulated site speaks the HTTP that HttpSource, and a careful stranger, rely on."""

from __future__ import annotations

import hashlib
import socket
import struct
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.clients.base import FIXTURES_PATH, Validators, results_path
from footpred_dagster.sources.clients.http import HttpSource
from footpred_dagster.sources.simulator import SimulatorServer, render_results, render_truth

NOON = datetime(2024, 10, 25, 12, tzinfo=UTC)
E0 = results_path("E0", Season(2024))


class Hands:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def server(world, hands) -> Iterator[SimulatorServer]:
    with SimulatorServer(world, hands) as server:
        yield server


@pytest.fixture
def source(server) -> Iterator[HttpSource]:
    with HttpSource(server.url, timeout=5) as source:
        yield source


@pytest.fixture
def client(server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, trust_env=False, timeout=5) as client:
        yield client


@pytest.mark.parametrize("path", [E0, results_path("E1", Season(2015)), FIXTURES_PATH, "truth.csv"])
def test_the_second_fetch_is_not_sent_again(server, source, path):
    first = source.fetch(path)
    second = source.fetch(path, Validators(first.etag, first.last_modified))
    by_date = source.fetch(path, Validators(None, first.last_modified))

    assert (first.status, second.status, by_date.status) == (200, 304, 304)
    assert (second.body, second.etag) == (None, first.etag)
    assert first.etag == f'"{hashlib.sha256(first.body).hexdigest()}"'
    assert server.requests == {200: 1, 304: 2}


def test_bodies_are_what_the_renderers_say(world, source):
    assert source.fetch(E0).body == render_results(world, "E0", Season(2024), NOON)
    assert source.fetch("truth.csv").body == render_truth(world, NOON)


@pytest.mark.parametrize(
    "path",
    [results_path("E0", Season(2025)), results_path("N1", Season(2024)), "mmz4281/2427/E0.csv", "new/ARG.csv", ""],
)
def test_what_does_not_exist_is_404(server, source, path):
    assert source.fetch(path).status == 404
    assert server.requests == {404: 1}


def test_a_matchday_changes_the_tag_and_a_quiet_minute_does_not(hands, source):
    friday = source.fetch(E0)
    known = Validators(friday.etag, friday.last_modified)
    hands.now = NOON + timedelta(hours=5)
    assert source.fetch(E0, known).status == 304
    hands.now = NOON + timedelta(days=3)
    monday = source.fetch(E0, known)

    assert monday.status == 200
    assert monday.etag != friday.etag
    assert monday.last_modified != friday.last_modified
    assert monday.body.startswith(friday.body)
    assert source.fetch(E0, Validators(None, friday.last_modified)).status == 200


@pytest.mark.parametrize("path", [FIXTURES_PATH, "truth.csv"])
def test_the_date_moves_whenever_the_body_does(hands, source, path):
    """Forbids a 304 by date for a body that changed."""
    before = source.fetch(path)
    for hours in range(12, 24 * 6, 12):
        hands.now = NOON + timedelta(hours=hours)
        after = source.fetch(path)
        assert (after.etag == before.etag) == (after.last_modified == before.last_modified)
        before = after


def test_a_clock_set_back_is_answered_by_tag(hands, source):
    later = source.fetch(E0)
    hands.now = NOON - timedelta(days=30)
    earlier = source.fetch(E0, Validators(later.etag, later.last_modified))
    assert earlier.status == 200
    assert later.body.startswith(earlier.body)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"other"', "If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"}, 200),
        ({"If-Modified-Since": "not a date"}, 200),
        ({"If-Modified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}, 200),
    ],
)
def test_conditions_as_the_rfc_has_them(client, headers, status):
    assert client.get(FIXTURES_PATH, headers=headers).status_code == status


def test_every_answer_says_that_it_is_simulated(client):
    etag = client.get(E0).headers["etag"]
    answers = [client.get(E0), client.get(E0, headers={"If-None-Match": etag}), client.get("nothing.csv")]
    assert [answer.status_code for answer in answers] == [200, 304, 404]
    assert {answer.headers["x-footpred-simulated"] for answer in answers} == {"true"}


def test_a_body_is_rendered_once_a_minute(world, server, hands):
    first = server.page(E0)
    hands.now += timedelta(seconds=30)
    assert server.page(E0) is first
    hands.now += timedelta(minutes=1)
    assert server.page(E0) is not first


def test_a_client_that_hangs_up_leaves_no_traceback(server, client, capfd):
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port)) as peer:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closes with a reset
        peer.sendall(b"GET /none.csv HTTP/1.1\r\nHost: here\r\n\r\n")
        peer.recv(10)
    time.sleep(0.2)  # the thread of that connection ends by itself
    assert client.get("fixtures.csv").is_success
    assert "Traceback" not in capfd.readouterr().err


def test_a_closed_server_answers_nobody_and_one_never_started_closes(world, hands):
    with SimulatorServer(world, hands) as server:
        url = server.url
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)
    SimulatorServer(world, hands).close()
