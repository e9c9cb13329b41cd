"""``footpred quarantine`` as a user types it."""

from __future__ import annotations

import psycopg
import pytest

from tests.support.command import Home

ROWS = """
    insert into raw.quarantine (partition_key, path, sha256, line, "column", reason, value, dropped) values
        ('E0|2023-24', 'mmz4281/2324/E0.csv', 'a', 52, 'HTHG', 'row_not_aligned', '[red]M Dean', false),
        ('E0|2022-23', 'mmz4281/2223/E0.csv', 'b', 9, 'HomeTeam', 'bad_name', '', true),
        ('NOR|2023', 'new/NOR.csv', 'c', 7, 'Date', 'bad_date', 'soon', true)
"""


@pytest.fixture
def user(database_url, tmp_path):
    with psycopg.connect(database_url) as connection:
        connection.execute(ROWS)
    return Home(tmp_path, {"FOOTPRED_DATABASE_URL": database_url})


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        ((), [52, 7, 9]),
        (("--league", "E0"), [52, 9]),
        (("--season", "2324"), [52, 7]),
        (("--reason", "bad_name"), [9]),
        (("--league", "E1"), []),
    ],
)
def test_every_entry_is_listed_the_newest_season_first(user, arguments, lines):
    assert [entry["line"] for entry in user.json("quarantine", *arguments)["quarantined"]] == lines


def test_people_get_a_table_and_are_told_when_there_is_nothing(user):
    listed = user.run("quarantine", "--league", "E0")
    assert "mmz4281/2324/E0.csv" in listed
    assert "[red]M Dean" in listed
    assert user.run("quarantine", "--league", "E1") == "nothing is quarantined\n"
