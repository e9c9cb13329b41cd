"""The database goes away and comes back: what is in memory is served and says that it is old."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from tests.support.metrics import exposition
from tests.support.problems import problem
from tests.support.service import KICKOFF

PAIRING = {"league": "E0", "home": "Arsenal", "away": "leeds", "kickoff": KICKOFF.isoformat()}


@contextmanager
def database_down(server_url: str, database_url: str) -> Iterator[None]:
    """Nobody is let in, and who is in is thrown out."""
    name = urlsplit(database_url).path.lstrip("/")

    def allow(connections: bool) -> None:
        with psycopg.connect(server_url, autocommit=True) as connection:
            switch = sql.SQL("alter database {} allow_connections {}")
            connection.execute(switch.format(sql.Identifier(name), sql.Literal(connections)))
            if not connections:
                connection.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [name])

    allow(False)
    try:
        yield
    finally:
        allow(True)


def until_ready(client, status: int) -> None:
    deadline = time.monotonic() + 10
    while client.get("/readyz").status_code != status:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def down(client, world, server_url) -> Iterator[None]:
    with database_down(server_url, world.database_url):
        until_ready(client, 503)
        yield
    until_ready(client, 200)


def test_without_a_database_lookups_go_on_and_say_that_they_are_stale(down, client):
    assert client.get("/healthcheck/").status_code == 200
    ready = client.get("/readyz").json()
    assert (ready["status"], ready["database"]) == ("unavailable", False)
    found = client.get("/predict/m1")
    assert (found.status_code, found.json()["stale"]) == (200, True)
    assert client.get("/predict/m1", headers={"If-None-Match": found.headers["etag"]}).status_code == 200
    on_the_spot = client.post("/predict/", json=PAIRING)
    assert (on_the_spot.status_code, on_the_spot.json()["stale"]) == (200, True)
    batch = client.post("/predict/batch/", json={"items": [{"match_id": "m1"}, {"match_id": "none"}, PAIRING]}).json()
    assert [item["status"] for item in batch["items"]] == [200, 503, 200]
    assert client.get("/predict/cards/").json()["stale"] is True
    assert client.get("/predict/model/info").json()["stale"] is True
    assert len(client.get("/predict/predictions/").json()["items"]) == 3
    assert "service_stale 1.0" in exposition()


def test_what_needs_the_database_says_so_at_once(down, client):
    for path in ("/matches/", "/teams/leeds", "/leagues/E0/projection", "/predict/none"):
        begun = time.monotonic()
        answer = client.get(path)
        assert problem(answer, 503) == "database-unavailable"
        assert int(answer.headers["retry-after"]) > 0
        assert time.monotonic() - begun < 1


def test_a_limit_holds_while_the_database_is_away(client, world, server_url):
    _, key = world.new_key(rate=1.0, burst=5)
    assert client.get("/predict/m1", headers={"X-API-Key": key}).status_code == 200
    with database_down(server_url, world.database_url):
        until_ready(client, 503)
        statuses = [client.get("/predict/m1", headers={"X-API-Key": key}).status_code for _ in range(40)]
    assert 1 <= statuses.count(200) <= 25
    assert statuses.count(429) >= 15
    until_ready(client, 200)


def test_once_it_is_back_everything_is_fresh_again(client, world, server_url):
    with database_down(server_url, world.database_url):
        until_ready(client, 503)
    until_ready(client, 200)
    assert client.get("/predict/m1").json()["stale"] is False
    assert client.get("/matches/").status_code == 200
    _, key = world.new_key()
    assert client.get("/matches/", headers={"X-API-Key": key}).status_code == 200
