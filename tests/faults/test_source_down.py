"""FAULTS 5: whether a file is at fault or its source as a whole, over several runs of a real client and database."""

from __future__ import annotations

import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.clients.base import SourceUnavailable
from footpred_dagster.sources.clients.circuit import FAULTY_FILES
from footpred_dagster.sources.football_data.load import results_target
from footpred_dagster.sources.simulator import Fault, SimulatorServer
from tests.faults.conftest import Ingest

FILES = [results_target("E0", Season(year)) for year in range(2005, 2020)]


@pytest.fixture
def rerun(ingest: Ingest):
    """Function that fetches like a new run; returns whether the source gave an answer."""

    def rerun(*targets) -> bool:
        ingest.again()
        try:
            ingest.fetch(*(targets or FILES))
        except SourceUnavailable:
            return False
        return True

    return rerun


def reasons(ingest: Ingest) -> dict[str, str]:
    return dict(ingest.ask("select path, reason from raw.fetch_failures"))


def refused(ingest: Ingest) -> set[str]:
    return {path for (path,) in ingest.ask("select partition_key from raw.refused_files")}


@pytest.mark.fault(5, "a file that recovers behind files that fail for good is fetched again")
def test_files_that_failed_take_turns(ingest: Ingest, site: SimulatorServer, rerun) -> None:
    bad, passing = FILES[:FAULTY_FILES], FILES[FAULTY_FILES]
    for target in bad:
        site.misbehave(target.path, Fault.UNAVAILABLE)
    site.misbehave(passing.path, Fault.UNAVAILABLE, times=2)
    for _ in range(4):
        rerun()
    assert passing.path in {path for path, *_ in ingest.fetches()}
    assert refused(ingest) == {target.path for target in bad}


@pytest.mark.fault(5, "an outage, however often, refuses no file; nor does a run that is killed in it")
def test_an_outage_refuses_nothing(ingest: Ingest, site: SimulatorServer, rerun) -> None:
    site.misbehave("mmz4281/*", Fault.UNAVAILABLE)
    assert [rerun(), rerun(), rerun(FILES[0])] == [False] * 3
    site.behave()
    assert rerun(*FILES[3:])
    site.misbehave("mmz4281/*", Fault.UNAVAILABLE)
    assert not rerun(FILES[0])
    assert set(reasons(ingest).values()) == {"source_down"}
    assert refused(ingest) == set()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    ingest.again()
    ingest.source._sleep = killed
    with pytest.raises(KeyboardInterrupt):
        ingest.fetch(*FILES)
    assert refused(ingest) == set()


@pytest.mark.fault(5, "a refused file stays so in an outage, and when it alone is requested")
def test_a_refused_file_stays_refused_until_it_is_answered_for(ingest: Ingest, site: SimulatorServer, rerun) -> None:
    site.misbehave(FILES[2].path, Fault.UNAVAILABLE)
    assert rerun()
    assert rerun(FILES[2])
    site.misbehave("mmz4281/*", Fault.UNAVAILABLE)
    assert not rerun()
    assert refused(ingest) == {FILES[2].path}
    site.behave()
    assert rerun()
    assert reasons(ingest) == {}


@pytest.mark.fault(4, "a limit that is not waited for is the site's: it refuses no file and is reported")
def test_a_limit_refuses_nothing_and_is_reported(ingest: Ingest, site: SimulatorServer, rerun) -> None:
    site.misbehave(FILES[5].path, Fault.TOO_MANY_REQUESTS)
    assert [rerun(), rerun()] == [False, False]
    assert refused(ingest) == set()
