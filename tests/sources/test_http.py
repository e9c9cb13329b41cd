"""The HTTP source against a real server on loopback that answers as it is told; waits are asserted, not waited for."""

from __future__ import annotations

import gzip
import threading
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from footpred_dagster.sources.base import MAX_BODY, BodyTooLarge, SourceUnavailable, Validators
from footpred_dagster.sources.http import ATTEMPTS, PAUSE, HttpSource

CSV = b"Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR\r\n"


@dataclass
class Answer:
    status: int = 200
    body: bytes = CSV
    headers: dict[str, str] = field(default_factory=dict)
    claimed: int | None = None
    """Content-Length to claim, when it is not the body's."""
    hang: bool = False
    """Say nothing until the test is over."""
    drip: Callable[[], None] | None = None
    """Called between the two halves of the body."""


class Site:
    """A server that gives the next scripted answer, the last one for ever, and remembers what it was asked."""

    def __init__(self) -> None:
        self.script: list[Answer] = [Answer()]
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.over = threading.Event()
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
                answer = site.script.pop(0) if len(site.script) > 1 else site.script[0]
                if answer.hang:
                    site.over.wait(10)
                    return
                with suppress(BrokenPipeError, ConnectionResetError):  # some tests expect the client to hang up
                    self._give(answer)

            def _give(self, answer: Answer) -> None:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                length = len(answer.body) if answer.claimed is None else answer.claimed
                self.send_header("Content-Length", str(length))
                self.end_headers()
                half = len(answer.body) // 2
                self.wfile.write(answer.body[:half])
                if answer.drip:
                    self.wfile.flush()
                    answer.drip()
                self.wfile.write(answer.body[half:])

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source(site: Site, clock: Clock) -> Iterator[HttpSource]:
    with HttpSource(site.url, timeout=2.0, sleep=clock.sleep, clock=clock) as source:
        yield source


def test_a_file_comes_with_its_validators(site: Site, source: HttpSource) -> None:
    site.script = [Answer(headers={"ETag": '"abc"', "Last-Modified": "Sun, 01 Jun 2025 10:00:00 GMT"})]
    answer = source.fetch("mmz4281/2425/E0.csv")
    assert (answer.status, answer.body, answer.etag) == (200, CSV, '"abc"')
    assert answer.last_modified == "Sun, 01 Jun 2025 10:00:00 GMT"
    assert answer.url == f"{site.url}/mmz4281/2425/E0.csv"


def test_requests_say_who_asks_and_carry_no_conditions_at_first(site: Site, source: HttpSource) -> None:
    source.fetch("fixtures.csv")
    ((path, headers),) = site.asked
    assert path == "/fixtures.csv"
    assert headers["user-agent"].startswith("footpred/")
    assert headers["accept-encoding"] == "gzip"
    assert not {"if-none-match", "if-modified-since", "cookie"} & set(headers)


def test_known_validators_are_sent_and_304_keeps_them(site: Site, source: HttpSource) -> None:
    site.script = [Answer(304, b"")]
    answer = source.fetch("fixtures.csv", Validators('"abc"', "Sun, 01 Jun 2025 10:00:00 GMT"))
    assert site.asked[0][1]["if-none-match"] == '"abc"'
    assert site.asked[0][1]["if-modified-since"] == "Sun, 01 Jun 2025 10:00:00 GMT"
    assert (answer.status, answer.body, answer.etag) == (304, None, '"abc"')


def test_304_to_an_unconditional_request_is_no_answer(site: Site, source: HttpSource) -> None:
    site.script = [Answer(304, b"")]
    with pytest.raises(SourceUnavailable, match="HTTP 304"):
        source.fetch("fixtures.csv", Validators(None, None))


@pytest.mark.parametrize("status", [404, 410])
def test_not_published_is_an_answer(site: Site, source: HttpSource, clock: Clock, status: int) -> None:
    site.script = [Answer(status, b"<html>not here</html>", {"ETag": '"error page"'})]
    answer = source.fetch("mmz4281/2627/E0.csv")
    assert (answer.status, answer.body, answer.etag) == (404, None, None)
    assert clock.waits == []


def test_a_300_page_is_handed_over_unfollowed_and_never_compared_against(site: Site, source: HttpSource) -> None:
    page = b"<!DOCTYPE HTML><title>300 Multiple Choices</title>"
    site.script = [Answer(300, page, {"ETag": '"page"', "Location": f"{site.url}/mmz4281/2627/EC.csv"})]
    answer = source.fetch("mmz4281/2627/E0.csv")
    assert (answer.status, answer.body, answer.etag, answer.last_modified) == (200, page, None, None)
    assert len(site.asked) == 1


def test_429_waits_as_long_as_asked(site: Site, source: HttpSource, clock: Clock) -> None:
    site.script = [Answer(429, headers={"Retry-After": "7"}), Answer()]
    assert source.fetch("fixtures.csv").status == 200
    assert clock.waits == [7.0]


def test_retry_after_may_be_a_date(site: Site, source: HttpSource, clock: Clock) -> None:
    date = formatdate(4_102_444_800, usegmt=True)  # the server's clock may be anything: only the difference counts
    server_now = {"Date": formatdate(4_102_444_800 - 30, usegmt=True)}
    site.script = [Answer(503, headers={"Retry-After": date}), Answer()]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site.server.RequestHandlerClass, "date_time_string", lambda _: server_now["Date"])
        assert source.fetch("fixtures.csv").status == 200
    assert clock.waits == [30.0]


@pytest.mark.parametrize("unclear", ["soon", "-5", "", "١٢"])
def test_an_unclear_retry_after_falls_back_to_backing_off(
    site: Site, source: HttpSource, clock: Clock, unclear: str
) -> None:
    site.script = [Answer(429, headers={"Retry-After": unclear.encode().decode("latin-1")}), Answer()]
    assert source.fetch("fixtures.csv").status == 200
    (wait,) = clock.waits
    assert 1 <= wait <= 2


def test_the_retry_budget_is_shared_by_all_files(site: Site, source: HttpSource, clock: Clock) -> None:
    site.script = [Answer(429, headers={"Retry-After": "100"}), Answer(), Answer(429, headers={"Retry-After": "100"})]
    assert source.fetch("mmz4281/2425/E0.csv").status == 200
    with pytest.raises(SourceUnavailable, match=r"E1\.csv: HTTP 429; it asks to wait 100 s, 20 s are left"):
        source.fetch("mmz4281/2425/E1.csv")
    assert clock.waits == [100.0]


def test_a_passing_503_is_retried_with_growing_waits(site: Site, source: HttpSource, clock: Clock) -> None:
    site.script = [Answer(503), Answer(502), Answer(500), Answer()]
    assert source.fetch("fixtures.csv").status == 200
    assert [low <= wait <= low + 1 for low, wait in zip((1, 2, 4), clock.waits, strict=True)] == [True] * 3


def test_five_failures_in_a_row_open_the_circuit_for_good(site: Site, source: HttpSource) -> None:
    site.script = [Answer(503)]
    with pytest.raises(SourceUnavailable, match=r"fixtures\.csv: HTTP 503"):
        source.fetch("fixtures.csv")
    assert len(site.asked) == ATTEMPTS == 5
    site.script = [Answer()]
    with pytest.raises(SourceUnavailable, match=r"E0\.csv: not asked, 5 requests in a row failed \(HTTP 503\)"):
        source.fetch("mmz4281/2425/E0.csv")
    assert len(site.asked) == 5


def test_an_answer_closes_the_count_of_failures(site: Site, source: HttpSource) -> None:
    site.script = [*[Answer(503)] * 4, Answer(404), *[Answer(503)] * 4, Answer()]
    assert source.fetch("mmz4281/2627/E0.csv").status == 404
    assert source.fetch("mmz4281/2425/E0.csv").status == 200


def test_five_timeouts_open_the_circuit(site: Site, clock: Clock) -> None:
    site.script = [Answer(hang=True)]
    with HttpSource(site.url, timeout=0.1, sleep=clock.sleep, clock=clock) as source:
        with pytest.raises(SourceUnavailable, match=r"fixtures\.csv: timeout"):
            source.fetch("fixtures.csv")
        with pytest.raises(SourceUnavailable, match=r"not asked.*timeout"):
            source.fetch("fixtures.csv")
    assert len(clock.waits) == 4


def test_a_server_that_drips_runs_into_the_deadline(site: Site, source: HttpSource, clock: Clock) -> None:
    site.script = [Answer(drip=lambda: clock.sleep(500)), Answer()]
    assert source.fetch("fixtures.csv").body == CSV
    assert len(site.asked) == 2


def test_nobody_listening_is_unavailable(site: Site, clock: Clock) -> None:
    site.close()
    with (
        HttpSource(site.url, sleep=clock.sleep, clock=clock) as source,
        pytest.raises(SourceUnavailable, match="ConnectError"),
    ):
        source.fetch("fixtures.csv")


@pytest.mark.parametrize(
    "broken",
    [
        Answer(claimed=len(CSV) + 100),
        Answer(body=gzip.compress(CSV * 50)[:-20], headers={"Content-Encoding": "gzip"}),
        Answer(body=b"this is not gzip", headers={"Content-Encoding": "gzip"}),
    ],
    ids=["short body", "gzip cut short", "no gzip"],
)
def test_a_body_that_breaks_off_is_asked_for_again(site: Site, source: HttpSource, broken: Answer) -> None:
    site.script = [broken, Answer()]
    assert source.fetch("fixtures.csv").body == CSV
    assert len(site.asked) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 451])
def test_being_refused_is_not_retried(site: Site, source: HttpSource, clock: Clock, status: int) -> None:
    site.script = [Answer(status)]
    with pytest.raises(SourceUnavailable, match=f"fixtures.csv: HTTP {status}"):
        source.fetch("fixtures.csv")
    assert (len(site.asked), clock.waits) == (1, [])


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_compressed_bodies_are_unpacked(site: Site, source: HttpSource, encoding: str) -> None:
    packed = gzip.compress(CSV) if encoding == "gzip" else zlib.compress(CSV)
    site.script = [Answer(body=packed, headers={"Content-Encoding": encoding})]
    assert source.fetch("fixtures.csv").body == CSV


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip"])
def test_an_encoding_nobody_asked_for_is_refused(site: Site, source: HttpSource, encoding: str) -> None:
    site.script = [Answer(headers={"Content-Encoding": encoding})]
    with pytest.raises(SourceUnavailable, match="not asked for"):
        source.fetch("fixtures.csv")


def test_the_largest_allowed_body_is_read(site: Site, source: HttpSource) -> None:
    site.script = [Answer(body=b"x" * MAX_BODY)]
    assert len(source.fetch("fixtures.csv").body or b"") == MAX_BODY


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b"x" * (MAX_BODY + 1)),
        Answer(body=gzip.compress(bytes(256 * 2**20), 1), headers={"Content-Encoding": "gzip"}),
    ],
    ids=["plain", "gzip bomb"],
)
def test_too_much_is_dropped_while_streaming_and_not_asked_for_again(
    site: Site, source: HttpSource, answer: Answer
) -> None:
    site.script = [answer]
    with pytest.raises(BodyTooLarge, match="over 8 MiB") as caught:
        source.fetch("fixtures.csv")
    assert caught.value.url == f"{site.url}/fixtures.csv"
    assert len(site.asked) == 1


def test_redirects_within_the_site_are_followed(site: Site, source: HttpSource) -> None:
    site.script = [Answer(301, b"", {"Location": "/moved/fixtures.csv"}), Answer()]
    answer = source.fetch("fixtures.csv", Validators('"abc"', None))
    assert (answer.status, answer.body) == (200, CSV)
    assert [path for path, _ in site.asked] == ["/fixtures.csv", "/moved/fixtures.csv"]
    assert site.asked[1][1]["if-none-match"] == '"abc"'


@pytest.mark.parametrize(
    "target", ["http://localhost:{port}/x.csv", "//example.org/x.csv", "http://127.0.0.1:1/x.csv", "file:///etc/passwd"]
)
def test_redirects_to_another_host_are_refused(site: Site, source: HttpSource, target: str) -> None:
    site.script = [Answer(302, b"", {"Location": target.format(port=site.port)})]
    with pytest.raises(SourceUnavailable, match="another site; not followed"):
        source.fetch("fixtures.csv")
    assert len(site.asked) == 1


def test_a_redirect_loop_ends(site: Site, source: HttpSource) -> None:
    site.script = [Answer(302, b"", {"Location": "/fixtures.csv"})]
    with pytest.raises(SourceUnavailable, match="more than 5 redirects"):
        source.fetch("fixtures.csv")


def test_a_second_passes_between_requests_to_others_and_none_on_loopback(site: Site, clock: Clock) -> None:
    with HttpSource(site.url, pause=PAUSE, sleep=clock.sleep, clock=clock) as source:
        source.fetch("a.csv")
        clock.now += 0.25
        source.fetch("b.csv")
        clock.now += 60
        source.fetch("c.csv")
    assert clock.waits == [0.75]
    with HttpSource(site.url, sleep=clock.sleep, clock=clock) as source:
        source.fetch("a.csv")
        source.fetch("b.csv")
    assert clock.waits == [0.75]


@pytest.mark.parametrize(
    ("url", "pause"),
    [
        ("https://www.football-data.co.uk", 1.0),
        ("http://10.0.0.1", 1.0),
        ("http://localhost:1", 0.0),
        ("http://[::1]:1", 0.0),
        ("http://127.9.9.9", 0.0),
        ("http://localhost.example.org", 1.0),
    ],
)
def test_only_loopback_is_asked_without_pause(url: str, pause: float) -> None:
    with HttpSource(url) as source:
        assert source._pause == pause
