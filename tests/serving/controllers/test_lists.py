"""Pages of predictions, cards and matches; teams, projections, models and live scores."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from footpred_dagster.core.live_scores import store
from footpred_dagster.core.predictions import ledger
from serving.controllers import livescores
from tests.support.problems import problem
from tests.support.service import FORMULA, KICKOFF, ODDS


def pages(client, path: str, **query) -> list[dict]:
    """Every item, page by page."""
    found, cursor = [], None
    while True:
        told = client.get(path, params=query | ({"cursor": cursor} if cursor else {})).json()
        found.extend(told["items"])
        if (cursor := told["next"]) is None:
            return found


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/predict/predictions/", ["r1", "m1", "m2"]),
        ("/matches/", ["r1", "m1", "m2", "m3"]),
        ("/predict/cards/", ["m1", "m2"]),
    ],
)
def test_pages_of_any_size_show_everything_once_in_order(client, path, expected):
    for limit in (1, 2, 500):
        assert [item["match_id"] for item in pages(client, path, limit=limit)] == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"league": "D1"}, []),
        ({"season": "2025-26", "team": "leeds"}, ["r1", "m2"]),
        ({"from": "2024-05-05"}, ["m1", "m2"]),
        ({"to": "2024-05-04"}, ["r1"]),
    ],
)
def test_predictions_and_matches_are_filtered_alike(client, query, expected):
    assert [item["match_id"] for item in pages(client, "/predict/predictions/", **query)] == expected
    assert [item["match_id"] for item in pages(client, "/matches/", **query) if item["match_id"] != "m3"] == expected


def test_predictions_are_filtered_by_kind_and_matches_by_status(client):
    assert [item["match_id"] for item in pages(client, "/predict/predictions/", kind="replay")] == ["r1"]
    assert [item["match_id"] for item in pages(client, "/matches/", status="played")] == ["r1"]


@pytest.mark.fault(53, "a walkover is served as awarded, with its ruling")
def test_an_awarded_match_is_listed_with_its_ruling(client, world):
    with world.connect() as connection:
        connection.execute(
            "update marts.fct_matches set status = 'awarded', status_decided_by = 'list', ruling = 'they withdrew' "
            "where match_id = 'r1'"
        )
        try:
            (found,) = pages(client, "/matches/", status="awarded")
            assert (found["match_id"], found["home_goals"], found["ruling"]) == ("r1", 2, "they withdrew")
            assert found["status_decided_by"] == "list"
            assert pages(client, "/matches/", status="played") == []
        finally:
            connection.execute(
                "update marts.fct_matches set status = 'played', status_decided_by = 'source', ruling = null "
                "where match_id = 'r1'"
            )


@pytest.mark.parametrize("path", ["/predict/predictions/", "/matches/"])
@pytest.mark.parametrize("query", [{"cursor": "x y"}, {"limit": 0}, {"limit": 501}, {"from": "May"}])
def test_what_is_no_cursor_limit_or_day_is_told(client, path, query):
    answer = client.get(path, params=query)
    assert problem(answer, 400) == "invalid-request"
    assert answer.json()["errors"][0]["where"] == f"query.{next(iter(query))}"


def read(answer) -> list[dict]:
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.mark.parametrize("path", ["/predict/predictions/", "/matches/", "/predict/cards/"])
def test_tables_hold_what_pages_hold_and_no_formula(client, path):
    rows = read(client.get(path, headers={"Accept": "text/csv"}))
    assert [row["match_id"] for row in rows] == [item["match_id"] for item in pages(client, path)]
    assert f"'{FORMULA}" in {row["away"] for row in rows}
    lines = client.get(path, headers={"Accept": "application/x-ndjson"}).text.splitlines()
    assert len(lines) == len(rows)
    first = client.get(path, params={"limit": 1}, headers={"Accept": "text/csv"})
    assert (
        client.get(path, params={"cursor": first.headers["x-next-cursor"]}).json()["items"][0] == pages(client, path)[1]
    )


def test_cards_show_line_and_value_but_no_odds_unless_the_operator_may(client):
    first, second = client.get("/predict/cards/").json()["items"]
    market = first["market"]
    assert sum(market.values()) == pytest.approx(1, abs=1e-3)
    assert market["home"] < 1 / ODDS[0]
    assert first["value"]["home"] == pytest.approx(first["probabilities"]["home"] * ODDS[0] - 1, abs=1e-4)
    assert first["odds"] is None
    assert (second["market"], second["value"]) == (None, None)
    assert {row["odds_home"] for row in read(client.get("/predict/cards/", headers={"Accept": "text/csv"}))} == {""}


def test_a_team_is_shown_with_form_rating_and_matches(client):
    found = client.get("/teams/leeds").json()
    assert (found["name"], found["league"], found["elo"], found["form"]["results"]) == ("Leeds", "E0", 1580.0, "WDLWW")
    assert [match["match_id"] for match in found["recent"]] == ["r1"]
    assert [match["match_id"] for match in found["upcoming"]] == ["m2", "m3"]
    answer = client.get("/teams/leed")
    assert problem(answer, 404) == "unknown-team"
    assert answer.json()["suggestions"][0]["id"] == "leeds"


def test_a_projection_that_was_not_computed_is_not_made_up(client):
    assert problem(client.get("/leagues/E0/projection"), 404) == "not-computed"
    assert problem(client.get("/leagues/XX/projection"), 404) == "unknown-league"


def test_a_projection_is_told_club_by_club(client, world):
    columns = {
        "league": "E0",
        "season": "2025-26",
        "results_to": KICKOFF,
        "team_id": "leeds",
        "team_name": "Leeds",
        "place": 2,
        "played": 30,
        "points": 60,
        "adjustment": 0,
        "expected_points": 71.5,
        "points_sd": 3.1,
        "positions": [0.3, 0.7],
        "zones": '{"title": 0.3}',
        "label": "simulated",
        "simulations": 10_000,
        "model_name": "elo_logit",
        "model_version": 1,
        "as_of": KICKOFF,
    }
    with world.connect() as connection:
        for row in (columns, columns | {"team_id": "arsenal", "team_name": "Arsenal", "place": 1}):
            insert = f"insert into predictions.projections ({', '.join(row)}) values ({', '.join(['%s'] * len(row))})"
            connection.execute(insert.encode(), list(row.values()))
    found = client.get("/leagues/E0/projection").json()
    with world.connect() as connection:
        connection.execute("delete from predictions.projections")
    assert [club["team"]["id"] for club in found["teams"]] == ["arsenal", "leeds"]
    assert (found["teams"][1]["positions"], found["teams"][1]["zones"]) == ([0.3, 0.7], {"title": 0.3})
    assert (found["label"], found["simulations"], found["model"]["name"]) == ("simulated", 10_000, "elo_logit")


TABLE = """
    alter table marts.fct_league_tables rename to stub;
    create table marts.fct_league_tables (league text, season text, table_date date, position bigint, team_id text,
        team_name text, played bigint, won bigint, drawn bigint, lost bigint, goals_for bigint, goals_against bigint,
        goal_difference bigint, points bigint, points_won bigint, points_adjustment bigint, points_halved bigint,
        phase text, zone text, is_final boolean);
    create table marts.fct_points_adjustments (league text, season text, team_id text, team_name text, points integer,
        effective_on date, reason text, source text);
    insert into marts.fct_league_tables values
        ('E0', '2023-24', '2024-05-19', 2, 'leeds', 'Leeds', 2, 1, 0, 1, 2, 2, 0, -3, 3, -6, 0, null, null, true),
        ('E0', '2023-24', '2024-05-19', 1, 'arsenal', '=Arsenal', 2, 1, 0, 1, 2, 2, 0, 3, 3, 0, 0, null, 'title', true),
        ('E0', '2022-23', '2023-05-28', 1, 'leeds', 'Leeds', 1, 1, 0, 0, 2, 0, 2, 3, 3, 0, 0, null, 'title', true);
    insert into marts.fct_points_adjustments values
        ('E0', '2023-24', 'leeds', 'Leeds', -6, '2024-01-01', 'a ruling', 'a page'),
        ('E0', '2023-24', 'leeds', 'Leeds', -9, '2999-01-01', 'a later ruling', 'a page');
"""


@pytest.fixture
def tables(world):
    with world.connect() as connection:
        connection.execute(TABLE)
    yield
    with world.connect() as connection:
        connection.execute("drop table marts.fct_league_tables, marts.fct_points_adjustments")
        connection.execute("alter table marts.stub rename to fct_league_tables")


def test_a_table_that_was_not_made_is_not_made_up(client):
    assert problem(client.get("/leagues/E0/table"), 404) == "not-computed"


@pytest.mark.usefixtures("tables")
def test_a_table_is_shown_with_rulings_in_force_and_the_newest_season_is_the_default(client):
    found = client.get("/leagues/E0/table").json()
    assert (found["season"], found["is_final"], found["table_date"]) == ("2023-24", True, "2024-05-19")
    assert [line["team"]["id"] for line in found["lines"]] == ["arsenal", "leeds"]
    assert found["lines"][0]["zone"] == "title"
    assert (found["lines"][1]["points"], found["lines"][1]["points_adjustment"]) == (-3, -6)
    assert [(one["points"], one["reason"]) for one in found["adjustments"]] == [(-6, "a ruling")]
    by_code = client.get("/leagues/E0/table", params={"season": "2324"}).json()
    assert by_code | {"data_age_seconds": found["data_age_seconds"]} == found


@pytest.mark.usefixtures("tables")
def test_a_table_as_csv_holds_its_lines_and_no_formula(client):
    rows = read(client.get("/leagues/E0/table", headers={"Accept": "text/csv"}))
    assert [(row["position"], row["team"], row["zone"]) for row in rows] == [
        ("1", "'=Arsenal", "title"),
        ("2", "Leeds", ""),
    ]


@pytest.mark.usefixtures("tables")
def test_a_table_that_is_known_already_is_not_sent_again(client):
    etag = client.get("/leagues/E0/table").headers["etag"]
    again = client.get("/leagues/E0/table", headers={"If-None-Match": f'"other", {etag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert client.get("/leagues/E0/table", headers={"If-None-Match": '"other"'}).status_code == 200
    other = client.get("/leagues/E0/table", params={"season": "2022-23"}).headers["etag"]
    table = client.get("/leagues/E0/table", headers={"Accept": "text/csv"}).headers["etag"]
    assert len({etag, other, table}) == 3


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/leagues/XX/table", 404, "unknown-league"),
        ("/leagues/E0/table?season=2019-20", 404, "unknown-season"),
        ("/leagues/E0/table?season=1901-02", 404, "unknown-season"),
        ("/leagues/E0/table?season=2021-25", 404, "unknown-season"),
        ("/leagues/E0/table?season=next", 400, "invalid-request"),
    ],
)
def test_a_league_or_season_that_is_not_there_is_a_problem(client, path, status, kind):
    assert problem(client.get(path), status) == kind


def test_the_model_that_predicts_is_told_with_the_decision_that_made_it(client, world):
    found = client.get("/predict/model/info").json()
    assert found["champion"]["bundle_sha256"] == world.version.artifact_sha256
    assert (found["loaded"]["name"], found["loaded"]["version"]) == ("elo_logit", world.version.version)
    assert found["loaded"]["self_test"] <= 1e-6
    assert (found["decision"]["decision"], found["decision"]["because"]) == ("promoted", "it is new")
    assert (found["problem"], found["challengers"]) == (None, [])


def test_the_end_of_the_ledger_is_an_anchor_for_its_verifier(client, world):
    found = client.get("/predict/ledger").json()
    with world.connect() as connection:
        verified = ledger.verify(connection, [(found["rows"], found["head"])])
    assert (verified.ok, verified.rows, verified.head) == (True, found["rows"], found["head"])
    assert (found["rows"] > 0, found["stale"]) == (True, False)


def score(**changes) -> dict:
    usual = dict.fromkeys(("home_goals", "away_goals", "ht_home_goals", "ht_away_goals", "updated"))
    return usual | {
        "source": "somebody", "source_id": "1", "league": "D1", "kickoff": KICKOFF, "home": "Bayern", "away": "Köln",
        "status": "live",
    } | changes  # fmt: skip


def events(text: str) -> list[str]:
    return [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: ")]


def test_live_scores_are_none_until_somebody_asked_a_source_then_what_it_said(client, world, monkeypatch):
    monkeypatch.setattr(livescores, "HEARTBEAT", 0.2)
    before = client.get("/livescores/").json()
    assert (before["scores"], before["as_of"]) == ([], None)
    assert "FOOTPRED_LIVE_SCORES" in before["note"]
    quiet = client.get("/livescores/stream", params={"seconds": 2})
    assert quiet.headers["content-type"].startswith("text/event-stream")
    assert events(quiet.text) == ["scores", "end"]
    assert ": still here" in quiet.text
    polled = datetime.now(UTC)
    with world.connect() as connection, connection.transaction():
        store(connection, "somebody", "D1", polled, [score(home_goals=1, away_goals=0)])
    told = client.get("/livescores/stream", params={"seconds": 2})
    assert "Köln" in told.text
    after = client.get("/livescores/").json()
    assert datetime.fromisoformat(after["as_of"]) == polled
    assert after["scores"][0]["home_goals"] == 1
    with world.connect() as connection, connection.transaction():
        store(connection, "somebody", "D1", polled, [], problem="HTTP 503")
    client.get("/livescores/stream", params={"seconds": 1})
    kept = client.get("/livescores/").json()
    assert (len(kept["scores"]), kept["note"]) == (1, "somebody (D1): HTTP 503")


def test_a_stream_that_would_never_end_is_refused(client):
    assert problem(client.get("/livescores/stream", params={"seconds": 3601}), 400) == "invalid-request"
    assert problem(client.get("/livescores/stream", headers={"Accept": "application/json"}), 406) == "not-acceptable"
