"""What a page of another site can make a browser send, against the webserver as ``footpred up`` starts it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Page, WebSocket, expect
from starlette.responses import PlainTextResponse
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from footpred_dagster.core.settings import SettingsError
from footpred_dagster.webserver.authority import Authority, parse_origin
from footpred_dagster.webserver.cross_origin import CrossOriginProtection
from tests.support.browser import browsing, needs_chromium
from tests.support.foreign_site import ATTACK, foreign_site
from tests.support.webserver import PROXY, Webserver, as_json

pytestmark = pytest.mark.fault(64, "a page of another origin sends GET and POST mutations to Dagster: refused")
JSON, TEXT, FORM = "application/json", "text/plain", "application/x-www-form-urlencoded"
READ = "/graphql?" + urlencode({"query": "{__typename}"})


@pytest.fixture
def stop(webserver: Webserver) -> Iterator[str]:
    """A mutation that stops the sensor; fails the test if it was executed."""
    number, status = webserver.sensor()
    assert status == "RUNNING"
    yield f'mutation Stop {{ stopSensor(id: "{number}") {{ __typename }} }}'
    assert webserver.sensor() == (number, "RUNNING")


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with browsing() as session:
        yield session.page


@pytest.fixture
def foreign() -> Iterator[str]:
    with foreign_site() as address:
        yield address


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("path", ["/graphql", "/graphql%0A", "/%67raphql"])
def test_a_mutation_is_sent_by_post_only(webserver: Webserver, stop: str, method: str, path: str) -> None:
    for extra in ("", f"fragment F on Mutation {{ __typename }} {stop} query Read {{ __typename }}"):
        query = urlencode({"query": extra or stop, "operationName": "Stop"})
        status, headers, body = webserver.send(method, f"{path}?{query}")
        assert (status, headers["allow"]) == (405, "POST")
        assert method == "HEAD" or "POST" in body


def test_a_repeated_query_hides_no_mutation(webserver: Webserver, stop: str) -> None:
    for pairs in ([("query", stop), ("query", "{__typename}")], [("query", "{__typename}"), ("query", stop)]):
        assert webserver.send("GET", f"/graphql?{urlencode(pairs)}")[0] == 405


def test_nesting_hides_no_mutation(webserver: Webserver, stop: str) -> None:
    """The parser gives up at a depth that depends on who calls it."""
    for depth in (10, 195, 1_000):
        fields = f"query Read {'{ a ' * depth}{'}' * depth}"
        values = f"query Read {{ a(b: {'[' * depth}{']' * depth}) }}"
        for deep in (fields, values):
            query = urlencode({"query": f"{deep} {stop}", "operationName": "Stop"})
            assert webserver.send("GET", f"/graphql?{query}")[0] in (400, 405)


@pytest.mark.parametrize(
    "origin", ["http://evil.com", "https://evil.com", "null", "http://127.0.0.1:1", "file://", "http://"]
)
@pytest.mark.parametrize("kind", [JSON, TEXT, FORM, "application/graphql", "multipart/form-data"])
def test_a_post_of_a_foreign_page_is_refused(webserver: Webserver, stop: str, kind: str, origin: str) -> None:
    body = stop if kind == "application/graphql" else as_json(stop)
    for path in ("/graphql", "/graphql?" + urlencode({"query": stop}), "/report_asset_materialization/kept"):
        status, _, said = webserver.send("POST", path, [("origin", origin), ("content-type", kind)], body)
        assert (status, origin in said) == (403, True)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_post_that_the_browser_marks_as_another_sites_is_refused(webserver: Webserver, stop: str, site: str) -> None:
    headers = [("sec-fetch-site", site), ("content-type", JSON)]
    assert webserver.send("POST", "/graphql", headers, as_json(stop))[0] == 403


def test_two_origins_are_not_one_that_is_ours(webserver: Webserver, stop: str) -> None:
    headers = [("origin", f"http://127.0.0.1:{webserver.port}"), ("origin", "http://evil.com"), ("content-type", JSON)]
    assert webserver.send("POST", "/graphql", headers, as_json(stop))[0] == 403


FOREIGN = [
    "evil.com",
    "evil.com:3000",
    "EVIL.com.",
    "localhost.evil.com",
    "evil.com:80@localhost",
    "localhost@evil.com",
    "localhost evil.com",
    "localhost,evil.com",
    "0.0.0.0",
    "[::2]",
    "localhost..",
    "localhost:",
    "",
]


@pytest.mark.parametrize("host", FOREIGN)
def test_a_foreign_host_gets_nothing(webserver: Webserver, stop: str, host: str) -> None:
    for path in ("/", "/server_info", READ, "/graphql?" + urlencode({"query": stop})):
        status, _, body = webserver.send("GET", path, [("host", host), ("sec-fetch-site", "cross-site")])
        assert status == 403
        assert "FOOTPRED_DAGSTER_HOSTS" in body
    headers = [("host", host), ("origin", f"http://{host}"), ("content-type", JSON)]
    assert webserver.send("POST", "/graphql", headers, as_json(stop))[0] == 403


@pytest.mark.parametrize("forwarded", ["evil.com", "localhost, evil.com", "evil.com, localhost"])
def test_a_foreign_host_that_a_proxy_forwards_gets_nothing(webserver: Webserver, forwarded: str) -> None:
    for path in ("/", READ):
        assert webserver.send("GET", path, [("x-forwarded-host", forwarded)])[0] == 403
    assert webserver.send("GET", READ, [("host", "evil.com"), ("x-forwarded-host", "localhost")])[0] == 403


def test_a_request_has_one_host(webserver: Webserver) -> None:
    status, _, body = webserver.send("GET", READ, [("host", "localhost"), ("host", "evil.com")])
    assert (status, body) == (403, "A request names exactly one Host.")


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:{}", "LocalHost.:{}", "127.0.0.1:1", "[::1]:{}", PROXY, f"{PROXY}:8443"]
)
def test_a_name_of_this_server_is_served(webserver: Webserver, host: str) -> None:
    status, headers, body = webserver.send("GET", READ, [("host", host.format(webserver.port))])
    assert (status, json.loads(body)["data"]) == (200, {"__typename": "Query"})
    assert headers["x-frame-options"] == "SAMEORIGIN"


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:{}", "http://127.0.0.1:{}"),
        ("localhost:{}", "http://LOCALHOST:{}"),
        ("[::1]:{}", "http://[::1]:{}"),
        ("localhost", "http://localhost:80"),
        (PROXY, f"https://{PROXY}"),
        (f"{PROXY}:8443", f"https://{PROXY}:8443"),
        ("127.0.0.1:{}", f"https://{PROXY}"),
        ("127.0.0.1:{}", None),
    ],
)
def test_its_own_pages_and_clients_without_a_page_change_dagster(
    webserver: Webserver, host: str, origin: str | None
) -> None:
    headers = [("host", host.format(webserver.port)), ("content-type", JSON)]
    if origin:
        headers += [("origin", origin.format(webserver.port)), ("sec-fetch-site", "same-origin")]
    mutation = 'mutation { setConcurrencyLimit(concurrencyKey: "key", limit: 3) }'
    status, _, body = webserver.send("POST", "/graphql", headers, as_json(mutation))
    assert (status, json.loads(body)["data"]) == (200, {"setConcurrencyLimit": True})


def test_the_address_at_which_a_connection_arrives_is_a_name_of_this_server() -> None:
    """Kubernetes' probes name it."""
    transport = httpx.ASGITransport(CrossOriginProtection(PlainTextResponse("served")))

    async def get(address: str) -> int:
        async with httpx.AsyncClient(transport=transport, base_url="http://10.1.2.3:3000") as client:
            return (await client.get("/server_info", headers={"Host": address})).status_code

    assert [asyncio.run(get(address)) for address in ("10.1.2.3:3000", "10.1.2.4:3000")] == [200, 403]


def test_another_port_of_a_proxys_name_is_another_origin(webserver: Webserver, stop: str) -> None:
    headers = [("host", PROXY), ("origin", f"https://{PROXY}:8443"), ("content-type", JSON)]
    assert webserver.send("POST", "/graphql", headers, as_json(stop))[0] == 403


def subscribed(webserver: Webserver, origin: str | None) -> str:
    """Type of the first message of a websocket, or the status that refused it."""
    try:
        with connect(f"ws://127.0.0.1:{webserver.port}/graphql", subprotocols=["graphql-ws"], origin=origin) as socket:
            socket.send(json.dumps({"type": "connection_init"}))
            return str(json.loads(socket.recv(10))["type"])
    except InvalidStatus as refused:
        return str(refused.response.status_code)


@pytest.mark.parametrize("origin", ["http://evil.com", "null", "http://localhost:1"])
def test_a_foreign_page_opens_no_websocket(webserver: Webserver, origin: str) -> None:
    assert subscribed(webserver, origin) == "403"


def test_a_websocket_of_a_foreign_host_is_refused(webserver: Webserver) -> None:
    upgrade = [("upgrade", "websocket"), ("connection", "upgrade"), ("sec-websocket-version", "13")]
    key = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    for host, status in (("evil.com", 403), ("localhost", 101)):
        assert webserver.send("GET", "/graphql", [*upgrade, key, ("host", host)])[0] == status


def test_its_own_pages_open_a_websocket(webserver: Webserver) -> None:
    assert subscribed(webserver, f"http://127.0.0.1:{webserver.port}") == "connection_ack"
    assert subscribed(webserver, None) == "connection_ack"


@needs_chromium
def test_a_page_of_another_site_changes_nothing(webserver: Webserver, stop: str, foreign: str, page: Page) -> None:
    sent: dict[tuple[str, str], int] = {}
    page.on("response", lambda found: sent.update({(found.request.resource_type, found.request.method): found.status}))
    page.goto(foreign)
    arguments = [f"http://127.0.0.1:{webserver.port}", urlencode({"query": stop}), as_json(stop)]
    outcomes = page.evaluate(ATTACK, arguments)
    assert {name: outcomes[name] for name in ("image", "json", "read", "websocket")} == {
        "image": "refused",
        "json": "TypeError",
        "read": "TypeError",
        "websocket": "refused",
    }
    assert sent["image", "GET"] == sent["fetch", "GET"] == 405, sent
    assert sent["document", "POST"] == 403


@needs_chromium
def test_no_page_of_another_site_frames_dagster(webserver: Webserver, foreign: str, page: Page) -> None:
    """Clicks in the frame would be Dagster's own."""
    page.goto(foreign)
    page.evaluate(
        "url => { document.body.innerHTML = `<iframe src=${url}></iframe>` }", f"http://127.0.0.1:{webserver.port}"
    )
    frame = page.frames[1]
    frame.wait_for_load_state()
    assert frame.locator("#root").count() == 0


@needs_chromium
def test_dagsters_pages_switch_a_sensor_and_subscribe(webserver: Webserver, page: Page) -> None:
    received: list[str] = []

    def watch(socket: WebSocket) -> None:
        socket.on("framereceived", lambda frame: received.append(json.loads(frame)["type"]))

    page.on("websocket", watch)
    page.goto(f"http://127.0.0.1:{webserver.port}/automation")
    switch = page.locator("label[class*=formatSwitch]")
    expect(switch.locator("input")).to_be_checked()
    for mutation, status in (("StopRunningSensor", "STOPPED"), ("StartSensor", "RUNNING")):
        with page.expect_response(re.compile(mutation)) as answered:
            switch.click()
        assert answered.value.status == 200
        expect(switch.locator("input")).to_be_checked(checked=status == "RUNNING")
        assert webserver.sensor()[1] == status
    assert "connection_ack" in received


def test_viewers_read_and_change_nothing(webserver: Webserver, viewer: Webserver, stop: str) -> None:
    assert viewer.sensor() == webserver.sensor()
    assert viewer.graphql(stop) == {"stopSensor": {"__typename": "UnauthorizedError"}}
    report = viewer.send("POST", "/report_asset_materialization/kept")
    assert report[0] == 401


@pytest.mark.parametrize("hosts", ["*", "https://dagster.example.org", "a b", "a,*"])
def test_a_setting_that_is_no_list_of_hosts_is_reported(monkeypatch: pytest.MonkeyPatch, hosts: str) -> None:
    from footpred_dagster.webserver.__main__ import proxy_hosts

    monkeypatch.setenv("FOOTPRED_DAGSTER_HOSTS", hosts)
    with pytest.raises(SettingsError, match="FOOTPRED_DAGSTER_HOSTS"):
        proxy_hosts()


def test_authorities_are_compared_as_browsers_mean_them() -> None:
    assert Authority.parse("Localhost.:3000") == Authority("localhost", 3000)
    assert Authority.of_address("::1") == Authority.parse("[::1]")
    assert parse_origin("https://a.b") == ("https", Authority("a.b", 443))
