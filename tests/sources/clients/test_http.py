"""The HTTP source against a scripted site: conditional requests, encodings, limits, redirects and pauses."""

from __future__ import annotations

import gzip
import zlib

import pytest

from footpred_dagster.sources.clients.base import MAX_BODY, BodyTooLarge, SourceUnavailable, Validators
from footpred_dagster.sources.clients.http import PAUSE, HttpSource
from tests.support.scripted_site import CSV, Answer, Clock, Site


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


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_compressed_bodies_are_unpacked(site: Site, source: HttpSource, encoding: str) -> None:
    packed = gzip.compress(CSV) if encoding == "gzip" else zlib.compress(CSV)
    site.script = [Answer(body=packed, headers={"Content-Encoding": encoding})]
    assert source.fetch("fixtures.csv").body == CSV


@pytest.mark.parametrize("head", [0, 1, len(CSV)])
def test_a_gzip_body_of_several_members_is_read_whole(site: Site, source: HttpSource, head: int) -> None:
    packed = gzip.compress(CSV[:head]) + gzip.compress(CSV[head:])
    site.script = [Answer(body=packed, headers={"Content-Encoding": "gzip"})]
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


def test_a_validator_longer_than_a_head_may_be_is_not_sent_back(site: Site, source: HttpSource) -> None:
    source.fetch("fixtures.csv", Validators(f'"{"a" * 2000}"', None))
    assert "if-none-match" not in site.asked[0][1]


@pytest.mark.parametrize("encoding", ["a\x1cb", "a\x85b", "\x1b[2J", "x" * 90_000])
def test_what_a_server_writes_stands_in_one_short_line_of_a_message(
    site: Site, source: HttpSource, encoding: str
) -> None:
    site.script = [Answer(headers={"Content-Encoding": encoding})]
    with pytest.raises(SourceUnavailable) as caught:
        source.fetch("fixtures.csv")
    (line,) = str(caught.value).splitlines()
    assert line.isprintable()
    assert line.endswith("--source DIRECTORY reads a copy of the site from a folder")
    assert len(line) < 400


def test_cookies_are_not_read(site: Site, source: HttpSource) -> None:
    site.script = [Answer(headers={"Set-Cookie": "a=b", "Set-Cookie2": "a=b; expires=Mon, 01-Jan-99999 00:00:00 GMT"})]
    source.fetch("fixtures.csv")
    source.fetch("fixtures.csv")
    assert "cookie" not in site.asked[1][1]


@pytest.mark.parametrize("answer", [Answer(202), Answer(205, body=b""), Answer(302)], ids=str)
def test_a_success_without_a_file_is_no_file(site: Site, source: HttpSource, answer: Answer) -> None:
    site.script = [answer]
    with pytest.raises(SourceUnavailable, match=f"fixtures.csv: HTTP {answer.status}"):
        source.fetch("fixtures.csv")
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
    with pytest.raises(SourceUnavailable, match="more than 2 redirects"):
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
