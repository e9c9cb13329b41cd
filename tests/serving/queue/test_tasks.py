"""Asking for predictions by queue: what is made, what is told, to whom, and what a worker makes of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from tests.support.problems import problem
from tests.support.service import KICKOFF
from tests.support.workers import ask, reaches, status, worker

PAIRING = {"league": "E0", "home": "Arsenal", "away": "leeds", "kickoff": KICKOFF.isoformat()}
MIXED = [{"match_id": "m1"}, {"match_id": "none"}, PAIRING, PAIRING | {"home": "Arsenal\0"}, 7, {"match_id": "m2"}]


@pytest.fixture(autouse=True)
def _nothing_waits(world):
    yield
    with world.connect() as connection:
        connection.execute("delete from serving.tasks")
        connection.execute("delete from queue.procrastinate_jobs")


def jobs(world) -> list[tuple[str, str]]:
    with world.connect() as connection:
        return connection.execute("select task_name, status::text from queue.procrastinate_jobs").fetchall()


def test_a_task_is_accepted_with_its_address_and_waits_with_its_one_job(client, world):
    answer = client.post("/predict/async/", json={"items": MIXED})
    assert answer.status_code == 202
    told = answer.json()
    assert answer.headers["location"] == f"/monitoring/task_status/{told['task_id']}"
    assert (told["status"], told["items"], told["attempts"]) == ("queued", 6, 0)
    found = client.get(answer.headers["location"])
    assert found.json() == told | {"result": None}
    assert int(found.headers["retry-after"]) > 0
    assert jobs(world) == [("predict", "todo")]


def test_a_worker_answers_as_the_batch_does_and_a_bad_item_fails_alone(client, world, tmp_path):
    task, one = ask(client, *MIXED), client.post("/predict/async/", json=PAIRING).json()["task_id"]
    with worker(world, tmp_path):
        found = reaches(client, task, "done", "failed")
        assert found["status"] == "done", found
        alone = reaches(client, one, "done")
    batch = client.post("/predict/batch/", json={"items": MIXED}).json()
    by_clock = ("data_age_seconds", "as_of")

    def timeless(items):
        return [
            item | {"prediction": {name: value for name, value in item["prediction"].items() if name not in by_clock}}
            if "prediction" in item
            else item
            for item in items
        ]

    assert timeless(found["result"]["items"]) == timeless(batch["items"])
    assert [item["status"] for item in found["result"]["items"]] == [200, 404, 200, 400, 400, 200]
    assert found["attempts"] == 1
    assert found["started_at"] < found["finished_at"] < found["expires_at"]
    (only,) = alone["result"]["items"]
    assert only["prediction"]["probabilities"] == found["result"]["items"][2]["prediction"]["probabilities"]


def test_the_same_key_with_the_same_items_is_the_same_task_even_at_the_same_moment(client, world):
    again = {"Idempotency-Key": "once"}

    def post(_: int) -> str:
        return ask(client, PAIRING, {"match_id": "m1"}, **again)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(post, range(16)))) == 1
    spaced = client.post(
        "/predict/async/",
        content=b'{ "items": [ {"away":"leeds","kickoff":"%b", "home":"Arsenal","league":"E0"}, {"match_id":"m1"}]}'
        % PAIRING["kickoff"].encode(),
        headers=again | {"Content-Type": "application/json"},
    )
    assert spaced.json()["task_id"] == post(0)
    assert jobs(world) == [("predict", "todo")]


def test_the_same_key_with_other_items_is_a_conflict_and_makes_nothing(client, world):
    ask(client, {"match_id": "m1"}, **{"Idempotency-Key": "twice"})
    other = client.post("/predict/async/", json={"items": [{"match_id": "m2"}]}, headers={"Idempotency-Key": "twice"})
    assert problem(other, 409) == "idempotency-conflict"
    assert len(jobs(world)) == 1


def test_without_a_key_each_request_is_a_task(client, world):
    assert ask(client, PAIRING) != ask(client, PAIRING)
    assert len(jobs(world)) == 2


def test_a_row_without_its_job_is_never_left(client, world):
    with world.connect() as connection:
        connection.execute("alter table queue.procrastinate_jobs add constraint none check (false) not valid")
        try:
            assert client.post("/predict/async/", json={"items": [PAIRING]}).status_code == 500
            assert connection.execute("select count(*) from serving.tasks").fetchone() == (0,)
        finally:
            connection.execute("alter table queue.procrastinate_jobs drop constraint none")


def test_another_key_finds_no_task_cannot_cancel_it_and_has_idempotency_keys_of_its_own(client, world):
    task = ask(client, {"match_id": "m1"}, **{"Idempotency-Key": "mine"})
    _, other = world.new_key()
    for call in (client.get, client.delete):
        assert problem(call(f"/monitoring/task_status/{task}", headers={"X-API-Key": other}), 404) == "unknown-task"
    theirs = ask(client, {"match_id": "m2"}, **{"Idempotency-Key": "mine", "X-API-Key": other})
    assert theirs != task
    assert status(client, task)["status"] == "queued"


def test_a_rotated_key_finds_what_the_old_one_asked_for(client, world):
    from datetime import timedelta

    from footpred_dagster.core import api_keys

    identity, old = world.new_key()
    task = ask(client, {"match_id": "m1"}, **{"X-API-Key": old})
    with world.connect() as connection:
        _, new = api_keys.rotate(connection, identity, overlap=timedelta(hours=1))
    assert client.get(f"/monitoring/task_status/{task}", headers={"X-API-Key": new}).status_code == 200


def test_a_task_that_waits_is_cancelled_with_its_job_and_stays_cancelled(client, world, tmp_path):
    task = ask(client, {"match_id": "m1"})
    for _ in range(2):
        told = client.delete(f"/monitoring/task_status/{task}")
        assert (told.status_code, told.json()["status"]) == (200, "cancelled")
    assert jobs(world) == [("predict", "cancelled")]
    later = ask(client, {"match_id": "m1"})
    with worker(world, tmp_path):
        reaches(client, later, "done")
    assert status(client, task)["attempts"] == 0
    assert client.delete(f"/monitoring/task_status/{later}").json()["status"] == "done"
    assert problem(client.get(f"/monitoring/task_status/{later}"), 404) == "unknown-task"


@pytest.mark.parametrize("task", ["1", str(UUID(int=7)), "%20", "x" * 300])
def test_an_id_of_no_task_is_unknown(client, task):
    for call in (client.get, client.delete):
        assert problem(call(f"/monitoring/task_status/{task}"), 404) == "unknown-task"


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        (b'{"items":[]}', 400, "invalid-request"),
        (b'{"items":[%b1]}' % (b"1," * 50_000), 400, "invalid-request"),
        (b'{"items":[1],"match_id":"m1"}', 400, "invalid-request"),
        (b'{"items":[1e999]}', 400, "invalid-request"),
        (b'{"items":["%b"]}' % (b"x" * 9 * 2**20), 413, "body-too-large"),
        (b'{"items":%b}' % (b"[" * 10_000), 400, "invalid-request"),
    ],
)
def test_what_is_no_task_is_refused(client, body, status, slug):
    answer = client.post("/predict/async/", content=body, headers={"Content-Type": "application/json"})
    assert problem(answer, status) == slug


def test_scopes_are_asked_for(client, world):
    _, reader = world.new_key(scopes=("read", "predict"))
    task = ask(client, {"match_id": "m1"})
    refused = client.post("/predict/async/", json=PAIRING, headers={"X-API-Key": reader})
    assert problem(refused, 403) == "scope-missing"
    assert problem(client.get(f"/monitoring/task_status/{task}", headers={"X-API-Key": reader}), 403) == "scope-missing"
    assert client.get("/monitoring/queues", headers={"X-API-Key": reader}).status_code == 200


def test_an_owner_has_so_many_bytes_stored(client, world, monkeypatch):
    _, key = world.new_key()
    first = ask(client, PAIRING, **{"X-API-Key": key})
    monkeypatch.setattr("serving.queue.tasks.MOST_BYTES", 100)
    full = client.post("/predict/async/", json=PAIRING, headers={"X-API-Key": key})
    assert problem(full, 429) == "too-many-tasks"
    assert "DELETE" in full.json()["detail"]
    for _ in range(2):
        assert client.delete(f"/monitoring/task_status/{first}", headers={"X-API-Key": key}).status_code == 200
    with world.connect() as connection:
        connection.execute("delete from serving.tasks where task_id = %s", [first])
    assert ask(client, PAIRING, **{"X-API-Key": key})


def test_an_owner_has_so_many_tasks_open_and_others_are_not_concerned(client, world, monkeypatch):
    monkeypatch.setattr("serving.queue.tasks.MOST_OPEN", 2)
    first = ask(client, PAIRING, **{"Idempotency-Key": "first"})
    ask(client, PAIRING)
    full = client.post("/predict/async/", json=PAIRING)
    assert problem(full, 429) == "too-many-tasks"
    assert int(full.headers["retry-after"]) > 0
    assert ask(client, PAIRING, **{"Idempotency-Key": "first"}) == first
    assert ask(client, PAIRING, **{"X-API-Key": world.new_key()[1]})
    client.delete(f"/monitoring/task_status/{first}")
    assert ask(client, PAIRING)
