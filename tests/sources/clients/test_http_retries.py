"""The HTTP source against a site that fails: retries, Retry-After, the shared budget and the circuit."""

from __future__ import annotations

import gzip
from email.utils import formatdate

import pytest

from footpred_dagster.sources.clients.base import SourceUnavailable
from footpred_dagster.sources.clients.circuit import FAULTY_FILES
from footpred_dagster.sources.clients.http import ATTEMPTS, HttpSource
from tests.support.scripted_site import CSV, Answer, Clock, Site


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


def fails(source: HttpSource, path: str) -> str:
    with pytest.raises(SourceUnavailable) as failure:
        source.fetch(path)
    return str(failure.value)


def test_five_faulty_files_in_a_row_open_the_circuit_for_good(site: Site, source: HttpSource) -> None:
    site.script = [Answer(503)]
    for number in range(FAULTY_FILES):
        assert not source.given_up, "a few files may be at fault themselves"
        assert f"E{number}.csv: HTTP 503" in fails(source, f"mmz4281/2425/E{number}.csv")
    asked = ATTEMPTS + 2 * (FAULTY_FILES - 1)
    site.script = [Answer()]
    assert f"F1.csv: not asked, {asked} requests in a row failed (HTTP 503)" in fails(source, "mmz4281/2425/F1.csv")
    assert (len(site.asked), source.given_up) == (asked, True)


def test_a_faulty_file_costs_the_next_one_no_second_attempt(site: Site, source: HttpSource) -> None:
    site.script = [*[Answer(503)] * ATTEMPTS, Answer(500), Answer()]
    fails(source, "mmz4281/2425/E0.csv")
    assert source.fetch("mmz4281/2425/E1.csv").status == 200


@pytest.mark.parametrize("fault", [Answer(403), Answer(202), Answer(302), Answer(302, headers={"Location": "/b"})])
def test_an_answer_that_is_no_file_is_a_fault_of_that_file(site: Site, source: HttpSource, fault: Answer) -> None:
    requests = 3 if fault.headers else 1
    site.script = [*[fault] * requests * (FAULTY_FILES - 1), Answer()]
    for number in range(FAULTY_FILES - 1):
        fails(source, f"mmz4281/2425/E{number}.csv")
    assert source.fetch("mmz4281/2425/F1.csv").status == 200


def test_a_limit_that_is_not_to_be_waited_for_is_the_sites(site: Site, source: HttpSource) -> None:
    site.script = [Answer(429, headers={"Retry-After": "3600"})]
    assert "HTTP 429; it asks to wait 3600 s" in fails(source, "mmz4281/2425/E0.csv")
    assert source.given_up
    assert "not asked" in fails(source, "mmz4281/2425/E1.csv")
    assert len(site.asked) == 1


def test_a_required_wait_holds_for_the_next_file_as_well(site: Site, source: HttpSource, clock: Clock) -> None:
    site.script = [*[Answer(503)] * (ATTEMPTS - 1), Answer(503, headers={"Retry-After": "50"}), Answer()]
    fails(source, "mmz4281/2425/E0.csv")
    before = clock.now
    assert source.fetch("mmz4281/2425/E1.csv").status == 200
    assert clock.now - before == pytest.approx(50)
    assert len(site.asked) == ATTEMPTS + 1


def test_a_limit_is_waited_for_after_a_faulty_file_as_before_one(site: Site, source: HttpSource) -> None:
    busy = Answer(429, headers={"Retry-After": "1"})
    site.script = [*[Answer(503)] * ATTEMPTS, busy, busy, busy, Answer()]
    fails(source, "mmz4281/2425/E0.csv")
    assert source.fetch("mmz4281/2425/E1.csv").status == 200


def test_an_answer_after_a_file_that_failed_gives_the_next_one_all_its_attempts(site: Site, source: HttpSource) -> None:
    site.script = [*[Answer(503)] * 5, Answer(), *[Answer(503)] * 4, Answer()]
    with pytest.raises(SourceUnavailable):
        source.fetch("mmz4281/2425/E0.csv")
    assert source.fetch("mmz4281/2425/E1.csv").status == 200
    assert source.fetch("mmz4281/2425/E2.csv").status == 200


def test_an_answer_closes_the_count_of_failures(site: Site, source: HttpSource) -> None:
    site.script = [*[Answer(503)] * 4, Answer(404), *[Answer(503)] * 4, Answer()]
    assert source.fetch("mmz4281/2627/E0.csv").status == 404
    assert source.fetch("mmz4281/2425/E0.csv").status == 200


def test_two_files_that_time_out_open_the_circuit(site: Site, clock: Clock) -> None:
    site.script = [Answer(hang=True)]
    with HttpSource(site.url, timeout=0.1, sleep=clock.sleep, clock=clock) as source:
        with pytest.raises(SourceUnavailable, match=r"fixtures\.csv: timeout"):
            source.fetch("fixtures.csv")
        with pytest.raises(SourceUnavailable, match=r"E0\.csv: timeout"):
            source.fetch("mmz4281/2425/E0.csv")
        with pytest.raises(SourceUnavailable, match=r"not asked.*timeout"):
            source.fetch("fixtures.csv")
    assert len(clock.waits) == 4


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
