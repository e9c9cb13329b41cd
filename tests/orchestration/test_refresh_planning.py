"""What a refresh has to do, and who is at it already: files that are new, runs that failed, runs under way."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.orchestration.partitions import add_partitions
from footpred_dagster.orchestration.refresh_planning import MOST_TRIES, WORK_TAG, followed, next_try, planned
from footpred_dagster.sources.clients.directory import DirectorySource
from footpred_dagster.sources.fetching.fetch import fetch
from footpred_dagster.sources.football_data.load import FIXTURES, load_fixtures, load_results, results_target
from tests.support.site import clubs, season_rows, write_fixtures, write_season

SEASON, BEFORE = Season(2024), Season(2023)
MARCH = date(2025, 3, 1)
FIXTURE = {"Div": "E0", "Date": "10/03/2025", "Time": "15:00", "HomeTeam": "E0 Club C", "AwayTeam": "E0 Club D"}


@pytest.fixture
def site(tmp_path):
    root = tmp_path / "site"
    for league in ("E0", "SC0"):
        for season in (BEFORE, SEASON):
            write_season(root, league, season, season_rows(league, season, clubs(league)))
    write_fixtures(root, [FIXTURE])
    return root


@pytest.fixture
def loaded(warehouse, archive, site):
    """Both leagues, both seasons and the fixtures are in."""
    targets = [results_target(league, season) for league in ("E0", "SC0") for season in (BEFORE, SEASON)]
    fetch(warehouse, archive, DirectorySource(site), [*targets, FIXTURES])
    for league in ("E0", "SC0"):
        for season in (BEFORE, SEASON):
            load_results(warehouse, archive, league, season)
    load_fixtures(warehouse, archive)
    return warehouse


def change(site, league: str, season: Season = SEASON) -> None:
    rows = season_rows(league, season, clubs(league))
    rows[3] |= {"FTHG": 7, "FTAG": 0, "FTR": "H"}
    write_season(site, league, season, rows)


@pytest.fixture
def asked(instance, archive, site):
    """asked(warehouse): the source is read for what is followed in March; what is to be done."""
    add_partitions(instance, MARCH)

    def plans(warehouse):
        targets = followed(warehouse, MARCH)
        fetch(warehouse, archive, DirectorySource(site), targets)
        return planned(warehouse, instance, targets)

    return plans


def test_what_is_followed_are_the_seasons_under_way_of_the_leagues_that_are_loaded(warehouse, loaded):
    assert [target.partition_key for target in followed(loaded, MARCH)] == ["E0|2024-25", "SC0|2024-25", "fixtures"]
    loaded.execute("delete from raw.loads")
    assert followed(loaded, MARCH) == []


def test_nothing_new_is_nothing_to_do(loaded, asked):
    assert asked(loaded) == []


def test_new_files_are_one_piece_of_work_named_for_their_bodies(loaded, asked, site):
    change(site, "E0")
    (work,) = asked(loaded)
    assert (work.partitions, work.fixtures) == (("E0|2024-25", "E0|2024-25"), False)
    assert asked(loaded) == [work]
    change(site, "E0", BEFORE)  # of a season that is over: another schedule's work
    assert asked(loaded) == [work]
    write_fixtures(site, [FIXTURE | {"Time": "17:30"}])
    (other,) = asked(loaded)
    assert (other.partitions, other.fixtures) == (work.partitions, True)
    assert other.key != work.key


def test_a_file_that_is_back_is_other_work_than_when_it_first_came(loaded, asked, site):
    """Else the run that loaded it before another came, perhaps refused, would stand for it."""
    change(site, "E0")
    (first,) = asked(loaded)
    whole = season_rows("E0", SEASON, clubs("E0"))
    write_season(site, "E0", SEASON, whole[:50])
    (cut,) = asked(loaded)
    change(site, "E0")
    (again,) = asked(loaded)
    assert len({first.key, cut.key, again.key}) == 3
    assert asked(loaded) == [again]


def test_new_fixtures_alone_load_no_results(loaded, asked, site):
    write_fixtures(site, [])
    (work,) = asked(loaded)
    assert (work.partitions, work.fixtures) == (None, True)


def test_files_that_are_no_neighbours_are_work_apart_and_the_fixtures_come_last(loaded, asked, site):
    for league in ("E0", "SC0"):
        change(site, league)
    write_fixtures(site, [])
    first, last = asked(loaded)
    assert (first.partitions, last.partitions) == (("E0|2024-25",) * 2, ("SC0|2024-25",) * 2)
    assert (first.fixtures, last.fixtures) == (False, True)


@dg.op
def nothing() -> None:
    pass


@dg.job
def work_job() -> None:
    nothing()


def record(instance: dg.DagsterInstance, status: dg.DagsterRunStatus) -> None:
    """A run for the work ``x`` that ended, or did not, as ``status`` says."""
    run = instance.create_run_for_job(work_job, tags={WORK_TAG: "x"})
    if status == dg.DagsterRunStatus.FAILURE:
        instance.report_run_failed(run)
    elif status == dg.DagsterRunStatus.SUCCESS:
        instance.handle_new_event(
            dg.EventLogEntry(
                error_info=None,
                level=20,
                user_message="",
                run_id=run.run_id,
                timestamp=datetime.now(UTC).timestamp(),
                job_name=run.job_name,
                dagster_event=dg.DagsterEvent(dg.DagsterEventType.RUN_SUCCESS.value, run.job_name),
            )
        )


def test_new_work_is_begun_and_work_under_way_or_done_is_not_begun_again(instance):
    now = datetime.now(UTC)
    assert next_try(instance, "x", now) == 0
    record(instance, dg.DagsterRunStatus.NOT_STARTED)
    assert next_try(instance, "x", now) == "under way"
    assert next_try(instance, "y", now) == 0


def test_work_that_is_done_is_not_done_again(instance):
    record(instance, dg.DagsterRunStatus.SUCCESS)
    assert next_try(instance, "x", datetime.now(UTC)) == "done"


def test_failed_work_is_tried_again_after_a_wait_that_doubles_and_given_up_in_the_end(instance):
    for failures, wait in ((1, 60), (2, 120), (3, 240)):
        record(instance, dg.DagsterRunStatus.FAILURE)
        now = datetime.now(UTC)
        assert "next try at" in str(next_try(instance, "x", now + timedelta(seconds=wait - 10)))
        assert next_try(instance, "x", now + timedelta(seconds=wait + 1)) == failures
    for _ in range(MOST_TRIES - 3):
        record(instance, dg.DagsterRunStatus.FAILURE)
    assert "given up" in str(next_try(instance, "x", datetime.now(UTC) + timedelta(days=1)))
