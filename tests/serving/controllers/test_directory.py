"""Teams by any of their names and leagues with their seasons, as lists that follow the others' rules."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.problems import problem
from tests.support.service import TEAMS

PAIRING = {
    "league": "E0",
    "home": "Leeds United",
    "away": "The Gunners",
    "kickoff": (datetime.now(UTC) + timedelta(days=9)).isoformat(),
}


def ids(client, **query) -> list[str]:
    return [item["id"] for item in client.get("/teams/", params=query).json()["items"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("leeds", "leeds"),
        ("Leeds United", "leeds"),
        ("leeds untied", "leeds"),
        ("LÈEDS", "leeds"),
        ("gunners", "arsenal"),
        ("arsnal", "arsenal"),
        ("london", "arsenal"),
    ],
)
def test_a_team_is_found_by_any_name_or_city_and_with_a_typing_error(client, query, expected):
    assert ids(client, q=query)[0] == expected


def test_a_team_is_listed_with_all_its_names(client):
    found = client.get("/teams/", params={"q": "gunners"}).json()
    assert found["items"] == [
        {"id": "arsenal", "name": "Arsenal", "display_name": "Arsenal", "city": "London", "country": "England",
         "league": "E0", "aliases": ["Arsenal", "The Gunners"]}
    ]  # fmt: skip
    assert found["next"] is None


def test_teams_are_none_where_nothing_is_alike_and_of_the_league_asked_for(client):
    assert ids(client, q="zzzz") == []
    assert ids(client, q="leeds", league="D1") == []
    assert ids(client, league="D1") == []
    assert set(ids(client, league="E0")) == set(TEAMS)


@pytest.mark.parametrize(("path", "key", "total"), [("/teams/", "id", len(TEAMS)), ("/leagues/", "code", 2)])
def test_pages_of_any_size_show_everything_once_in_order(client, path, key, total):
    whole = [item[key] for item in client.get(path).json()["items"]]
    assert len(set(whole)) == len(whole) == total
    for limit in (1, 2, 500):
        found, cursor = [], None
        while True:
            page = client.get(path, params={"limit": limit} | ({"cursor": cursor} if cursor else {})).json()
            found += [item[key] for item in page["items"]]
            if (cursor := page["next"]) is None:
                break
        assert found == whole


@pytest.mark.parametrize("path", ["/teams/", "/leagues/"])
def test_a_list_is_a_table_or_lines_too_and_refuses_what_is_no_cursor(client, path):
    items = client.get(path).json()["items"]
    rows = list(csv.DictReader(io.StringIO(client.get(path, headers={"Accept": "text/csv"}).text)))
    assert [list(row)[:3] for row in rows] == [list(item)[:3] for item in items]
    assert len(client.get(path, headers={"Accept": "application/x-ndjson"}).text.splitlines()) == len(items)
    assert problem(client.get(path, params={"cursor": "x"}), 404) == "unknown-cursor"
    assert problem(client.get(path, params={"limit": 0}), 400) == "invalid-request"
    assert problem(client.get(path, headers={"Accept": "image/png"}), 406) == "not-acceptable"


@pytest.mark.parametrize("path", ["/teams/?q=leeds", "/leagues/"])
def test_a_list_needs_a_key_that_may_read(anonymous, world, path):
    assert problem(anonymous.get(path), 401) == "key-missing"
    _, other = world.new_key(scopes=["batch"])
    assert problem(anonymous.get(path, headers={"X-API-Key": other}), 403) == "scope-missing"


def test_leagues_come_with_their_seasons_newest_first(client):
    england, germany = client.get("/leagues/").json()["items"]
    assert england == {
        "code": "E0", "name": "Premier League", "country": "England", "tier": 1, "calendar": "autumn",
        "matches": 9000, "seasons": ["2025-26", "2024-25"],
    }  # fmt: skip
    assert (germany["code"], germany["seasons"]) == ("D1", [])


def test_proper_names_stand_beside_the_sources_in_every_answer(client):
    team = client.get("/teams/leeds").json()
    assert (team["name"], team["display_name"], team["city"]) == ("Leeds", "Leeds United", "Leeds")
    leeds = {"id": "leeds", "name": "Leeds", "display_name": "Leeds United"}
    assert client.get("/predict/m2").json()["home"] == leeds
    for path in ("/matches/", "/predict/predictions/", "/predict/cards/"):
        items = {item["match_id"]: item for item in client.get(path).json()["items"]}
        assert items["m2"]["home"] == leeds, path
        rows = csv.DictReader(io.StringIO(client.get(path, headers={"Accept": "text/csv"}).text))
        assert [row["home_display_name"] for row in rows if row["match_id"] == "m2"] == ["Leeds United"]


def test_a_pairing_is_named_by_any_spelling_that_means_one_club(client):
    usual = client.post("/predict/", json=PAIRING).json()
    assert (usual["home"]["id"], usual["away"]["id"]) == ("leeds", "arsenal")
    for name in ("leeds united", "LEEDS", "Leéds  Ünited"):
        assert client.post("/predict/", json=PAIRING | {"home": name}).json()["home"]["id"] == "leeds"


def test_a_name_of_two_clubs_is_refused_with_both_and_a_near_one_with_those_alike(client, world):
    near = client.post("/predict/", json=PAIRING | {"home": "Leeds Utd"})
    assert problem(near, 404) == "unknown-team"
    assert near.json()["suggestions"][0]["display_name"] == "Leeds United"
    with world.connect() as connection:
        connection.execute("insert into staging.team_aliases values ('England', 'The Whites', 'leeds'),"
                           " ('England', 'The Whites', 'chelsea')")  # fmt: skip
        connection.execute("update marts.dim_teams set aliases = aliases || '|The Whites' where team_id = 'leeds'")
    deadline, suggested = datetime.now(UTC) + timedelta(seconds=20), set()
    while suggested != {"leeds", "chelsea"}:
        assert datetime.now(UTC) < deadline
        answer = client.post("/predict/", json=PAIRING | {"home": "the whites"})
        suggested = {team["id"] for team in answer.json().get("suggestions", [])}
    assert problem(answer, 404) == "unknown-team"
