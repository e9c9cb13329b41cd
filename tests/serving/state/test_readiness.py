"""What cannot be refreshed is reported, does no harm to the rest, and is an outage only when the database is away."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest

from footpred_dagster.core import api_keys
from tests.support import workers
from tests.support.problems import problem
from tests.support.proxy import Proxy
from tests.support.readiness import problems, ready, until
from tests.support.service import KICKOFF, PLAYED, World, serving

LATE, UNREADABLE, OUTAGE_MINUTES, ANSWER = 2.0, 5.0, 0.15, 2.0
LIMITS = {
    "serving.state.watcher.LATE_SECONDS": LATE,
    "serving.state.key_ring.UNREADABLE_SECONDS": UNREADABLE,
    "serving.service.KEYS_ANSWER_SECONDS": ANSWER,
}
"""Shorter than they are, so that a test need not wait."""
PAIRING = {"league": "E0", "home": "Arsenal", "away": "leeds", "kickoff": KICKOFF.isoformat()}
SLACK = 3.0


@pytest.fixture(scope="module")
def proxy(world: World) -> Iterator[Proxy]:
    proxy = Proxy(world.url("service"))
    yield proxy
    proxy.close()


@pytest.fixture(scope="module")
def settings(proxy: Proxy) -> dict[str, str]:
    return {"FOOTPRED_SERVICE_DATABASE_URL": proxy.url, "FOOTPRED_KEYS_OUTAGE_MINUTES": str(OUTAGE_MINUTES)}


@contextmanager
def locked(world: World, table: str) -> Iterator[None]:
    with psycopg.connect(world.database_url) as connection:
        connection.execute(f"lock table {table} in access exclusive mode".encode())
        yield


@pytest.mark.fault(61, "one locked table is no outage")
@pytest.mark.parametrize(
    ("table", "part"), [("marts.dim_teams", "Clubs"), ("predictions.ledger", "Snapshot"), ("raw.fetches", "DataAge")]
)
def test_one_locked_table_degrades_what_reads_it_and_nothing_else(http, service, world, table, part):
    if part == "Clubs":  # it is read only when it changed
        with world.connect() as connection:
            connection.execute("update marts.dim_teams set city = city")
    with locked(world, table):
        with world.connect() as connection:
            connection.execute("notify footpred_served, '1'")
        until(lambda: part in problems(http), http)
        time.sleep(LATE)
        late = {problem.partition(" ")[0] for problem in http.get("/readyz").json()["problems"]}
        assert late <= {part, "Online"}  # Online reads the clubs too
        assert ready(http) == (200, "degraded")
        assert http.get("/readyz").json()["database"] is True
        assert http.get("/predict/m1").json()["stale"] is False
        assert http.get("/monitoring/queues").status_code == 200
        until(lambda: service.metric(f'service_refresh_late_seconds{{part="{part}"}}') >= LATE, http)
        assert service.metric("service_degraded") == 1
        assert service.metric("service_stale") == 0
        identity, key = world.new_key()
        assert http.get("/predict/m1", headers={"X-API-Key": key}).status_code == 200
        with world.connect() as connection:
            api_keys.revoke(connection, identity)
        until(lambda: http.get("/predict/m1", headers={"X-API-Key": key}).status_code == 401, http, 2)


@pytest.mark.fault(61, "a statement that is cancelled is no outage")
def test_an_operation_on_a_locked_table_says_that_it_is_busy(http, world):
    with locked(world, "marts.fct_matches"):
        assert problem(http.get("/matches/"), 503) == "database-busy"
        assert ready(http)[0] == 200


@pytest.mark.fault(62, "keys that cannot be read")
def test_a_column_that_a_later_version_adds_does_no_harm(http, world):
    identity, key = world.new_key()
    with world.connect() as connection:
        connection.execute("alter table serving.keys add column note text")
        _, later = world.new_key()
        assert http.get("/predict/m1", headers={"X-API-Key": later}).status_code == 200
        api_keys.revoke(connection, identity)
        until(lambda: http.get("/predict/m1", headers={"X-API-Key": key}).status_code == 401, http, 2)
        connection.execute("alter table serving.keys drop column note")
    assert ready(http) == (200, "ready")


@pytest.mark.fault(62, "keys that cannot be read")
def test_keys_that_cannot_be_read_open_nothing_after_a_minute(http, world):
    with world.connect() as connection:
        connection.execute("alter table serving.keys rename column rate to pace")
        try:
            begun = time.monotonic()
            unknown = {"X-API-Key": "fp_" + "a" * 12 + "_" + "b" * 43}
            assert problem(http.get("/predict/m1", headers=unknown), 503) == "keys-unreadable"
            until(lambda: "KeyRing" in problems(http), http)
            assert ready(http) == (200, "degraded")
            assert http.get("/predict/m1").status_code == 200
            until(lambda: http.get("/predict/m1").status_code == 503, http)
            assert UNREADABLE <= time.monotonic() - begun < UNREADABLE + SLACK
            assert problem(http.get("/predict/m1"), 503) == "keys-unreadable"
            assert "no key opens anything" in problems(http)
        finally:
            connection.execute("alter table serving.keys rename column pace to rate")
    until(lambda: http.get("/predict/m1").status_code == 200, http)


@pytest.mark.fault(62, "a frozen database")
def test_a_frozen_database_is_noticed_and_the_last_known_keys_open_lookups_for_a_while(http, proxy):
    with proxy.frozen():
        begun = time.monotonic()
        assert until(lambda: ready(http) == (503, "unavailable"), http) < 1 + ANSWER + SLACK
        assert http.get("/predict/m1").json()["stale"] is True
        assert http.get("/readyz/lookups").status_code == 200
        asked = time.monotonic()
        assert http.get("/predict/m1").status_code == 200
        assert problem(http.post("/predict/async/", json=PAIRING), 503) == "database-unavailable"
        unknown = {"X-API-Key": "fp_" + "a" * 12 + "_" + "b" * 43}
        assert problem(http.get("/predict/m1", headers=unknown), 503) == "database-unavailable"
        assert time.monotonic() - asked < 2
        until(lambda: http.get("/predict/m1").status_code == 503, http, OUTAGE_MINUTES * 60 + SLACK)
        assert time.monotonic() - begun > OUTAGE_MINUTES * 60 - SLACK
        assert problem(http.get("/predict/m1"), 503) == "keys-unreadable"
    until(lambda: http.get("/predict/m1").status_code == 200, http)


def test_no_request_waits_long_for_a_database_that_has_just_frozen(http, proxy, world):
    _, key = world.new_key(rate=1.0, burst=2)
    with proxy.frozen():
        begun = time.monotonic()
        http.get("/predict/m1", headers={"X-API-Key": key})
        assert time.monotonic() - begun < 4
    until(lambda: ready(http) == (200, "ready"), http)


def test_a_correction_of_any_column_of_the_state_is_predicted_from_at_once(http, world):
    asked = PAIRING | {"kickoff": (KICKOFF + timedelta(days=9)).isoformat()}
    before = http.post("/predict/", json=asked).json()["probabilities"]
    with world.connect() as connection, connection.transaction():
        connection.execute("update features.online_team_state set elo = elo + 100 where team_id = 'arsenal'")
        connection.execute("update features.online_team_state set elo = elo - 100 where team_id = 'chelsea'")
        connection.execute("notify footpred_served, '1'")
    until(lambda: http.post("/predict/", json=asked).json()["probabilities"] != before, http, 2)
    with world.connect() as connection:
        connection.execute("create table features.rebuilt as select * from features.online_team_state")
        connection.execute("update features.rebuilt set elo = 1500 + elo - elo")
        connection.execute("drop table features.online_team_state")
        connection.execute("alter table features.rebuilt rename to online_team_state")
    changed = http.post("/predict/", json=asked).json()["probabilities"]
    until(lambda: http.post("/predict/", json=asked).json()["probabilities"] != changed, http, 3)


def test_what_was_served_of_a_match_played_long_ago_is_found_in_the_history(http, world):
    before = http.get("/predict/r1").json()
    with world.connect() as connection, connection.transaction():
        connection.execute("insert into predictions.served_history select * from predictions.served where kickoff < %s",
                           [PLAYED + timedelta(days=1)])  # fmt: skip
        connection.execute("delete from predictions.served where match_id = 'r1'")
        connection.execute("notify footpred_served, '1'")
    until(lambda: len(http.get("/predict/predictions/").json()["items"]) == 2, http, 2)
    changing = {"data_age_seconds"}
    after = http.get("/predict/r1").json()
    assert {k: v for k, v in after.items() if k not in changing} == {
        k: v for k, v in before.items() if k not in changing
    }
    items = http.post("/predict/batch/", json={"items": [{"match_id": name} for name in ("r1", "m3", "none", "m1")]})
    assert [item["status"] for item in items.json()["items"]] == [200, 409, 404, 200]


def test_a_worker_that_is_killed_is_replaced_at_once_and_leaves_no_gauge_behind(world, proxy, tmp_path):
    with serving(world, tmp_path, workers=2, FOOTPRED_SERVICE_DATABASE_URL=proxy.url) as served:
        before = served.workers()
        with proxy.cut():
            workers.until(lambda: served.metric("service_stale") == 1)
            os.kill(before[0], signal.SIGSTOP)
            time.sleep(1)  # it is killed while its parent waits for its answer
            os.kill(before[0], signal.SIGKILL)
            workers.until(lambda: set(served.workers()) - set(before), seconds=10)
        workers.until(lambda: served.metric("service_stale") == 0)
