"""The cheat forbidden here: a feature that changes when something happens at or after the match it describes."""

from __future__ import annotations

from datetime import date, timedelta

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.warehouse import Result, build, compile_models, load_seeds

TEAMS = ("Arsenal", "Chelsea", "Everton", "Liverpool")
FIRST_DAY = date(2023, 6, 20)  # a season turns on 1 July, inside the range


@pytest.fixture(scope="module")
def models(database_url, tmp_path_factory):
    with psycopg.connect(database_url) as connection:
        load_seeds(connection)
    return compile_models(database_url, tmp_path_factory.mktemp("dbt"))


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


def _earlier(features: dict[str, dict], cut: date) -> dict[str, dict]:
    return {key: row for key, row in features.items() if key[1:11] < cut.isoformat()}


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories(), data=st.data())
def test_changing_or_deleting_a_match_at_or_after_t_changes_no_feature_before_t(database_url, models, history, data):
    victim = data.draw(st.sampled_from(history), label="victim")
    cut = victim.day
    others = [result for result in history if result is not victim]
    changed = Result(victim.day, victim.home, victim.away, (9, 0))
    moved = Result(victim.day + timedelta(days=data.draw(st.integers(1, 40))), victim.away, victim.home, (0, 9))
    with psycopg.connect(database_url) as connection:
        before = _earlier(build(connection, models, history), cut)
        for future in (others, [*others, changed], [*others, moved]):
            assert _earlier(build(connection, models, future), cut) == before


def test_a_result_is_invisible_to_its_own_day_and_visible_to_the_next(database_url, models):
    yesterday, today, tomorrow = (date(2024, 1, day) for day in (1, 2, 3))
    past = [Result(yesterday, "Arsenal", "Chelsea", (2, 0))]
    same_day = [Result(today, "Everton", "Liverpool", None), Result(tomorrow, "Arsenal", "Everton", None)]
    with psycopg.connect(database_url) as connection:
        quiet = build(connection, models, [*past, *same_day])
        loud = build(connection, models, [*past, *same_day, Result(today, "Arsenal", "Chelsea", (9, 0))])
    before, after = ({key[1:11]: row for key, row in built.items()} for built in (quiet, loud))
    assert before["2024-01-01"] == after["2024-01-01"]
    assert before["2024-01-03"]["home_elo"] < after["2024-01-03"]["home_elo"]
    assert after["2024-01-03"]["home_goals_for_last_5"] == 5.5
    assert after["2024-01-02"]["latest_input"] is None or "2024-01-02" not in after["2024-01-02"]["latest_input"]


def test_a_fixture_gets_the_features_it_will_have_once_played(database_url, models):
    past = [
        Result(date(2024, 1, 1), "Arsenal", "Chelsea", (2, 0)),
        Result(date(2024, 1, 8), "Chelsea", "Arsenal", (1, 1)),
    ]
    day = date(2024, 1, 15)
    with psycopg.connect(database_url) as connection:
        coming = build(connection, models, [*past, Result(day, "Arsenal", "Chelsea", None)])
        played = build(connection, models, [*past, Result(day, "Arsenal", "Chelsea", (3, 3))])
    key = next(key for key in coming if key.startswith("(2024-01-15"))
    # The same row altogether: features, and the identity it keeps.
    assert coming[key] == played[key]
