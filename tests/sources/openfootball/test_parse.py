"""One JSON file to typed rows: kickoffs on the league's own clock, scores that may be missing, nothing else let in."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footpred_dagster.core.domain import Season
from footpred_dagster.sources.openfootball.parse import ParsedSchedule, ScheduledMatch, parse_schedule
from footpred_dagster.sources.parsing.records import Quarantined
from footpred_dagster.sources.parsing.tabular import FileRefused

SEASON = Season(2024)
PLAYED = {
    "round": "Matchday 1",
    "date": "2024-08-16",
    "time": "20:00",
    "team1": "Manchester United FC",
    "team2": "Fulham FC",
    "score": {"ht": [0, 0], "ft": [1, 0]},
}


def body(*matches: Any) -> bytes:
    return json.dumps({"name": "a league", "matches": matches}).encode()


def parse(*matches: Any, league: str = "E0") -> ParsedSchedule:
    return parse_schedule(body(*matches), league, SEASON)


def only(parsed: ParsedSchedule) -> ScheduledMatch:
    (match,) = parsed.matches
    return match


def test_a_played_match_is_read_whole():
    assert only(parse(PLAYED)) == ScheduledMatch(
        *(1, "Matchday 1", date(2024, 8, 16), time(20), "Europe/London", datetime(2024, 8, 16, 19, tzinfo=UTC)),
        *("Manchester United FC", "Fulham FC", 1, 0, 0, 0, None),
    )


@pytest.mark.parametrize(
    ("league", "day", "hour"),
    [("D1", "2024-08-24", 13), ("D1", "2024-12-14", 14), ("T1", "2024-12-14", 12), ("P1", "2024-08-24", 14)],
)
def test_kickoff_is_on_the_leagues_own_clock_in_summer_and_winter(league, day, hour):
    kickoff = only(parse(PLAYED | {"date": day, "time": "15:00"}, league=league)).kickoff
    assert kickoff is not None
    assert (kickoff.hour, kickoff.tzinfo) == (hour, UTC)


@pytest.mark.parametrize("score", [{}, None, {"ft": None}])
def test_a_match_still_to_come_has_no_score(score):
    match = only(parse(PLAYED | {"score": score}))
    assert (match.home_goals, match.ht_away_goals) == (None, None)


def test_a_match_without_a_time_or_with_a_status_is_kept():
    entry = {name: value for name, value in PLAYED.items() if name != "time"} | {"score": {}, "status": "cancelled"}
    match = only(parse(entry))
    assert (match.kickoff_time, match.kickoff, match.status) == (None, None, "cancelled")


@pytest.mark.parametrize(
    ("change", "column", "reason"),
    [
        ({"date": "16/08/2024"}, "date", "impossible_date"),
        ({"date": "2024-02-30"}, "date", "impossible_date"),
        ({"date": "2023-08-16"}, "date", "date_outside_season"),
        ({"date": 20240816}, "date", "impossible_date"),
        ({"team1": ""}, "team1", "bad_name"),
        ({"team2": None}, "team2", "bad_name"),
        ({"team2": "Manchester United FC"}, "team2", "same_team"),
        ({"score": {"ft": [1]}}, "ft", "bad_goals"),
        ({"score": {"ft": [-1, 0]}}, "ft", "bad_goals"),
        ({"score": {"ft": [True, 0]}}, "ft", "bad_goals"),
        ({"score": [1, 0]}, "score", "bad_goals"),
    ],
)
def test_what_cannot_be_believed_is_quarantined(change, column, reason):
    parsed = parse(PLAYED | {"date": "2024-08-17"}, PLAYED | change)
    assert [(item.line, item.column, item.reason, item.dropped) for item in parsed.quarantined] == [
        (2, column, reason, True)
    ]
    assert (len(parsed.matches), parsed.rows_read) == (1, 2)


def test_an_unknown_status_or_time_costs_the_value_and_not_the_match():
    parsed = parse(PLAYED | {"status": "moved", "time": "noon"})
    assert parsed.quarantined == [
        Quarantined(1, "time", "bad_time", "noon", dropped=False),
        Quarantined(1, "status", "unknown_status", "moved", dropped=False),
    ]
    assert (only(parsed).status, only(parsed).kickoff_time) == (None, None)


def test_a_repeated_match_is_counted():
    parsed = parse(PLAYED, PLAYED)
    assert (len(parsed.matches), parsed.duplicate_rows) == (1, 1)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"<html>404</html>", "html"),
        (body(PLAYED)[:-20], "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"\xff\xfe\x00", "not_json"),
        (b"[]", "missing_column"),
        (b'{"rounds": []}', "missing_column"),
        (body(), "empty"),
        (body(PLAYED | {"date": "2022-08-16"}), "wrong_season"),
    ],
)
def test_a_body_that_is_no_season_is_refused(data, reason):
    with pytest.raises(FileRefused) as caught:
        parse_schedule(data, "E0", SEASON)
    assert caught.value.reason == reason


VALID = body(PLAYED, PLAYED | {"date": "2024-08-17", "score": {}, "status": "postponed"})


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(st.integers(0, len(VALID) - 1), st.binary(max_size=4))
def test_any_damage_leaves_rows_that_reconcile_or_a_refusal(place, junk):
    try:
        parsed = parse_schedule(VALID[:place] + junk + VALID[place + 1 :], "E0", SEASON)
    except FileRefused:
        return
    dropped = sum(item.dropped for item in parsed.quarantined)
    assert parsed.rows_read == len(parsed.matches) + dropped + parsed.duplicate_rows


@pytest.mark.real_data
@pytest.mark.parametrize(
    ("file", "league", "season", "matches", "scored", "first"),
    [
        ("2019-20/fr.1", "F1", 2019, 380, 279, "2019-08-09T18:45"),
        ("2023-24/de.1", "D1", 2023, 306, 306, "2023-08-18T18:30"),
        ("2023-24/en.1", "E0", 2023, 380, 380, "2023-08-11T19:00"),
        ("2024-25/de.1", "D1", 2024, 306, 306, "2024-08-23T18:30"),
        ("2024-25/en.1", "E0", 2024, 380, 380, "2024-08-16T19:00"),
        ("2024-25/es.1", "SP1", 2024, 380, 370, "2024-08-15T17:00"),
        ("2024-25/sco.1", "SC0", 2024, 228, 228, "2024-08-03T11:30"),
    ],
)
def test_real_files_are_read_whole(data_dir: Path, file, league, season, matches, scored, first):
    data = (data_dir / "openfootball" / f"{file}.json").read_bytes()
    parsed = parse_schedule(data, league, Season(season))
    assert (len(parsed.matches), parsed.quarantined, parsed.duplicate_rows) == (matches, [], 0)
    assert sum(match.home_goals is not None for match in parsed.matches) == scored
    kickoff = parsed.matches[0].kickoff
    assert kickoff is not None
    assert kickoff.isoformat(timespec="minutes") == f"{first}+00:00"
