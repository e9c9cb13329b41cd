"""A champion that live scores show to be worse gives way, once, and does not come back by tomorrow's refit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from footpred_dagster.core.archive.base import Archive
from footpred_dagster.core.models.baselines import BaseRate, EloLogit
from footpred_dagster.core.predictions.ledger import seal
from footpred_dagster.core.predictions.settlement import settle
from footpred_dagster.core.promotion.interventions import intervene
from footpred_dagster.core.promotion.live_rollback import demoted, roll_back_if_worse
from footpred_dagster.core.registry import promotions, versions
from footpred_dagster.core.statistics.bootstrap import week_start
from tests.support.features import judged_history
from tests.support.sealed import live
from tests.support.settled import play, stub_warehouse

NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=400)
HISTORY = judged_history(10)
GOOD = {"p_home": 0.6, "p_draw": 0.25, "p_away": 0.15}
BAD = {"p_home": 0.35, "p_draw": 0.35, "p_away": 0.3}


@pytest.fixture
def reign(connection: psycopg.Connection, archive: Archive) -> psycopg.Connection:
    """The Elo logit was champion, and the base rate is."""
    stub_warehouse(connection)
    for model in (elo(0.2), BaseRate([0.5, 0.3, 0.2])):
        version = versions.register(connection, archive, model, HISTORY, as_of=NOW, recipe="r1")
        promotions.promote(connection, version, as_of=NOW, actor="policy", because="test")
    return connection


def elo(home_advantage: float) -> EloLogit:
    return EloLogit([0.8, 0.0, -0.8], [home_advantage, 0.0, -home_advantage])


def predict(connection: psycopg.Connection, matches: int, champion: dict, shadow: dict) -> None:
    """Both predict live; home wins two matches in three, over twenty weeks; then all of it is settled."""
    for number in range(matches):
        match_id, kickoff = f"m{number}", NOW + timedelta(days=1 + number % 140)
        rows = [
            live(match_id=match_id, kickoff=kickoff, model_name="base_rate", **champion),
            live(match_id=match_id, kickoff=kickoff, model_name="elo_logit", role="challenger", **shadow),
        ]
        seal(connection, rows)
        play(connection, match_id, *((1, 0) if number % 3 else (0, 1)), kickoff=kickoff)
    settle(connection, LATER)


def test_worse_for_sure_over_twenty_weeks_ends_the_reign(reign, archive):
    predict(reign, 300, BAD, GOOD)
    why = roll_back_if_worse(reign, archive, LATER)
    assert why
    assert why.startswith("base_rate version 1 was rolled back to elo_logit version 1: live log-loss worse by 0.1")
    in_force = promotions.champion(reign)
    assert in_force
    assert in_force.name == "elo_logit"
    assert reign.execute("select decision, actor from models.promotions order by 1 desc limit 1").fetchall() == [
        ("rolled back", "live scores")
    ]


@pytest.mark.parametrize(("champion", "shadow"), [(GOOD, BAD), (GOOD, GOOD)])
def test_a_better_champion_or_an_equal_one_stays(reign, archive, champion, shadow):
    predict(reign, 300, champion, shadow)
    assert roll_back_if_worse(reign, archive, LATER) is None


def test_weeks_that_are_not_over_at_as_of_do_not_count(reign, archive):
    """Eleven whole weeks decide nothing, and neither does a twelfth that is being played."""
    predict(reign, 300, BAD, GOOD)
    first = week_start(NOW + timedelta(days=1))
    assert roll_back_if_worse(reign, archive, first + timedelta(weeks=11, days=6)) is None
    assert roll_back_if_worse(reign, archive, LATER)


def test_a_pinned_champion_stays_whatever_live_scores_say(reign, archive):
    predict(reign, 300, BAD, GOOD)
    intervene(reign, "pin", None, None, actor="somebody", because="test")
    assert roll_back_if_worse(reign, archive, LATER) is None


def test_the_recipe_is_barred_until_somebody_lets_it_back(reign, archive):
    predict(reign, 300, BAD, GOOD)
    roll_back_if_worse(reign, archive, LATER)
    assert list(demoted(reign)) == [("base_rate", "r1")]
    assert roll_back_if_worse(reign, archive, LATER) is None, "the one before has no reign yet to be judged by"
    barred = versions.find(reign, "base_rate", 1)
    intervene(reign, "unveto", barred.name, barred.version, actor="somebody", because="it was the data")
    assert demoted(reign) == {}


def test_predictions_from_before_the_reign_do_not_count(reign, archive):
    predict(reign, 300, BAD, GOOD)
    reign.execute("alter table models.promotions disable trigger all")
    reign.execute("update models.promotions set decided_at = now() + interval '1 day' where name = 'base_rate'")
    assert roll_back_if_worse(reign, archive, LATER) is None


@pytest.mark.parametrize("fault", ["smoke", "other contract", "gone"])
def test_a_newest_fit_that_may_not_serve_leaves_the_place_to_the_one_that_did(reign, archive, fault):
    """The candidate of the earlier champion's recipe may be anything by now."""
    profile = "smoke" if fault == "smoke" else "production"
    newest = versions.register(reign, archive, elo(0.3), HISTORY, as_of=NOW, recipe="r2", profile=profile)
    if fault == "other contract":
        reign.execute("update models.versions set fingerprint = 'old' where version = 2")
    if fault == "gone":
        next(archive.root.rglob(newest.artifact_sha256[2:])).unlink()
    predict(reign, 300, BAD, GOOD)
    why = roll_back_if_worse(reign, archive, LATER)
    assert why is not None
    assert why.startswith("base_rate version 1 was rolled back to elo_logit version 1")


def test_while_no_fit_of_the_earlier_recipe_may_serve_the_champion_stays_and_it_is_said(reign, archive):
    reign.execute("update models.versions set profile = 'smoke' where name = 'elo_logit'")
    predict(reign, 300, BAD, GOOD)
    why = roll_back_if_worse(reign, archive, LATER)
    assert why is not None
    assert why.startswith("base_rate version 1 stays though it is worse")
    assert why.endswith("elo_logit:1 may not serve: profile smoke")
    in_force = promotions.champion(reign)
    assert in_force
    assert in_force.name == "base_rate"
