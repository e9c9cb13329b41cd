"""``footpred clubs`` as an operator types it, on a home whose season starts with a doubtful name (FAULTS 71)."""

from __future__ import annotations

import psycopg
import pytest

from footpred_dagster.core.clubs.resolution import resolve
from tests.support.command import Home

ROWS = """
    insert into raw.matches (partition_key, league, season, line, match_date, home, away, home_goals, away_goals) values
        ('E0|2023-24', 'E0', '2023-24', 2, '2023-08-12', 'Arsenal', 'Sheffield Weds', 1, 0),
        ('E0|2024-25', 'E0', '2024-25', 2, '2024-08-17', 'Arsenal', 'Sheffield Wednesday', 1, 0)
"""


@pytest.fixture
def operator(database_url, tmp_path):
    """A home on a database with two matches, resolved as a run does."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(ROWS)
        resolve(connection)
    return Home(tmp_path, {"FOOTPRED_DATABASE_URL": database_url})


def resolved(home: Home) -> list[tuple]:
    with psycopg.connect(home.environment["FOOTPRED_DATABASE_URL"], autocommit=True) as connection:
        resolve(connection)
        return connection.execute(
            "select season, team_id from intermediate.club_names where name like 'Sheffield%' order by season, name"
        ).fetchall()


@pytest.mark.fault(71, "an operator decides by a command")
def test_faults_71_the_printed_command_decides_and_the_next_resolution_applies_it(operator):
    (waiting,) = operator.json("clubs", "pending")["pending"]
    assert (waiting["name"], waiting["matches"], waiting["leagues"]) == ("Sheffield Wednesday", 1, ["E0"])
    assert waiting["nearest"][0] == {"name": "Sheffield Weds", "team_id": "sheffield-weds"}
    assert waiting["command"] == "footpred clubs alias England 'Sheffield Wednesday' --of sheffield-weds"
    assert waiting["command"] in operator.run("clubs", "pending")
    operator.run(
        "clubs", "alias", "England", "Sheffield Wednesday", "--of", "sheffield-weds", "--because", "its own site"
    )
    assert resolved(operator) == [("2023-24", "sheffield-weds"), ("2024-25", "sheffield-weds")]
    assert operator.run("clubs", "export") == "England,Sheffield Wednesday,sheffield-weds,,\n"
    assert operator.json("clubs", "pending") == {"pending": []}

    done = operator.json("clubs", "alias", "England", "Sheffield Wednesday", "--new", "--seasons", "2425-")
    assert (done["team_id"], done["first_season"]) == ("england-sheffield-wednesday", "2024-25")
    assert resolved(operator)[1] == ("2024-25", "england-sheffield-wednesday")
    operator.run("clubs", "withdraw", "England", "Sheffield Wednesday")
    assert resolved(operator)[1] == ("2024-25", None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("England", "Foo"), "give either --of TEAM_ID or --new"),
        (("England", "Foo", "--new", "--of", "arsenal"), "give either --of TEAM_ID or --new"),
        (("England", "Foo", "--of", "arsenall"), "no club of England has the id 'arsenall'; nearest: arsenal"),
        (("Narnia", "Foo", "--new"), "'Narnia' is no country of a league"),
        (("England", "", "--new"), "no results file can hold the name"),
        (("England", "Ev\x07il", "--new"), "no results file can hold the name"),
        (("England", "x" * 101, "--new"), "no results file can hold the name"),
        (("England", "Foo", "--new", "--because", "a\x1b"), "no control characters"),
        (("England", "Foo", "--new", "--seasons", "2425-2324"), "runs backwards"),
        (("England", "Foo", "--new", "--seasons", "-"), "is no range of seasons"),
    ],
)
def test_a_decision_that_cannot_be_meant_is_a_usage_error(operator, arguments, said):
    assert said in " ".join(operator.run("clubs", "alias", *arguments, code=2).split())
