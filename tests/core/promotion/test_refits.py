"""A refit beside the fit before it, on a real server and archive: what is compared, remembered and told."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from footpred_dagster.core.models.baselines import EloLogit
from footpred_dagster.core.promotion import refits
from footpred_dagster.core.promotion.fit_gates import Fitted
from footpred_dagster.core.registry import promotions, versions
from footpred_dagster.core.registry.decision import Decision, Verdict
from tests.support.features import judged_history

HISTORY = judged_history(40)
AUTUMN = datetime(2024, 9, 2, tzinfo=UTC)
SUMMER = datetime(2025, 7, 1, tzinfo=UTC)


@pytest.fixture
def fit(connection, archive):
    """Registers fits of one recipe; the home advantage tells them apart."""

    def fit(home_advantage: float = 0.2, as_of: datetime = SUMMER, **facts: str) -> versions.ModelVersion:
        model = EloLogit([0.8, 0.0, -0.8], [home_advantage, 0.0, -home_advantage])
        return versions.register(connection, archive, model, HISTORY, as_of=as_of, **{"recipe": "one", **facts})

    return fit


def crown(connection, version: versions.ModelVersion) -> None:
    promotions.promote(connection, version, as_of=SUMMER, actor="test", because="test")


def refuse(connection, version: versions.ModelVersion) -> None:
    verdicts = {version.name: [Verdict("refit", False, "moved"), Verdict("leak", False, "flag")]}
    refits.remember_refusals(connection, [version], verdicts)


def test_a_fit_is_compared_with_the_champion_of_its_recipe_and_the_champion_with_nothing(connection, archive, fit):
    first, second = fit(0.2), fit(0.3)
    crown(connection, first)
    assert refits.earlier_fit(connection, first) is None
    assert refits.earlier_fit(connection, second) == first
    assert refits.earlier_fit(connection, fit(0.4)) == first
    moved = refits.examine(connection, archive, second, HISTORY).moved
    assert moved is not None
    assert (moved.version, moved.season, moved.matches) == (1, "2024-25", 40)
    expected = abs(
        EloLogit([0.8, 0.0, -0.8], [0.3, 0.0, -0.3]).predict_proba(HISTORY[HISTORY["season"] == "2024-25"])
        - EloLogit([0.8, 0.0, -0.8], [0.2, 0.0, -0.2]).predict_proba(HISTORY[HISTORY["season"] == "2024-25"])
    ).max(axis=1).mean()  # fmt: skip
    assert moved.difference == pytest.approx(expected, abs=1e-6)


def test_a_challenger_is_compared_with_its_newest_fit_that_was_not_refused(connection, fit):
    first, second, third = fit(0.2), fit(0.3), fit(0.4)
    assert refits.earlier_fit(connection, third) == second
    refuse(connection, second)
    assert refits.earlier_fit(connection, third) == first
    refits.remember_refusals(connection, [second], {"elo_logit": [Verdict("refit", True, "near")]})
    assert refits.earlier_fit(connection, third) == second


@pytest.mark.parametrize("facts", [{"recipe": "other"}, {"profile": "smoke"}])
def test_fits_of_other_code_or_profile_are_not_compared(connection, fit, facts):
    crown(connection, fit(0.2, **facts))
    assert refits.earlier_fit(connection, fit(0.3)) is None


def test_the_season_is_one_that_both_fits_trained_on(connection, archive, fit):
    crown(connection, fit(0.2, AUTUMN))
    moved = refits.examine(connection, archive, fit(0.3), HISTORY).moved
    assert moved is not None
    assert moved.season == "2023-24"
    nothing_whole = HISTORY.assign(whole=False)
    assert refits.examine(connection, archive, fit(0.3), nothing_whole).moved is None


def test_a_bundle_that_is_gone_is_a_problem_and_stops_nobody_else(connection, archive, fit):
    first, second = fit(0.2), fit(0.3)
    crown(connection, first)
    next(archive.root.rglob(second.artifact_sha256[2:])).unlink()
    found = refits.examine(connection, archive, second, HISTORY)
    assert found.problem is not None
    assert second.artifact_sha256 in found.problem
    assert refits.examine(connection, archive, first, HISTORY) == Fitted(temperatures={"elo_logit": 1.0})


def test_refusals_in_a_row_are_counted_from_the_newest(connection, fit):
    assert refits.refused_in_a_row(connection) == []
    first = fit(0.2)
    promotions.record_decision(connection, Decision("elo_logit", {}, "best"), as_of=SUMMER)
    refuse(connection, fit(0.3))
    assert refits.refused_in_a_row(connection) == [(2, "moved")]
    refuse(connection, fit(0.4))
    assert refits.refused_in_a_row(connection) == [(3, "moved"), (2, "moved")]
    fit(0.5)
    assert refits.refused_in_a_row(connection) == []
    crown(connection, first)


def test_a_refused_fit_takes_over_by_no_rollback_unless_it_was_promoted_by_hand(connection, archive, fit):
    first, second = fit(0.2), fit(0.3)
    crown(connection, first)
    refuse(connection, second)
    back, reasons = refits.heir(connection, archive, [second, first])
    assert (back, reasons) == (first, ["elo_logit:2 may not serve: the fit was refused: moved"])
    crown(connection, second)
    assert refits.heir(connection, archive, [second, first]) == (second, [])
