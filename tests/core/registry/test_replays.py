"""A run about the past on a home that serves: it decides, and nothing that is served or shown moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from footpred_dagster.core.evaluation import tables
from footpred_dagster.core.models.recipes import recipe_version
from footpred_dagster.core.promotion import policy, selection
from footpred_dagster.core.registry import last_decision, promotions, replays, versions
from footpred_dagster.core.registry.decision import Decision
from footpred_dagster.core.training import train
from tests.support.features import judged_history

FRAME = judged_history(100).assign(
    home_id=lambda frame: [f"club{number % 40}" for number in range(len(frame))],
    away_id=lambda frame: [f"club{(number + 7) % 40}" for number in range(len(frame))],
)
SUMMER = datetime(2025, 7, 1, tzinfo=UTC)
YEAR_BEFORE = datetime(2024, 7, 1, tzinfo=UTC)
NAMES = ("base_rate", "strength_logit")
SHOWN = ("models.candidates", "models.walk_forward", "models.evaluation", "models.slices", "models.comparisons")


def run(connection: psycopg.Connection, archive: Any, as_of: datetime) -> versions.ModelVersion | None:
    """What the assets of the models do, in their order; returns the champion in force after it."""
    frame = FRAME[FRAME["kickoff"] < as_of]
    for name in NAMES:
        train.train(connection, archive, name, frame, as_of)
    tables.score_candidates(connection, frame, as_of)
    decision, _ = selection.choose(connection, archive, frame, as_of, NAMES)
    return replays.record_decision(connection, decision, as_of)


def shown(connection: psycopg.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Rows of the tables that are served or shown; of predictions those of recipes as they are in the code."""
    found = {}
    for table in SHOWN:
        rows = connection.execute(f"select * from {table}".encode()).fetchall()
        found[table] = sorted((row for row in rows if not any("replay" in str(cell) for cell in row)), key=repr)
    return found


@pytest.fixture(autouse=True)
def _lenient_gates(monkeypatch) -> None:
    """Whether made-up matches make a calibrated model is not asked here."""
    monkeypatch.setattr(policy, "GATES", ())


@pytest.fixture
def served(connection, archive) -> versions.ModelVersion:
    champion = run(connection, archive, SUMMER)
    assert champion is not None
    assert champion.as_of == SUMMER
    return champion


def test_a_run_about_the_past_decides_and_promotes_nobody(connection, archive, served):
    before = shown(connection)
    assert run(connection, archive, YEAR_BEFORE) == promotions.champion(connection) == served
    assert shown(connection) == before
    decision, name, version, as_of = connection.execute(
        "select decision, name, version, as_of from models.promotions order by promotion_id desc limit 1"
    ).fetchone()
    assert (decision, as_of) == ("replay", YEAR_BEFORE)
    told = replays.champion(connection, YEAR_BEFORE)
    assert told is not None
    assert (told.name, told.version, told.as_of) == (name, version, YEAR_BEFORE)
    assert told.training_rows < served.training_rows
    assert replays.champion(connection, SUMMER) == served


def test_a_replay_is_judged_on_the_seasons_that_were_complete_then(connection, archive, served):
    run(connection, archive, YEAR_BEFORE)
    stored = connection.execute(
        "select max(season) from models.walk_forward where model = 'strength_logit' and recipe like 'replay %'"
    ).fetchone()
    assert stored == ("2023-24",)


def test_the_next_run_of_the_present_goes_on_as_if_nothing_had_been(connection, archive, served):
    run(connection, archive, YEAR_BEFORE)
    assert run(connection, archive, SUMMER + timedelta(days=1)) == served
    left = connection.execute("select distinct recipe from models.walk_forward order by 1").fetchall()
    assert left == sorted((recipe_version(name),) for name in NAMES)


def test_the_same_instant_again_is_no_replay(connection, archive, served):
    assert not last_decision.is_about_the_past(connection, SUMMER)
    assert run(connection, archive, SUMMER) == served
    last = connection.execute("select decision from models.promotions order by promotion_id desc limit 1").fetchone()
    assert last == ("kept",)


@pytest.mark.parametrize(("actor", "as_of"), [("ann", datetime.now(UTC)), ("policy", datetime(2100, 1, 1, tzinfo=UTC))])
def test_what_people_decide_and_what_lies_in_the_future_is_never_the_newest(connection, archive, served, actor, as_of):
    promotions.record_decision(connection, Decision(None, {}, "test"), as_of=as_of, actor=actor)
    assert last_decision.newest_decision(connection) == SUMMER
    assert last_decision.shown_as_of(connection, YEAR_BEFORE) == SUMMER


def test_a_home_without_a_decision_replays_nothing(connection):
    assert last_decision.newest_decision(connection) is None
    assert not last_decision.is_about_the_past(connection, YEAR_BEFORE)
    assert last_decision.shown_as_of(connection, YEAR_BEFORE) == YEAR_BEFORE


def test_a_decision_in_the_future_is_refused_whoever_starts_the_run(connection, archive):
    with pytest.raises(last_decision.StillToCome, match="is still to come"):
        replays.record_decision(connection, Decision(None), datetime.now(UTC) + timedelta(minutes=11))
    assert last_decision.newest_decision(connection) is None
