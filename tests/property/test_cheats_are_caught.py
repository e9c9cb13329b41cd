"""Five ways to let a model see what it must predict, each put into the SQL on purpose, and each found out.

What finds them is what ``test_no_future_in_features`` holds over any history: a row may not change with a result of its
own day or later.
"""

from __future__ import annotations

from datetime import date, timedelta

import psycopg
import pytest

from tests.support.warehouse import Result, build, load_seeds

FIRST = date(2023, 8, 5)
CHEATS = {
    "the match itself in its own window": (
        "fct_match_features",
        "home.matches_before = home_form.matches_played",
        "home.matches_before + 1 = home_form.matches_played",
        "home_goals_for_last_5",
    ),
    "a match of the future in a window": (
        "int_team_form",
        "rows between 4 preceding and current row",
        "rows between 4 preceding and 1 following",
        "home_goals_for_last_5",
    ),
    "the rating at the end of it all": (
        "fct_match_features",
        "team_elo.home_elo,",
        "(select max(elo) from ratings.team_state where team_id = dated.home_id) as home_elo,",
        "home_elo",
    ),
    "a column made of the result": (
        "fct_match_features",
        "home.matches_before as home_matches_played",
        "home.matches_before + coalesce(dated.home_goals, 0) as home_matches_played",
        "home_matches_played",
    ),
    "another match of the same day": (
        "fct_match_features",
        "dated.table_until = home_table.next_match_date",
        "dated.match_date = home_table.table_date",
        "home_table_position",
    ),
}


def history(*, home_win: bool) -> list[Result]:
    """Four clubs, six Saturdays; one result of the fourth is what may not be known on it: the last pair's."""
    pairs = [("Arsenal", "Chelsea"), ("Everton", "Liverpool")]
    found = []
    for week in range(6):
        for number, (home, away) in enumerate(pairs if week % 2 else [pair[::-1] for pair in pairs]):
            score = (9, 0) if home_win else (0, 9)
            known = (week + number, 1)
            found.append(
                Result(FIRST + timedelta(weeks=week), home, away, score if (week, number) == (3, 1) else known)
            )
    return found


@pytest.fixture(scope="module")
def leaks(module_database_url, compiled_models):
    """Function from models to the columns that know too much."""
    with psycopg.connect(module_database_url) as connection:
        load_seeds(connection)

        def find(models: list[tuple[str, str, str]]) -> set[str]:
            won, lost = (build(connection, models, history(home_win=outcome)) for outcome in (True, False))
            until = (FIRST + timedelta(weeks=3)).isoformat()
            return {
                name
                for key, row in won.items()
                if key[1:11] <= until
                for name, value in row.items()
                if value != lost[key][name]
            }

        yield find


def test_as_they_are_the_models_know_nothing_too_early(leaks, compiled_models):
    assert leaks(compiled_models) == set()


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_cheat_is_caught(leaks, compiled_models, cheat):
    model, honest, cheating, column = CHEATS[cheat]
    (original,) = [select for _, name, select in compiled_models if name == model]
    assert honest in original
    spoiled = [
        (schema, name, select.replace(honest, cheating) if name == model else select)
        for schema, name, select in compiled_models
    ]
    assert column in leaks(spoiled)
