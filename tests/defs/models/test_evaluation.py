"""The check on the evaluation: what it says of scores, and of scores that are not there."""

from __future__ import annotations

import psycopg
import pytest


@pytest.fixture
def verdict(own_warehouse, database_url):
    """The check's result where these models have these log-losses in the selection window."""
    from footpred_dagster.defs.models.evaluation import elo_beats_the_base_rate  # reads the home

    def verdict(losses: dict[str, float]):
        with psycopg.connect(database_url, autocommit=True) as connection:
            for model, loss in losses.items():
                connection.execute(
                    """
                    insert into models.evaluation
                        (model, "window", league, seasons, n, log_loss, rps, brier, ece, accuracy, se)
                    values (%s, 'selection', 'all', '2324', 380, %s, 0.2, 0.6, 0.01, 0.5, 0.01)
                    """,
                    [model, loss],
                )
        return elo_beats_the_base_rate(warehouse=own_warehouse)

    return verdict


@pytest.mark.parametrize(("elo", "passed"), [(1.02, True), (1.08, False)])
def test_elo_is_to_beat_the_base_rate(verdict, elo, passed):
    assert verdict({"elo_logit": elo, "base_rate": 1.07}).passed is passed


def test_a_model_without_predictions_of_todays_code_is_named_with_the_way_out(verdict):
    """After an upgrade, until both are trained again: one alone may be materialized in the UI."""
    found = verdict({"base_rate": 1.07})
    assert not found.passed
    assert "selection: no predictions of today's code; materialize models/elo_logit" in found.description
