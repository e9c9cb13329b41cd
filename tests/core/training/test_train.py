"""What models may learn from, before anything is built: main divisions' matches before as_of."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest

from footpred_dagster.core.evaluation import stored_predictions
from footpred_dagster.core.models.recipes import ALL_RECIPES, recipe_version
from footpred_dagster.core.registry import versions
from footpred_dagster.core.training import train
from footpred_dagster.core.training.train import can_learn
from tests.support.features import judged_history

AS_OF = datetime(2024, 8, 17, 12, tzinfo=UTC)
SUMMER = datetime(2025, 7, 1, tzinfo=UTC)


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


def test_a_smoke_fit_leaves_what_the_production_fit_predicted_as_it_was(connection, archive, monkeypatch):
    frame = judged_history()
    monkeypatch.setattr(train, "SMOKE_MATCHES", 400)
    whole = train.train(connection, archive, "elo_logit", frame, SUMMER)
    smoke = train.train(connection, archive, "elo_logit", frame, SUMMER, "smoke")
    assert (smoke.version.profile, smoke.version.training_rows) == ("smoke", 400)
    stored = stored_predictions.stored_predictions(connection, frame)["elo_logit"]
    pd.testing.assert_frame_equal(stored, whole.predictions.sort_index(), check_dtype=False)
    assert versions.candidate(connection, "elo_logit") == smoke.version


def test_a_recipe_has_a_version_of_its_own_even_where_two_share_their_code():
    assert len({recipe_version(name) for name in ALL_RECIPES}) == len(ALL_RECIPES)
