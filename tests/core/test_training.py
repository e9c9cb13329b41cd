"""What models may learn from, before anything is built: main divisions' matches before as_of."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from footpred_dagster.core.training import can_learn

AS_OF = datetime(2024, 8, 17, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("league", "day", "goals", "expected"),
    [
        ("E0", "2024-08-16", 1, True),
        ("E0", "2024-08-17", 1, False),
        ("E0", "2024-08-16", None, False),
        ("ARG-COPA", "2024-08-16", 1, False),
    ],
)
def test_only_a_played_match_of_a_main_division_before_as_of_teaches_anything(connection, league, day, goals, expected):
    assert not can_learn(connection, AS_OF)
    connection.execute(
        """
        insert into raw.matches (partition_key, league, season, line, match_date, home, away, home_goals, away_goals)
        values ('x', %s, '2024-25', 2, %s, 'A', 'B', %s, %s)
        """,
        [league, day, goals, goals],
    )
    assert can_learn(connection, AS_OF) == expected
