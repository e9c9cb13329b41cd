"""FAULTS 1 to 7 and 12: the site misbehaves, the real client, archive and database must not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.clients.base import SourceUnavailable
from footpred_dagster.sources.clients.circuit import FAULTY_FILES, SILENT_FILES
from footpred_dagster.sources.fetching.fetch import fetch
from footpred_dagster.sources.football_data.load import due, load_results, results_target
from footpred_dagster.sources.football_data.request_schedule import due_for_request, file_states
from footpred_dagster.sources.simulator import Fault, SimulatorServer
from footpred_dagster.sources.simulator.faults import OVERSIZE, RETRY_AFTER
from tests.faults.conftest import E0, SEASON, Ingest

E1 = results_target("E1", SEASON)
SEASONS = [E0, *(results_target("E0", Season(year)) for year in range(2012, 2022))]

WRITTEN = "select xmin::text from raw.loads union all select xmin::text from raw.matches"
"""Which transaction wrote each row."""

StillLoaded = Callable[[], None]


@pytest.mark.parametrize("fault", [Fault.HTML_PAGE, Fault.MULTIPLE_CHOICES])
def test_fault_01_an_html_page_is_refused_archived_and_its_suggestion_not_followed(
    ingest: Ingest, loaded: StillLoaded, site: SimulatorServer, fault: Fault
) -> None:
    site.asked.clear()
    assert ingest.refused(fault).startswith("html: not CSV: HTML page titled ")
    assert b"/mmz4281/2425/E1.csv" in ingest.archived()  # the suggestion came, and was kept
    assert site.asked == {E0.path: 1}
    loaded()
    assert ingest.ask("select partition_key, reason, structural from raw.refusals") == [("E0|2024-25", "html", False)]


def test_fault_01_the_file_is_asked_for_in_full_once_the_page_is_gone(
    ingest: Ingest, loaded: StillLoaded, site: SimulatorServer
) -> None:
    ingest.refused(Fault.MULTIPLE_CHOICES, times=1)
    site.requests.clear()
    assert ingest.run().state == "unchanged"
    assert site.requests == {200: 1}
    loaded()
    assert ingest.ask("select count(*) from raw.refusals") == [(0,)]


def test_fault_02_a_404_is_a_season_not_published_yet_and_no_failure(ingest: Ingest, site: SimulatorServer) -> None:
    site.misbehave(E0.path, Fault.NOT_FOUND)
    assert ingest.fetch().missing == [E0.partition_key]
    absent = ingest.load()
    assert (absent.state, absent.metadata()["state"]) == ("missing", "not published yet")
    assert ingest.fetches() == [(E0.path, 404, None, None)]
    assert (due(ingest.connection, [E0]), ingest.clock.waits) == ([], [])


def test_fault_02_a_404_later_on_takes_no_rows_away(ingest: Ingest, loaded: StillLoaded, site: SimulatorServer) -> None:
    site.misbehave(E0.path, Fault.NOT_FOUND, times=1)
    assert ingest.run().state == "unchanged"
    loaded()
    assert ingest.run().state == "unchanged"


def bodies(root: Path) -> list[Path]:
    """Everything in an archive but its log, which also keeps the requests that brought nothing."""
    return sorted(path for path in root.rglob("*") if path.relative_to(root).parts[0] != "log")


def test_fault_03_a_304_writes_nothing_and_is_recorded(
    ingest: Ingest, loaded: StillLoaded, site: SimulatorServer
) -> None:
    written = ingest.ask(WRITTEN)
    objects = bodies(ingest.archive.root)
    assert ingest.fetch().unchanged == [E0.partition_key]
    assert ingest.load().state == "unchanged"
    (_, first), (_, second) = [(path, (status, size)) for path, status, _, size in ingest.fetches()]
    assert (first[0], second) == (200, (304, None))
    assert ingest.ask(WRITTEN) == written
    assert bodies(ingest.archive.root) == objects
    loaded()


def test_fault_03_a_304_nobody_asked_for_is_no_answer(ingest: Ingest, site: SimulatorServer) -> None:
    site.misbehave(E0.path, Fault.NOT_MODIFIED)
    with pytest.raises(SourceUnavailable, match="HTTP 304"):
        ingest.fetch()
    assert ingest.fetches() == []


def test_fault_04_a_429_is_waited_for_as_told_and_all_files_share_one_budget(
    ingest: Ingest, site: SimulatorServer
) -> None:
    site.misbehave(E0.path, Fault.TOO_MANY_REQUESTS, times=2)
    assert ingest.run().state == "loaded"
    assert ingest.clock.waits == [RETRY_AFTER, RETRY_AFTER]
    site.misbehave(E1.path, Fault.TOO_MANY_REQUESTS)
    with pytest.raises(SourceUnavailable, match="HTTP 429; it asks to wait 30 s, 0 s are left"):
        ingest.fetch(E1)
    assert sum(ingest.clock.waits) == 4 * RETRY_AFTER == 120


@pytest.mark.parametrize(
    ("fault", "cause", "files", "requests"),
    [(Fault.UNAVAILABLE, "HTTP 503", FAULTY_FILES, 5 + 4 * 2), (Fault.SILENCE, "timeout", SILENT_FILES, 5 + 1)],
)
def test_fault_05_a_source_that_fails_is_given_up_and_old_rows_stay(
    ingest: Ingest, loaded: StillLoaded, site: SimulatorServer, fault: Fault, cause: str, files: int, requests: int
) -> None:
    answers = ingest.fetches()
    site.asked.clear()
    site.misbehave("mmz4281/*", fault)
    last = SEASONS[files - 1].path
    with pytest.raises(SourceUnavailable, match=rf"{last}: {cause}"):
        ingest.fetch(*SEASONS)
    with pytest.raises(SourceUnavailable, match=rf"not asked, {requests} requests in a row failed \({cause}"):
        ingest.fetch(*SEASONS)
    assert (len(site.asked), sum(site.asked.values())) == (files, requests)
    assert ingest.fetches() == answers  # no answer, so that the age of the data grows
    assert ingest.ask("select * from raw.refused_files") == [], "a source that is down refuses no file"
    assert ingest.load().state == "unchanged"
    loaded()

    site.behave()
    ingest.again()
    assert ingest.fetch(E0, E1).changed == [E1.partition_key]


@pytest.mark.fault(5, "neighbours that fail for good, however many: the others are requested and loaded")
@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.SILENCE])
def test_fault_05_many_neighbours_that_fail_for_good_stop_no_other(
    ingest: Ingest, site: SimulatorServer, fault: Fault
) -> None:
    bad = SEASONS[:7]
    for target in bad:
        site.misbehave(target.path, fault)
    with pytest.raises(SourceUnavailable):
        ingest.fetch(*SEASONS)
    for _ in range(len(bad) // SILENT_FILES + 1):  # what failed comes last in the next run
        ingest.again()
        with suppress(SourceUnavailable):
            ingest.fetch(*SEASONS)
    answered = {path for path, *_ in ingest.fetches()}
    assert answered == {target.path for target in SEASONS if target not in bad}
    refused = ingest.ask("select partition_key from raw.refused_files")
    assert refused
    assert {path for (path,) in refused} <= {target.path for target in bad}


@pytest.mark.fault(5, "one file alone fails for good: the others are asked for and loaded")
@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.NOT_MODIFIED])
def test_fault_05_a_file_that_fails_for_good_stops_no_other(
    ingest: Ingest, site: SimulatorServer, fault: Fault
) -> None:
    site.misbehave(E0.path, fault)
    report = ingest.fetch(E0, E1)
    assert (report.changed, report.unreadable) == ([E1.partition_key], [E0.partition_key])
    assert ingest.ask("select path, reason from raw.refused_files as files (path, reason)") == [(E0.path, "no_answer")]
    now = datetime.now(UTC)
    states = file_states(ingest.connection, [E0, E1], now)
    assert due_for_request(states, now) == [], "what was requested without an answer is left alone as well"


def test_fault_05_a_site_that_recovers_in_time_is_read(ingest: Ingest, site: SimulatorServer) -> None:
    site.misbehave(E0.path, Fault.UNAVAILABLE, times=2)
    site.misbehave(E0.path, Fault.SILENCE, times=2)
    assert ingest.run().state == "loaded"
    assert len(ingest.clock.waits) == 4


def test_fault_06_a_body_shorter_than_its_length_is_asked_for_again_and_never_kept(
    ingest: Ingest, loaded: StillLoaded, site: SimulatorServer
) -> None:
    answers = ingest.fetches()
    site.misbehave(E0.path, Fault.SHORT_BODY)
    with pytest.raises(SourceUnavailable, match="RemoteProtocolError"):
        ingest.fetch()
    assert ingest.fetches() == answers
    site.behave()
    ingest.again()
    site.misbehave(E0.path, Fault.SHORT_BODY, times=1)
    assert ingest.run().state == "unchanged"
    loaded()


def test_fault_06_a_body_cut_inside_a_row_is_refused_and_archived(
    ingest: Ingest, loaded: StillLoaded, site: SimulatorServer
) -> None:
    assert ingest.refused(Fault.CUT_ROW).startswith("truncated: the body breaks off in line ")
    page = site.page(E0.path)
    assert page
    assert page.body.startswith(ingest.archived())
    assert not ingest.archived().endswith(b"\n")
    loaded()


@pytest.mark.parametrize("fault", [Fault.OVERSIZED, Fault.GZIP_BOMB])
def test_fault_07_a_body_over_8_mib_and_a_gzip_bomb_are_aborted_while_streaming(
    ingest: Ingest, loaded: StillLoaded, site: SimulatorServer, fault: Fault
) -> None:
    objects = bodies(ingest.archive.root)
    ingest.patience = 10  # seconds: a busy machine is no second request
    ingest.again()
    site.requests.clear()
    site.sent = 0
    site.misbehave(E0.path, fault)
    assert ingest.fetch().unreadable == [E0.partition_key]
    assert site.requests == {200: 1}  # and not asked for again
    assert site.sent < OVERSIZE / 2
    assert bodies(ingest.archive.root) == objects
    assert ingest.load().state == "unchanged"
    loaded()


def test_fault_12_another_division_under_the_right_address_is_refused_and_archived(
    ingest: Ingest, loaded: StillLoaded, site: SimulatorServer
) -> None:
    assert ingest.refused(Fault.WRONG_DIVISION).startswith(
        "wrong_division: line 2 is of division 'E1', E0 was requested"
    )
    assert b"\nE1," in ingest.archived()
    loaded()


def test_fault_12_is_refused_on_the_first_load_too(ingest: Ingest, site: SimulatorServer) -> None:
    site.misbehave(E1.path, Fault.WRONG_DIVISION)
    ingest.fetch(E1)
    assert load_results(ingest.connection, ingest.archive, "E1", SEASON).state == "refused"
    assert ingest.matches() == []


@pytest.mark.parametrize("fault", Fault)
def test_no_fault_ends_in_anything_but_a_known_outcome(
    ingest: Ingest, loaded: StillLoaded, site: SimulatorServer, fault: Fault
) -> None:
    """And whatever happened, the next good answer is read and the refusal forgotten."""
    site.misbehave(E0.path, fault)
    try:
        ingest.fetch()
        assert ingest.load().state in ("refused", "unchanged")
    except SourceUnavailable:
        pass
    loaded()
    site.behave()
    ingest.again()
    assert ingest.run().state == "unchanged"
    loaded()
    assert ingest.ask("select count(*) from raw.refusals") == [(0,)]


def test_answers_of_a_clock_that_was_wrong_keep_no_file_from_being_asked_for(
    ingest: Ingest, loaded: StillLoaded, site: SimulatorServer
) -> None:
    ingest.connection.execute("update raw.fetches set fetched_at = fetched_at + interval '400 days'")
    now = datetime.now(UTC)
    assert due_for_request(file_states(ingest.connection, [E0], now), now) == [E0]
    site.asked.clear()
    fetch(ingest.connection, ingest.archive, ingest.source, [E0], max_age=3600)
    assert site.asked == {E0.path: 1}
    assert due_for_request(file_states(ingest.connection, [E0], now), now + timedelta(seconds=1)) == []


def test_a_validator_that_no_header_can_carry_is_not_sent(ingest: Ingest, loaded: StillLoaded) -> None:
    ingest.connection.execute("update raw.fetches set etag = %s", ['"\u00e9"'])
    assert ingest.fetch().unchanged == [E0.partition_key]
