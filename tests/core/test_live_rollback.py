"""A champion that live scores show to be worse gives way, once, and does not come back by tomorrow's refit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from footpred_dagster.core import registry
from footpred_dagster.core.comparison import week_start
from footpred_dagster.core.ledger import seal
from footpred_dagster.core.settlement import settle
from footpred_dagster.core.succession import demoted, roll_back_if_worse
from tests.support.sealed import live
from tests.support.settled import play, stub_warehouse

NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=400)
GOOD = {"p_home": 0.6, "p_draw": 0.25, "p_away": 0.15}
BAD = {"p_home": 0.35, "p_draw": 0.35, "p_away": 0.3}


@pytest.fixture
def reign(connection: psycopg.Connection) -> psycopg.Connection:
    """The Elo logit was champion, and the stack is."""
    stub_warehouse(connection)
    for name in ("elo_logit", "stack"):
        connection.execute(
            """
            insert into models.versions (name, version, fingerprint, artifact_sha256, as_of, training_rows, profile,
                recipe) values (%s, 1, 'f', %s, now(), 1, 'production', 'r1')
            """,
            [name, name],
        )
        connection.execute("insert into models.candidates (name, version) values (%s, 1)", [name])
        version = registry.find(connection, name, 1)
        assert version
        registry.promote(connection, version, as_of=NOW, actor="policy", because="test")
    return connection


def predict(connection: psycopg.Connection, matches: int, champion: dict, shadow: dict) -> None:
    """Both predict live; home wins two matches in three, over twenty weeks; then all of it is settled."""
    for number in range(matches):
        match_id, kickoff = f"m{number}", NOW + timedelta(days=1 + number % 140)
        rows = [
            live(match_id=match_id, kickoff=kickoff, model_name="stack", **champion),
            live(match_id=match_id, kickoff=kickoff, model_name="elo_logit", role="challenger", **shadow),
        ]
        seal(connection, rows)
        play(connection, match_id, *((1, 0) if number % 3 else (0, 1)), kickoff=kickoff)
    settle(connection, LATER)


def test_worse_for_sure_over_twenty_weeks_ends_the_reign(reign):
    predict(reign, 300, BAD, GOOD)
    why = roll_back_if_worse(reign, LATER)
    assert why
    assert why.startswith("stack version 1 gave way to elo_logit version 1: live log-loss worse by 0.1")
    in_force = registry.champion(reign)
    assert in_force
    assert in_force.name == "elo_logit"
    assert reign.execute("select decision, actor from models.promotions order by 1 desc limit 1").fetchall() == [
        ("rolled back", "live scores")
    ]


@pytest.mark.parametrize(("champion", "shadow"), [(GOOD, BAD), (GOOD, GOOD)])
def test_a_better_champion_or_an_equal_one_stays(reign, champion, shadow):
    predict(reign, 300, champion, shadow)
    assert roll_back_if_worse(reign, LATER) is None


def test_weeks_that_are_not_over_at_as_of_do_not_count(reign):
    """Eleven whole weeks decide nothing, and neither does a twelfth that is being played."""
    predict(reign, 300, BAD, GOOD)
    first = week_start(NOW + timedelta(days=1))
    assert roll_back_if_worse(reign, first + timedelta(weeks=11, days=6)) is None
    assert roll_back_if_worse(reign, LATER)


def test_a_pinned_champion_stays_whatever_live_scores_say(reign):
    predict(reign, 300, BAD, GOOD)
    registry.intervene(reign, "pin", None, actor="somebody", because="test")
    assert roll_back_if_worse(reign, LATER) is None


def test_the_recipe_is_barred_until_somebody_lets_it_back(reign):
    predict(reign, 300, BAD, GOOD)
    roll_back_if_worse(reign, LATER)
    assert list(demoted(reign)) == [("stack", "r1")]
    assert roll_back_if_worse(reign, LATER) is None, "the one before has no reign yet to be judged by"
    stack = registry.find(reign, "stack", 1)
    registry.intervene(reign, "unveto", stack, actor="somebody", because="it was the data")
    assert demoted(reign) == {}


def test_predictions_from_before_the_reign_do_not_count(reign):
    predict(reign, 300, BAD, GOOD)
    reign.execute("alter table models.promotions disable trigger all")
    reign.execute("update models.promotions set decided_at = now() + interval '1 day' where name = 'stack'")
    assert roll_back_if_worse(reign, LATER) is None
