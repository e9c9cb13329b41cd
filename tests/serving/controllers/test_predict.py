"""Predictions over HTTP: from the ledger where there is one, on the spot where there is none, and never guessed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from footpred_dagster.core.archive.local import LocalArchive
from footpred_dagster.core.features.online_store import load_store
from footpred_dagster.core.models.bundle import Bundle
from serving.state.cache import Memory
from tests.support.problems import problem
from tests.support.service import FORMULA, KICKOFF

PAIRING = {"league": "E0", "home": "Arsenal", "away": "leeds", "kickoff": (KICKOFF + timedelta(days=9)).isoformat()}


def test_a_sealed_prediction_is_answered_as_the_ledger_has_it(client, world):
    found = client.get("/predict/m1").json()
    with world.connect() as connection:
        row = connection.execute(
            "select seq, p_home, p_draw, p_away, as_of, sealed_at from predictions.ledger where match_id = 'm1'"
        ).fetchone()
    chances = found["probabilities"]
    assert (found["seq"], chances["home"], chances["draw"], chances["away"]) == row[:4]
    assert [datetime.fromisoformat(found[name]) for name in ("as_of", "sealed_at")] == list(row[4:])
    assert (found["sealed"], found["kind"], found["stale"]) == (True, "live", False)
    assert found["model"] == {"name": "elo_logit", "version": world.version.version}
    assert found["home"] == {"id": "arsenal", "name": "Arsenal", "display_name": "Arsenal"}
    assert found["reasons"] == {"strength": 0.4}
    assert found["data_age_seconds"] >= 0
    assert "not advice" in found["disclaimer"]


def test_goals_agree_with_the_outcomes_they_are_reconciled_to(client):
    found = client.get("/predict/m1").json()
    goals = found["goals"]
    assert goals["expected_home"] > goals["expected_away"]
    for line in goals["over_under"]:
        assert line["over"] + line["under"] == pytest.approx(1, abs=1e-3)
    chances = [score["probability"] for score in goals["likeliest"]]
    assert chances == sorted(chances, reverse=True)
    assert client.get("/predict/m2").json()["goals"] is None
    assert found["fair_odds"]["home"] == pytest.approx(1 / found["probabilities"]["home"], abs=0.005)


def test_who_has_it_already_gets_304_until_it_changes(client):
    first = client.get("/predict/m1")
    etag = first.headers["etag"]
    again = client.get("/predict/m1", headers={"If-None-Match": f'"other", {etag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert client.get("/predict/m1", headers={"If-None-Match": '"other"'}).status_code == 200
    assert client.get("/predict/m2").headers["etag"] != etag


def test_a_match_nobody_knows_and_one_nobody_predicted_are_told_apart(client):
    assert problem(client.get("/predict/nothing"), 404) == "unknown-match"
    assert problem(client.get("/predict/m3"), 409) == "not-predictable"
    assert problem(client.post("/predict/", json={"match_id": "m3"}), 409) == "not-predictable"
    assert problem(client.post("/predict/", json={"match_id": "nothing"}), 404) == "unknown-match"


def test_asking_by_id_or_by_path_is_the_same(client):
    def settled(told: dict) -> dict:
        return {name: value for name, value in told.items() if name != "data_age_seconds"}

    assert settled(client.post("/predict/", json={"match_id": "m1"}).json()) == settled(
        client.get("/predict/m1").json()
    )


def test_any_pairing_is_predicted_by_the_champion_from_the_state_of_its_clubs(client, world):
    found = client.post("/predict/", json=PAIRING).json()
    bundle = Bundle.load(LocalArchive(world.archive), world.version.artifact_sha256)
    with world.connect() as connection:
        day = datetime.fromisoformat(PAIRING["kickoff"]).date()
        row = load_store(connection).features("E0", "arsenal", "leeds", day)
    assert list(found["probabilities"].values()) == pytest.approx(bundle.predict([row.values], ["E0"])[0].tolist())
    assert (found["sealed"], found["seq"], found["reasons"], found["kind"]) == (False, None, None, "ad-hoc")
    assert "not sealed" in found["note"]
    assert datetime.fromisoformat(found["latest_input"]) < datetime.fromisoformat(found["as_of"])


def test_what_fails_while_a_crowd_is_predicted_is_told_to_each(client, monkeypatch):
    def broken(*_: object) -> None:
        raise OSError("no model today")

    monkeypatch.setattr(Memory, "chances", broken)
    assert problem(client.post("/predict/", json=PAIRING), 500) == "internal-error"


def test_names_are_read_in_any_case_and_by_their_other_spellings(client):
    usual = client.post("/predict/", json=PAIRING).json()
    for name in ("arsenal", "ARSENAL", "the gunners"):
        assert client.post("/predict/", json=PAIRING | {"home": name}).json()["home"] == usual["home"]


def test_an_unknown_team_comes_with_those_that_look_like_it(client):
    answer = client.post("/predict/", json=PAIRING | {"home": "Arsenaal"})
    assert problem(answer, 404) == "unknown-team"
    assert answer.json()["suggestions"][0] == {"id": "arsenal", "name": "Arsenal", "display_name": "Arsenal"}


@pytest.mark.parametrize(
    ("change", "status", "slug"),
    [
        ({"league": "XX"}, 404, "unknown-league"),
        ({"league": "ARG"}, 409, "not-predictable"),
        ({"away": "Arsenal"}, 409, "not-predictable"),
        ({"kickoff": (datetime.now(UTC) - timedelta(minutes=1)).isoformat()}, 409, "kickoff-past"),
        ({"kickoff": "2030-01-01T15:00:00"}, 400, "invalid-request"),
        ({"kickoff": None}, 400, "invalid-request"),
        ({"match_id": "m1"}, 400, "invalid-request"),
        ({"features": {"home_elo": 3000}}, 400, "invalid-request"),
    ],
)
def test_what_cannot_be_predicted_is_refused_with_the_reason(client, change, status, slug):
    assert problem(client.post("/predict/", json=PAIRING | change), status) == slug


def test_a_batch_keeps_order_and_duplicates_and_fails_item_by_item(client):
    items = [{"match_id": "m2"}, PAIRING, {"match_id": "none"}, "x", {"match_id": "m2"}, PAIRING | {"home": "Arsenaal"}]
    found = client.post("/predict/batch/", json={"items": items}).json()["items"]
    assert [(item["index"], item["status"]) for item in found] == list(enumerate((200, 200, 404, 400, 200, 404)))
    assert found[0]["prediction"]["match_id"] == found[4]["prediction"]["match_id"] == "m2"
    assert found[1]["prediction"]["sealed"] is False
    assert found[2]["problem"]["type"].endswith("unknown-match")
    assert found[5]["problem"]["suggestions"]


def test_a_batch_answers_as_each_alone_would(client):
    many = [PAIRING | {"home": home, "away": away} for home in ("arsenal", "chelsea") for away in ("leeds", "formula")]
    found = client.post("/predict/batch/", json={"items": many * 10}).json()["items"]
    assert len(found) == 40
    for item, asked in zip(found, many * 10, strict=True):
        assert (item["prediction"]["home"]["id"], item["prediction"]["away"]["id"]) == (asked["home"], asked["away"])
    alone = client.post("/predict/", json=many[3]).json()["probabilities"]
    assert list(found[3]["prediction"]["probabilities"].values()) == pytest.approx(list(alone.values()))


@pytest.mark.parametrize("items", [[], [{"match_id": "m1"}] * 1001, "m1"])
def test_a_batch_of_none_or_of_more_than_a_thousand_is_refused(client, items):
    assert problem(client.post("/predict/batch/", json={"items": items}), 400) == "invalid-request"


def test_a_thousand_are_answered(client):
    found = client.post("/predict/batch/", json={"items": [{"match_id": "m1"}] * 1000}).json()["items"]
    assert len(found) == 1000
    assert {item["status"] for item in found} == {200}


def test_a_batch_comes_as_lines_or_as_a_table_in_which_no_name_is_a_formula(client):
    items = {"items": [{"match_id": "m2"}, {"match_id": "none"}]}
    lines = client.post("/predict/batch/", json=items, headers={"Accept": "application/x-ndjson"})
    assert lines.headers["content-type"].startswith("application/x-ndjson")
    assert len(lines.text.splitlines()) == 2
    table = client.post("/predict/batch/", json=items, headers={"Accept": "text/csv;q=0.9, text/html"})
    head, first, second = table.text.splitlines()
    assert head.startswith("index,status,match_id")
    assert f"'{FORMULA}" in first
    assert second.startswith("1,404")
    refused = client.post("/predict/batch/", json=items, headers={"Accept": "text/html"})
    assert problem(refused, 406) == "not-acceptable"
