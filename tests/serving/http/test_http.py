"""HTTP as its users expect it: methods, types, parameters and headers, over real sockets."""

from __future__ import annotations

import base64
import json
import socket
from urllib.parse import urlsplit

import pytest

from tests.support.problems import problem
from tests.support.service import KICKOFF

PAIRING = {"league": "E0", "home": "Arsenal", "away": "leeds", "kickoff": KICKOFF.isoformat()}
LISTS = ["/matches/", "/predict/predictions/", "/predict/cards/"]
ORIGIN = "https://example.org"
SETTINGS = {"CORS_ALLOWED_ORIGINS": ORIGIN}


@pytest.mark.fault(69, "HEAD wherever GET is")
@pytest.mark.parametrize(
    "path",
    ["/healthcheck/", "/readyz", "/readyz/lookups", "/schema/openapi.json", "/predict/m1", "/matches/",
     "/teams/leeds", "/leagues/", "/livescores/", "/livescores/stream?seconds=600", "/predict/none", "/nowhere"],
)  # fmt: skip
def test_head_is_get_without_a_body(http, service, world, path):
    head = http.head(path)
    if "stream" in path:
        assert (head.status_code, head.headers["content-type"][:17]) == (200, "text/event-stream")
        asks = f"HEAD {path} HTTP/1.1\r\nHost: x\r\nX-API-Key: {world.key}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", urlsplit(service.url).port), timeout=10) as connection:
            connection.sendall(
                2 * asks.encode() + b"GET /healthcheck/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            )
            answer = b"".join(iter(lambda: connection.recv(4096), b""))
        assert answer.count(b"HTTP/1.1 200") == 3  # the connection goes on
        return
    get = http.get(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["content-type"] == get.headers["content-type"]
    assert http.get("/healthcheck/").status_code == 200  # the connection goes on


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/predict/m1", "GET, HEAD, OPTIONS"),
        ("/predict/", "POST, OPTIONS"),
        ("/monitoring/task_status/1", "GET, HEAD, DELETE, OPTIONS"),
    ],
)
def test_options_and_405_name_every_method_of_a_path(http, path, methods):
    for more in ({}, {"Access-Control-Request-Method": "GET"}):
        assert http.options(path, headers=more).headers["allow"] == methods
    answer = http.options(path)
    assert (answer.status_code, answer.headers["allow"]) == (204, methods)
    other = http.put(path)
    assert problem(other, 405) == "method-not-allowed"
    assert other.headers["allow"] == methods


def test_options_of_nothing_and_a_preflight_of_a_foreign_page_are_problems(http):
    assert problem(http.options("/nowhere"), 404) == "no-such-path"
    ask = {"Access-Control-Request-Method": "GET", "Origin": "https://example.com"}
    assert problem(http.options("/predict/m1", headers=ask), 400) == "preflight-refused"
    ours = http.options("/predict/m1", headers=ask | {"Origin": ORIGIN})
    assert (ours.status_code, ours.headers["access-control-allow-origin"]) == (204, ORIGIN)
    refused = http.get("/predict/m1", headers={"X-API-Key": "", "Origin": ORIGIN})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, ORIGIN)


@pytest.mark.fault(69, "a wrong Content-Type is 415")
@pytest.mark.parametrize("path", ["/predict/", "/predict/batch/", "/predict/async/"])
@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/msgpack", ""],
)
def test_a_body_that_is_not_declared_as_json_is_not_read(http, path, kind):
    answer = http.post(path, content=json.dumps(PAIRING), headers={"Content-Type": kind})
    assert problem(answer, 415) == "unsupported-media-type"
    assert "application/json" in answer.json()["detail"]


def test_json_is_read_with_a_charset(http):
    answer = http.post(
        "/predict/", content=json.dumps(PAIRING), headers={"Content-Type": "Application/JSON; charset=utf-8"}
    )
    assert answer.status_code == 200


@pytest.mark.fault(69, "kickoff as a number is 400")
@pytest.mark.parametrize(
    "kickoff", [1_900_000_000, 1.9e9, "1900000000", True, "2030-01-01", "2030-01-01T15:00:00", None, []]
)
def test_a_kickoff_is_a_date_time_with_an_offset(http, kickoff):
    asked = PAIRING | {"kickoff": kickoff}
    assert problem(http.post("/predict/", json=asked), 400) == "invalid-request"
    assert http.post("/predict/batch/", json={"items": [asked]}).json()["items"][0]["status"] == 400


@pytest.mark.fault(69, "unknown parameters are 400")
@pytest.mark.parametrize(
    ("query", "hint"), [("leage=E0", "league"), ("page=2", "there is no such"), ("League=E0", "league")]
)
def test_a_parameter_that_an_operation_does_not_have_is_refused(http, query, hint):
    for path in LISTS:
        answer = http.get(f"{path}?{query}")
        assert problem(answer, 400) == "invalid-request"
        (error,) = answer.json()["errors"]
        assert error["where"] == f"query.{query.partition('=')[0]}"
        assert hint in error["message"]
    assert problem(http.get(f"/predict/m1?{query}"), 400) == "invalid-request"


@pytest.mark.fault(69, "a repeated parameter is 400")
def test_a_parameter_that_is_repeated_is_refused(http):
    for path in LISTS:
        answer = http.get(f"{path}?league=E0&league=E0")
        assert problem(answer, 400) == "invalid-request"
        assert answer.json()["errors"] == [{"where": "query.league", "message": "it is given more than once"}]


@pytest.mark.fault(69, "null for a date or a kind is 400, and is a text like any other for a name")
@pytest.mark.parametrize("query", ["from=null", "to=NULL", "limit=null"])
def test_null_does_not_remove_a_filter(http, query):
    for path in ("/matches/", "/predict/predictions/"):
        assert problem(http.get(f"{path}?{query}"), 400) == "invalid-request"
    assert problem(http.get("/matches/?status=null"), 400) == "invalid-request"
    assert http.get("/teams/?q=null").status_code == 200


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize(
    ("query", "slug", "hint"),
    [
        ("league=E9", "unknown-league", "E0"),
        ("league=Premier+League", "unknown-league", "codes are"),
        ("team=Leds", "unknown-team", "leeds"),
    ],
)
def test_a_league_or_team_that_does_not_exist_is_named_with_suggestions(http, path, query, slug, hint):
    answer = http.get(f"{path}?{query}")
    assert problem(answer, 404) == slug
    assert hint in answer.text


@pytest.mark.parametrize("path", LISTS[:2])
def test_seasons_are_read_in_every_spelling(http, path):
    items = {season: http.get(path, params={"season": season}).json()["items"] for season in ("2025-26", "2526")}
    assert items["2025-26"]
    assert [item["match_id"] for item in items["2526"]] == [item["match_id"] for item in items["2025-26"]]
    assert http.get(path, params={"season": "2525", "league": "e0"}).status_code == 404
    assert problem(http.get(path, params={"season": "next"}), 404) == "unknown-season"


@pytest.mark.fault(69, "NUL is 400")
@pytest.mark.parametrize(
    "path",
    ["/predict/%00", "/teams/a%00b", "/leagues/%00/projection", "/leagues/E0/table?season=%00", "/matches/?league=%00",
     "/matches/?team=a%00", "/teams/?q=%00", "/predict/m1?%00=1", "/monitoring/task_status/%00",
     "/healthcheck/?x=%00", "/nowhere%00", "/schema/%00", "/teams/?cursor=AA",
     "/leagues/?cursor=YQBi",
     "/predict/cards/?cursor=" + base64.urlsafe_b64encode(b'["\\u0000","m1"]').decode().rstrip("="),
     "/matches/?cursor=" + base64.urlsafe_b64encode(b'["2026-12-05T12:30:00Z","\\u0000"]').decode().rstrip("=")],
)  # fmt: skip
def test_a_nul_anywhere_is_refused(http, path):
    assert problem(http.get(path), 400) == "invalid-request"


@pytest.mark.parametrize("cursor", ["x", "WzFd", "_" * 200])
@pytest.mark.parametrize("path", ["/predict/predictions/", "/predict/cards/", "/matches/", "/teams/", "/leagues/"])
def test_a_cursor_that_no_page_named_is_unknown(http, path, cursor):
    assert problem(http.get(path, params={"cursor": cursor}), 404) == "unknown-cursor"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json;q=0, */*", "application/x-ndjson"),
        ("text/csv;q=0.5, application/json;q=0.4", "text/csv; header=present"),
        ("text/*, application/json;q=0.1", "text/csv; header=present"),
        ("*/*;q=0.1, text/csv;q=0", "application/json"),
        ("text/csv, */*", "text/csv; header=present"),
    ],
)
def test_the_most_specific_range_decides_about_a_type(http, accept, kind):
    answer = http.get("/matches/", headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"].removesuffix("; charset=utf-8")) == (200, kind)


@pytest.mark.parametrize(
    "accept", ["application/json;q=0", "image/png", "application/json;q=0, text/csv;q=0, application/x-ndjson;q=0, */*"]
)
def test_what_no_representation_satisfies_is_406(http, accept):
    assert problem(http.get("/matches/", headers={"Accept": accept}), 406) == "not-acceptable"


def test_caches_are_told_whose_an_answer_is_and_what_it_depends_on(http):
    for path in ("/predict/m1", "/matches/", "/teams/leeds", "/leagues/E0/table", "/predict/none"):
        answer = http.get(path)
        assert answer.headers["cache-control"] == "private, no-cache", path
        assert {"accept", "x-api-key"} <= {name.strip().lower() for name in answer.headers["vary"].split(",")}
    task = http.post("/predict/async/", json=PAIRING).json()["task_id"]
    assert http.get(f"/monitoring/task_status/{task}").headers["cache-control"] == "no-store"


def test_blanks_around_a_key_are_no_part_of_it(service, world):
    with socket.create_connection(("127.0.0.1", urlsplit(service.url).port), timeout=10) as connection:
        connection.sendall(f"GET /predict/m1 HTTP/1.1\r\nHost: x\r\nX-API-Key:  {world.key} \t\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("hosts", [b"", b"Host: a\r\nHost: b\r\n"])
def test_a_request_names_exactly_one_host(service, hosts):
    with socket.create_connection(("127.0.0.1", urlsplit(service.url).port), timeout=10) as connection:
        connection.sendall(b"GET /healthcheck/ HTTP/1.1\r\n" + hosts + b"\r\n")
        head, _, body = b"".join(iter(lambda: connection.recv(4096), b"")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400")
    assert json.loads(body)["type"] == "urn:footpred:problem:malformed-http"
