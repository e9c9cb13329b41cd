"""From files to the table of the second source, and what the comparison with results finds."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.clients.directory import DirectorySource
from footpred_dagster.sources.fetching.fetch import fetch
from footpred_dagster.sources.openfootball import schedule_target
from footpred_dagster.sources.openfootball.compare import compare
from footpred_dagster.sources.openfootball.load import due, load_schedules, schedules_version, targets, unsettled
from tests.support.site import put

TARGET = schedule_target("E0", Season(2023))
MATCHES = [
    {"date": "2023-08-12", "time": "15:00", "team1": "Arsenal FC", "team2": "Fulham FC", "score": {"ft": [2, 1]}},
    {"date": "2023-12-31", "time": "14:00", "team1": "Fulham FC", "team2": "Arsenal FC", "score": {"ft": [2, 1]}},
    {"date": "2024-05-19", "team1": "Arsenal FC", "team2": "Everton FC", "score": {}},
]


@pytest.fixture
def deliver(warehouse, archive, tmp_path):
    """Put a file at the source, fetch it and load what is due."""

    def run(matches, target=TARGET):
        body = matches if isinstance(matches, bytes) else json.dumps({"matches": matches}).encode()
        put(tmp_path / "openfootball", target.path, body)
        fetch(warehouse, archive, DirectorySource(tmp_path / "openfootball"), [target])
        return load_schedules(warehouse, archive, [target])

    return run


@pytest.fixture
def results(warehouse):
    """The few columns of the warehouse the comparison reads."""
    warehouse.execute("""
        create table staging.leagues (league text, country text);
        create table staging.team_aliases (
            country text, name text, team_id text, first_season text, last_season text);
        create table intermediate.int_matches (match_id text, league text, season text, match_date date, home_id text,
            away_id text, meeting int, status text, home_goals int, away_goals int);
        insert into staging.leagues values ('E0', 'England'), ('SC0', 'Scotland');
        insert into staging.team_aliases values
            ('England', 'Arsenal FC', 'arsenal'), ('England', 'Fulham FC', 'fulham'),
            ('England', 'Everton FC', 'everton'),
            ('Scotland', 'Celtic FC', 'celtic'), ('Scotland', 'Rangers FC', 'rangers');
    """)

    def add(day, home, away, score, meeting=1, league="E0"):
        warehouse.execute(
            "insert into intermediate.int_matches values (%s, %s, '2023-24', %s, %s, %s, %s, 'played', %s, %s)",
            [f"{day}{home}", league, day, home, away, meeting, *score],
        )

    return add


def test_a_file_is_loaded_once_and_replaced_when_it_changes(warehouse, deliver):
    assert (deliver(MATCHES).loaded, deliver(MATCHES).loaded) == (1, 0)
    version = schedules_version(warehouse)
    report = deliver(MATCHES[:2])
    assert (report.loaded, report.rows) == (1, 2)
    assert schedules_version(warehouse) != version
    kickoffs = warehouse.execute("select kickoff from raw.openfootball_matches order by line").fetchall()
    assert kickoffs[0] == (datetime(2023, 8, 12, 14, tzinfo=UTC),)


def test_a_refused_file_leaves_the_rows_and_is_remembered(warehouse, deliver):
    deliver(MATCHES)
    report = deliver(b"<html></html>")
    assert (report.loaded, report.refused, report.rows) == (0, 1, 3)
    assert due(warehouse, [TARGET]) == []
    assert "HTML" in warehouse.execute("select refused_because from raw.openfootball_files").fetchone()[0]


def test_quarantined_entries_are_in_the_quarantine_of_all_sources(warehouse, deliver):
    deliver([*MATCHES, MATCHES[0] | {"date": "soon"}])
    row = warehouse.execute('select partition_key, line, "column", reason, dropped from raw.quarantine').fetchone()
    assert row == ("openfootball|E0|2023-24", 4, "date", "impossible_date", True)


def test_nothing_of_it_counts_as_a_results_file(warehouse, deliver):
    """Forbids the second source from reaching what models learn from."""
    deliver(MATCHES)
    counts = warehouse.execute("select (select count(*) from raw.matches), (select count(*) from raw.loads)").fetchone()
    assert counts == (0, 0)


def test_complete_seasons_that_were_answered_for_are_not_asked_for_again(warehouse, archive, deliver, tmp_path):
    deliver(MATCHES)
    absent, running = schedule_target("E1", Season(2023)), schedule_target("E0", Season(2090))
    fetch(warehouse, archive, DirectorySource(tmp_path / "openfootball"), [absent, running])
    never = schedule_target("D1", Season(2023))
    assert unsettled(warehouse, [TARGET, absent, running, never]) == [running, never]


def test_targets_start_with_the_newest_season_and_stop_at_the_first():
    keys = [target.path for target in targets(date(2025, 7, 1))]
    assert (keys[0], keys[-1]) == ("2025-26/en.1.json", "2010-11/gr.1.json")
    assert targets(date(2025, 6, 30))[0].path == "2024-25/en.1.json"


def test_agreement_is_counted_and_what_is_not_played_is_not_compared(warehouse, deliver, results):
    deliver(MATCHES)
    results("2023-08-12", "arsenal", "fulham", (2, 1))
    results("2023-12-31", "fulham", "arsenal", (2, 1))
    found = compare(warehouse)
    assert (found.compared, found.disagreements, found.unresolved) == (2, [], [])


def test_another_score_another_day_and_a_missing_match_are_listed(warehouse, deliver, results):
    deliver(MATCHES)
    results("2023-08-13", "arsenal", "fulham", (2, 2))
    results("2024-01-01", "everton", "arsenal", (0, 0))
    match = ("E0", "2023-24", "Arsenal FC", "Fulham FC")
    assert compare(warehouse).disagreements == [
        (*match, "score", "2-1", "2-2"),
        (*match, "date", "2023-08-12", "2023-08-13"),
        ("E0", "2023-24", "Fulham FC", "Arsenal FC", "missing", "2023-12-31 2-1", "none"),
    ]


def test_a_season_we_do_not_have_is_no_disagreement(warehouse, deliver, results):
    deliver(MATCHES)
    assert compare(warehouse).disagreements == []


def test_a_name_without_an_alias_is_listed_and_its_matches_wait(warehouse, deliver, results):
    deliver([*MATCHES, MATCHES[0] | {"team2": "Fullham FC"}])
    results("2023-12-31", "fulham", "arsenal", (2, 1))
    assert compare(warehouse).unresolved == [("England", "Fullham FC")]


def test_rounds_of_one_pair_are_compared_in_order_and_a_postponed_one_takes_no_number(warehouse, deliver, results):
    pair = {"team1": "Celtic FC", "team2": "Rangers FC"}
    deliver(
        [
            pair | {"date": "2023-09-02", "score": {"ft": [1, 0]}},
            pair | {"date": "2023-12-01", "score": {}, "status": "postponed"},
            pair | {"date": "2024-04-07", "score": {"ft": [3, 3]}},
        ],
        schedule_target("SC0", Season(2023)),
    )
    results("2023-09-02", "celtic", "rangers", (1, 0), 1, "SC0")
    results("2024-04-07", "celtic", "rangers", (3, 3), 2, "SC0")
    found = compare(warehouse)
    assert (found.compared, found.disagreements) == (2, [])
