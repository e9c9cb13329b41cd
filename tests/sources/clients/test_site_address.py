"""One site under two addresses: which one is requested, which redirects are followed, and what a failure says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx
import pytest

from footpred_dagster.sources.catalog import SITE_URL, UnknownSource, open_source
from footpred_dagster.sources.clients.base import SourceUnavailable
from footpred_dagster.sources.clients.circuit import FAULTY_FILES
from footpred_dagster.sources.clients.http import ATTEMPTS, PAUSE, HttpSource
from footpred_dagster.sources.clients.site_address import same_site, spellings
from tests.support.scripted_site import CSV, Answer, Clock, Site

BARE, WWW = "example.org", "www.example.org"
PATH = "mmz4281/2627/E0.csv"


@dataclass
class Hosts(httpx.BaseTransport):
    """Real servers on loopback behind host names over https; a host without one refuses connections.

    requested: every host asked, in order, also those that no server answers for.
    """

    sites: dict[str, Site]
    requested: list[str] = field(default_factory=list)
    network: httpx.HTTPTransport = field(default_factory=lambda: httpx.HTTPTransport(trust_env=False))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requested.append(request.url.host)
        site = self.sites.get(request.url.host)
        port = site.port if site else 1
        url = request.url.copy_with(scheme="http", host="127.0.0.1", port=port)
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        return self.network.handle_request(
            httpx.Request(request.method, url, headers=headers, extensions=request.extensions)
        )


@dataclass
class Scene:
    bare: Site
    www: Site
    hosts: Hosts
    clock: Clock
    source: HttpSource


@pytest.fixture
def scene(clock: Clock) -> Iterator[Scene]:
    with ExitStack() as stack:
        bare, www = Site(), Site()
        stack.callback(bare.close)
        stack.callback(www.close)
        hosts = Hosts({BARE: bare, WWW: www})
        source = HttpSource(f"https://{BARE}", sleep=clock.sleep, clock=clock, transport=hosts)
        yield Scene(bare, www, hosts, clock, stack.enter_context(source))


def to(url: str) -> Answer:
    return Answer(302, b"", {"Location": url})


def test_the_default_address_is_the_bare_host() -> None:
    assert SITE_URL == "https://football-data.co.uk"


@pytest.mark.fault(51, "the source answers on www only: the bare host refuses connections")
def test_www_answers_where_the_bare_host_refuses_connections(scene: Scene) -> None:
    del scene.hosts.sites[BARE]
    assert scene.source.fetch(PATH).body == CSV
    assert scene.source.fetch("fixtures.csv").body == CSV
    assert scene.hosts.requested == [BARE, WWW, WWW], "the address that answered is asked first afterwards"
    assert max(scene.clock.waits) <= PAUSE, "another host has required no wait"


@pytest.mark.fault(51, "the source answers on the bare host only: www gives 503")
@pytest.mark.parametrize("status", [500, 503])
def test_an_error_of_one_address_leads_to_the_other(scene: Scene, status: int) -> None:
    scene.bare.script = [Answer(status, headers={"Retry-After": "600"})]
    assert scene.source.fetch(PATH).body == CSV
    assert scene.hosts.requested == [BARE, WWW]
    assert max(scene.clock.waits) <= PAUSE


@pytest.mark.fault(51, "redirects between www and the bare host are followed")
@pytest.mark.parametrize(("first", "second"), [(BARE, WWW), (WWW, BARE)])
def test_a_redirect_to_the_other_address_is_followed_once(clock: Clock, first: str, second: str) -> None:
    with ExitStack() as stack:
        sites = {first: Site(), second: Site()}
        for site in sites.values():
            stack.callback(site.close)
        sites[first].script = [to(f"https://{second}/{PATH}")]
        hosts = Hosts(sites)
        source = HttpSource(f"https://{first}", sleep=clock.sleep, clock=clock, transport=hosts)
        stack.enter_context(source)
        assert source.fetch(PATH).body == CSV
        assert source.fetch("fixtures.csv").body == CSV
        assert hosts.requested == [first, second, second]
        assert clock.waits == [PAUSE, PAUSE], "a redirect is a request like any other"


@pytest.mark.fault(51, "redirects elsewhere are refused and the target is not requested")
@pytest.mark.parametrize(
    "target",
    [
        "https://elsewhere.example/x.csv",
        "https://www.www.example.org/x.csv",
        "https://example.org.elsewhere.example/x.csv",
        "https://user@www.example.org/x.csv",
        "https://www.example.org:8443/x.csv",
        "http://example.org/x.csv",
        "http://www.example.org/x.csv",
        "https://127.0.0.1/x.csv",
        "http://127.0.0.1:8080/x.csv",
        "https://10.0.0.1/x.csv",
        "https://[::1]/x.csv",
        "https://localhost/x.csv",
        "https://169.254.169.254/latest",
        "file:///etc/passwd",
    ],
)
def test_a_redirect_off_the_site_is_not_followed(scene: Scene, target: str) -> None:
    scene.bare.script = scene.www.script = [to(target)]
    with pytest.raises(SourceUnavailable, match="another site; not followed"):
        scene.source.fetch(PATH)
    assert scene.hosts.requested == [BARE, WWW], "each address once, the target never"


def test_the_other_address_serves_the_file_where_one_redirects_off_the_site(scene: Scene) -> None:
    scene.bare.script = [to("http://127.0.0.1/")]
    assert scene.source.fetch(PATH).body == CSV


def test_two_addresses_that_redirect_to_each_other_end(scene: Scene) -> None:
    scene.bare.script, scene.www.script = [to(f"https://{WWW}/{PATH}")], [to(f"https://{BARE}/{PATH}")]
    with pytest.raises(SourceUnavailable, match="more than 2 redirects"):
        scene.source.fetch(PATH)
    assert len(scene.hosts.requested) == 6


@pytest.mark.fault(51, "neither address answers: the error names both and the way out")
def test_where_neither_answers_the_error_names_both_and_the_way_out(scene: Scene) -> None:
    del scene.hosts.sites[BARE]
    scene.www.script = [Answer(503)]
    with pytest.raises(SourceUnavailable) as caught:
        scene.source.fetch(PATH)
    first_line = str(caught.value).splitlines()[0]
    for part in (PATH, f"https://{BARE} (ConnectError", f"https://{WWW} (HTTP 503)", "--source DIRECTORY"):
        assert part in first_line
    assert len(scene.hosts.requested) == ATTEMPTS, "both share one budget of requests"
    for number in range(1, FAULTY_FILES):
        with pytest.raises(SourceUnavailable, match="no answer"):
            scene.source.fetch("fixtures.csv")
        assert len(scene.hosts.requested) == ATTEMPTS + 4 * number, "the next file is requested twice at each"
    with pytest.raises(SourceUnavailable, match=r"not asked.*--source DIRECTORY"):
        scene.source.fetch("mmz4281/2627/E1.csv")
    assert len(scene.hosts.requested) == ATTEMPTS + 4 * (FAULTY_FILES - 1)


def test_a_404_from_the_other_address_does_not_count_after_one_failure_of_the_first(scene: Scene) -> None:
    scene.bare.script, scene.www.script = [Answer(503), Answer()], [Answer(404)]
    assert scene.source.fetch(PATH).body == CSV
    assert scene.hosts.requested == [BARE, WWW, BARE]


@pytest.mark.parametrize("status", [403, 404])
def test_a_refusal_by_the_other_address_counts_after_two_failures_of_the_first(scene: Scene, status: int) -> None:
    del scene.hosts.sites[BARE]
    scene.www.script = [Answer(status)]
    if status == 404:
        assert scene.source.fetch(PATH).status == 404
    else:
        with pytest.raises(SourceUnavailable, match="HTTP 403"):
            scene.source.fetch(PATH)
    assert scene.hosts.requested == [BARE, WWW, BARE, WWW]


def test_files_that_are_not_published_cost_one_request_each_while_the_first_address_is_down(scene: Scene) -> None:
    """As in August, when a season's files appear one by one."""
    del scene.hosts.sites[BARE]
    scene.www.script = [Answer(404)]
    for number in range(22):
        assert scene.source.fetch(f"mmz4281/2627/{number}.csv").status == 404
    assert len(scene.hosts.requested) == 4 + 21


def test_a_404_behind_a_redirect_to_the_other_address_costs_no_more_than_the_redirect(scene: Scene) -> None:
    scene.bare.script, scene.www.script = [to(f"https://{WWW}/{PATH}")], [Answer(404)]
    assert [scene.source.fetch(PATH).status, scene.source.fetch(PATH).status] == [404, 404]
    assert scene.hosts.requested == [BARE, WWW, WWW]


@pytest.mark.parametrize("status", [202, 206, 400, 401, 403, 408, 421, 425, 451])
def test_whatever_is_no_answer_at_one_address_leads_to_the_other(scene: Scene, status: int) -> None:
    scene.bare.script = [Answer(status)]
    assert scene.source.fetch(PATH).body == CSV


def test_a_loop_at_one_address_leads_to_the_other(scene: Scene) -> None:
    scene.bare.script = [to(f"https://{BARE}/{PATH}")]
    assert scene.source.fetch(PATH).body == CSV
    assert scene.hosts.requested == [BARE] * 3 + [WWW]


@pytest.mark.parametrize("target", ["https:x", "javascript:alert(1)", "data:,x", "https://xn--a/", "//xn--/"])
def test_a_redirect_to_an_address_that_is_none_leads_to_the_other(scene: Scene, target: str) -> None:
    scene.bare.script = [to(target)]
    assert scene.source.fetch(PATH).body == CSV
    scene.www.script = [to(target)]
    with pytest.raises(SourceUnavailable, match="not followed"):
        scene.source.fetch(PATH)


def test_a_wait_that_one_address_requires_is_kept_towards_it_alone(scene: Scene) -> None:
    scene.bare.script = [Answer(503, headers={"Retry-After": "60"}), Answer()]
    scene.www.script = [Answer(503)]
    assert scene.source.fetch(PATH).body == CSV
    assert scene.hosts.requested == [BARE, WWW, BARE]
    assert 58 <= max(scene.clock.waits) <= 60


def test_a_wait_is_kept_towards_the_address_that_required_it_after_a_redirect(scene: Scene) -> None:
    scene.bare.script = [to(f"https://{WWW}/{PATH}"), Answer(503), Answer(503)]
    scene.www.script = [Answer(503, headers={"Retry-After": "60"}), Answer()]
    before = scene.clock.now
    assert scene.source.fetch(PATH).body == CSV
    assert scene.hosts.requested[:2] == [BARE, WWW]
    assert scene.hosts.requested.count(WWW) == 2
    assert scene.clock.now - before > 59.9


@pytest.mark.parametrize("answer", [Answer(503), to(f"https://{WWW}/{PATH}")])
def test_a_password_is_sent_to_its_own_host_and_never_shown(clock: Clock, answer: Answer) -> None:
    site = Site()
    site.script = [answer]
    hosts = Hosts({BARE: site})
    with HttpSource(f"https://joe:s3cret@{BARE}", sleep=clock.sleep, clock=clock, transport=hosts) as source:
        with pytest.raises(SourceUnavailable) as caught:
            source.fetch(PATH)
        assert "s3cret" not in f"{caught.value} {source.name}"
    site.close()
    assert set(hosts.requested) == {BARE}
    assert site.asked[0][1]["authorization"].startswith("Basic ")


def test_a_rate_limit_is_not_evaded_by_the_other_address(scene: Scene) -> None:
    scene.bare.script = [Answer(429, headers={"Retry-After": "7"}), Answer()]
    assert scene.source.fetch(PATH).body == CSV
    assert scene.hosts.requested == [BARE, BARE]
    assert 7.0 in scene.clock.waits


@pytest.mark.parametrize(
    "address", ["https://joe:s3/cret@x.org", "http://joe:s3cret@", "htps://joe:s3cret@x.org", "https://joe:s3cret@[::1"]
)
def test_a_password_in_an_address_that_is_none_is_not_shown(address: str) -> None:
    with pytest.raises(UnknownSource) as caught:
        open_source(address)
    assert not {"s3", "cret"} & set(re.split(r"\W", str(caught.value)))


@pytest.mark.parametrize(
    ("base", "hosts"),
    [
        ("https://example.org", [BARE, WWW]),
        ("https://www.example.org/mirror", [WWW, BARE]),
        ("http://example.org", [BARE]),
        ("https://example.org:8443", [BARE]),
        ("https://10.0.0.1", ["10.0.0.1"]),
        ("https://[::1]", ["::1"]),
        ("https://localhost", ["localhost"]),
    ],
)
def test_only_a_name_over_https_has_a_second_spelling(base: str, hosts: list[str]) -> None:
    urls = spellings(httpx.URL(base))
    assert [url.host for url in urls] == hosts
    assert {url.path for url in urls} == {httpx.URL(base).path}


def test_an_upgrade_to_https_on_the_same_host_stays_allowed() -> None:
    assert same_site(httpx.URL("http://example.org/a"), httpx.URL("https://example.org/a"))
    assert not same_site(httpx.URL("http://example.org/a"), httpx.URL("https://www.example.org/a"))
