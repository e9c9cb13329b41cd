"""Pins and vetoes on a real server: whom a veto is of, and for how long."""

from __future__ import annotations

import psycopg
import pytest

from footpred_dagster.core.models.baselines import EloLogit
from footpred_dagster.core.promotion.interventions import intervene, pinned, vetoes
from footpred_dagster.core.registry import versions
from tests.support.features import judged_history

HISTORY = judged_history(10)
SUMMER = HISTORY["kickoff"].max()


@pytest.fixture
def fit(connection, archive):
    def fit(home_advantage: float, recipe: str = "one") -> versions.ModelVersion:
        model = EloLogit([0.8, 0.0, -0.8], [home_advantage, 0.0, -home_advantage])
        return versions.register(connection, archive, model, HISTORY, as_of=SUMMER, recipe=recipe)

    return fit


def say(connection: psycopg.Connection, kind: str, version: int | None = None) -> None:
    intervene(connection, kind, "elo_logit", version, actor="ann", because=f"{kind} {version}")


def vetoed(connection: psycopg.Connection) -> list[int]:
    return sorted(version for _, version in vetoes(connection))


def test_the_newest_of_pin_and_unpin_counts(connection):
    assert not pinned(connection)
    for kind, expected in (("pin", True), ("unpin", False), ("pin", True)):
        intervene(connection, kind, None, None, actor="ann", because=kind)
        assert pinned(connection) is expected


def test_a_veto_of_a_version_holds_over_its_refits_and_for_no_other_code(connection, fit):
    fit(0.1)
    say(connection, "veto", 1)
    fit(0.2)
    fit(0.3, recipe="other code")
    assert vetoes(connection) == {("elo_logit", 1): "veto 1", ("elo_logit", 2): "veto 1"}
    say(connection, "unveto", 2)
    assert vetoed(connection) == []


def test_a_veto_of_a_recipe_is_of_every_fit_of_that_name(connection, fit):
    fit(0.1)
    say(connection, "veto")
    fit(0.2, recipe="other code")
    assert vetoed(connection) == [1, 2]
    say(connection, "unveto", 2)
    assert vetoed(connection) == [1]
    say(connection, "unveto")
    assert vetoed(connection) == []


def test_fits_of_unknown_code_are_vetoed_one_by_one(connection, fit):
    fit(0.1, recipe="")
    fit(0.2, recipe="")
    say(connection, "veto", 1)
    assert vetoed(connection) == [1]


def test_what_people_said_is_never_taken_away(connection, fit):
    fit(0.1)
    say(connection, "veto", 1)
    with pytest.raises(psycopg.errors.RestrictViolation):
        connection.execute("delete from models.interventions")


def test_a_veto_of_nobody_is_refused(connection):
    with pytest.raises(psycopg.errors.CheckViolation):
        intervene(connection, "veto", None, None, actor="ann", because="x")
