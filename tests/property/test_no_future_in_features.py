"""The cheat forbidden here: a feature that changes when something happens at or after the match it describes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pandas as pd
import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from footpred_dagster.core.features.dataset import played_before, predictable_fixtures
from tests.support.warehouse import Result, build, load_seeds

TEAMS = ("Arsenal", "Chelsea", "Everton", "Liverpool")
FIRST_DAY = date(2023, 6, 20)  # a season turns on 1 July, inside the range


@pytest.fixture(scope="module")
def warehouse(module_database_url):
    """The connection whose transaction holds what was built last."""
    with psycopg.connect(module_database_url, prepare_threshold=None) as connection:
        yield connection


@pytest.fixture(scope="module")
def features_of(warehouse, compiled_models):
    """Function from a history to its features."""
    load_seeds(warehouse)
    return lambda history: build(warehouse, compiled_models, history)


@st.composite
def histories(draw):
    """Up to 14 matches over 25 days; no team plays twice on a day."""
    results, busy = [], set()
    for _ in range(draw(st.integers(3, 14))):
        day = FIRST_DAY + timedelta(days=draw(st.integers(0, 25)))
        home, away = draw(st.permutations(TEAMS))[:2]
        if {(day, home), (day, away)} & busy:
            continue
        busy |= {(day, home), (day, away)}
        results.append(Result(day, home, away, draw(st.tuples(st.integers(0, 5), st.integers(0, 5)))))
    return results


def _until(features: dict[str, dict], day: date) -> dict[str, dict]:
    """Rows of matches up to and including ``day``; keys read ``(2023-06-20,home,away)``."""
    return {key: row for key, row in features.items() if key[1:11] <= day.isoformat()}


@settings(max_examples=12, deadline=None, derandomize=True)
@given(history=histories(), data=st.data())
def test_no_feature_up_to_day_t_knows_a_result_of_day_t_or_later(features_of, history, data):
    victim = data.draw(st.sampled_from(history), label="victim")
    others = [result for result in history if result is not victim]
    changed = Result(victim.day, victim.home, victim.away, (9, 0))
    moved = Result(victim.day + timedelta(days=data.draw(st.integers(1, 40))), victim.away, victim.home, (0, 9))

    before = _until(features_of(history), victim.day)
    # Another result: every row up to that day stays, that of the match itself included.
    assert _until(features_of([*others, changed]), victim.day) == before
    # Gone, or moved to later: only its own row goes.
    remaining = {key: row for key, row in before.items() if key in _until(features_of(others), victim.day)}
    assert len(remaining) == len(before) - 1
    assert _until(features_of(others), victim.day) == remaining
    assert _until(features_of([*others, moved]), victim.day) == remaining


@settings(max_examples=8, deadline=None, derandomize=True)
@given(history=histories(), days=st.integers(0, 10), hour=st.integers(0, 11))
def test_no_result_dated_at_or_after_as_of_changes_what_is_predicted_then(features_of, warehouse, history, days, hour):
    """Whatever feature, and whoever played: ratings, divisions and tables are made of everybody's matches."""
    day = FIRST_DAY + timedelta(days=26)
    as_of = datetime.combine(day - timedelta(days=days), time(hour), UTC)
    fixture = Result(day, "Arsenal", "Chelsea", None)
    known = [result for result in history if result.day < as_of.date()]
    others = [result for result in history if result.day >= as_of.date()]
    others += [Result(as_of.date() + timedelta(days=n), "Everton", "Liverpool", (9, 0)) for n in (0, 11, 12)]
    others = list({(result.day, result.home): result for result in others}.values())
    # Another meeting of the pair would make it another match, with another number.
    others = [result for result in others if (result.home, result.away) != (fixture.home, fixture.away)]

    def asked(results: list[Result]) -> pd.DataFrame:
        features_of([*results, fixture])
        return predictable_fixtures(warehouse, as_of)

    before = asked(known)
    pd.testing.assert_frame_equal(asked([*known, *others]), before)
    other_scores = [replace(result, goals=(0, 8)) for result in others]
    pd.testing.assert_frame_equal(asked([*known, *other_scores]), before)


def test_a_result_is_invisible_to_its_own_day_and_visible_to_the_next(features_of):
    yesterday, today, tomorrow = (date(2024, 1, day) for day in (1, 2, 3))
    past = [Result(yesterday, "Arsenal", "Chelsea", (2, 0))]
    same_day = [Result(today, "Everton", "Liverpool", None), Result(tomorrow, "Arsenal", "Everton", None)]
    quiet = features_of([*past, *same_day])
    loud = features_of([*past, *same_day, Result(today, "Arsenal", "Chelsea", (9, 0))])
    before, after = ({key[1:11]: row for key, row in built.items()} for built in (quiet, loud))
    assert before["2024-01-01"] == after["2024-01-01"]
    assert before["2024-01-03"]["home_elo"] < after["2024-01-03"]["home_elo"]
    assert after["2024-01-03"]["home_goals_for_last_5"] == 5.5
    assert after["2024-01-02"]["latest_input"] is None or "2024-01-02" not in after["2024-01-02"]["latest_input"]


def test_a_fixture_gets_the_features_it_will_have_once_played(features_of):
    past = [
        Result(date(2024, 1, 1), "Arsenal", "Chelsea", (2, 0)),
        Result(date(2024, 1, 8), "Chelsea", "Arsenal", (1, 1)),
    ]
    day = date(2024, 1, 15)
    coming = features_of([*past, Result(day, "Arsenal", "Chelsea", None)])
    played = features_of([*past, Result(day, "Arsenal", "Chelsea", (3, 3))])
    key = next(key for key in coming if key.startswith("(2024-01-15"))
    # The same row altogether: features, and the identity it keeps.
    assert coming[key] == played[key] | {"is_played": False}


def test_a_fixture_of_a_league_without_results_is_not_predicted(features_of, warehouse):
    """Its clubs may have played elsewhere; what is predicted of it would never be scored."""
    first, day = date(2024, 1, 1), date(2024, 1, 15)
    features_of([Result(first, "Arsenal", "Chelsea", (2, 0)), Result(day, "Chelsea", "Arsenal", None)])
    as_of = datetime.combine(day - timedelta(days=1), time(0), UTC)
    assert len(predictable_fixtures(warehouse, as_of)) == 1
    warehouse.execute("update intermediate.int_fixtures set league = 'E1'")
    assert predictable_fixtures(warehouse, as_of).empty


def test_fault_16_a_void_match_is_never_trained_on_and_moves_no_feature(features_of, warehouse):
    first, middle, last = (date(2024, 1, day) for day in (1, 8, 15))
    played = [Result(first, "Arsenal", "Chelsea", (2, 0)), Result(last, "Chelsea", "Arsenal", (1, 1))]
    without = features_of(played)
    assert features_of([*played, Result(middle, "Arsenal", "Chelsea", None, void=True)]) == without
    shown = warehouse.execute("select match_date, status from intermediate.int_matches order by 1").fetchall()
    assert shown == [(first, "played"), (middle, "void"), (last, "played")]
    learned = played_before(warehouse, datetime(2025, 1, 1, tzinfo=UTC))
    assert [kickoff.date() for kickoff in learned["kickoff"]] == [first, last]


@pytest.mark.fault(53, "a walkover feeds no rating, feature or label, whatever its score; the table has it")
def test_an_awarded_match_moves_no_feature_and_is_never_learned_from(features_of, warehouse):
    first, middle, last = (date(2024, 1, day) for day in (1, 8, 15))
    played = [Result(first, "Arsenal", "Chelsea", (2, 0)), Result(last, "Chelsea", "Arsenal", (1, 1))]
    coming = Result(date(2024, 1, 22), "Arsenal", "Everton", None)
    without = features_of([*played, coming])
    for goals in ((3, 0), (0, 3)):
        walkover = Result(middle, "Arsenal", "Everton", goals, awarded=True)
        # The fixture takes the next number of its pair: the awarded match was its first meeting.
        built = features_of([*played, coming, walkover])
        assert [row | {"match_id": ""} for row in built.values()] == [
            row | {"match_id": ""} for row in without.values()
        ]
        shown = warehouse.execute(
            "select home_goals, away_goals, status, status_decided_by, outcome, meeting from intermediate.int_matches "
            "where match_date = %s",
            [middle],
        ).fetchall()
        assert shown == [(*goals, "awarded", "rule", None, 1)]
    learned = played_before(warehouse, datetime(2025, 1, 1, tzinfo=UTC))
    assert [kickoff.date() for kickoff in learned["kickoff"]] == [first, last]
