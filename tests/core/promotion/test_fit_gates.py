"""The fit that would be served: what refuses it, on either side of each bound."""

from __future__ import annotations

import pytest

from footpred_dagster.core.promotion.fit_gates import FIT_GATES, Fitted, Moved, may_serve
from tests.support.forecasts import CONTRACT, contender, faults, judge, knowing, reigning


def failed(vetoed: dict[tuple[str, int], str] | None = None, **facts: object) -> dict[str, str]:
    """Gates that a fit of these facts does not pass, with what each says."""
    verdicts = may_serve(contender("stack", **facts), CONTRACT, vetoed or {})
    return {verdict.gate: verdict.says for verdict in verdicts if not verdict.passed}


@pytest.mark.parametrize(
    ("temperatures", "passes"),
    [
        ({}, True),
        ({"xgboost": 0.85, "dixon_coles": 1.15}, True),
        ({"xgboost": 0.8499, "dixon_coles": 1.0}, False),
        ({"xgboost": 1.0, "dixon_coles": 1.1501}, False),
        ({"xgboost": float("nan")}, False),
    ],
)
def test_a_fit_with_a_temperature_beyond_the_bounds_is_refused(temperatures, passes):
    found = failed(fitted=Fitted(temperatures=temperatures))
    assert set(found) == (set() if passes else {"temperature"})


def test_only_the_temperature_that_is_wrong_is_named():
    says = failed(fitted=Fitted(temperatures={"xgboost": 2.0, "dixon_coles": 1.0}))["temperature"]
    assert says == "temperature xgboost 2.000: 0.85 to 1.15 is allowed"


@pytest.mark.parametrize(("difference", "passes"), [(0.0, True), (0.02, True), (0.0201, False), (float("nan"), False)])
def test_a_fit_far_from_the_one_before_it_is_refused(difference, passes):
    found = failed(fitted=Fitted(moved=Moved(3, "2023-24", 8012, difference)))
    assert set(found) == (set() if passes else {"refit"})
    if difference == 0.0201:
        assert found["refit"] == (
            "probabilities of 8012 matches of 2023-24 differ from version 3's by 0.0201 on average, "
            "at most 0.02 is allowed"
        )


def test_a_bundle_that_does_not_answer_is_refused_and_nothing_is_asked_of_its_temperatures():
    assert failed(fitted=Fitted(problem="stack: model.onnx does not load")) == {
        "bundle": "stack: model.onnx does not load"
    }


@pytest.mark.parametrize(
    ("facts", "gate"), [({"profile": "smoke"}, "profile"), ({"fingerprint": "another"}, "contract")]
)
def test_smoke_fits_and_fits_of_another_contract_may_not_serve(facts, gate):
    assert set(failed(**facts)) == {gate}


def test_a_vetoed_version_may_not_serve_and_its_reason_is_given():
    assert failed({("stack", 1): "draws look wrong"}) == {"veto": "vetoed: draws look wrong"}
    assert failed({("stack", 2): "draws look wrong"}) == {}


@pytest.mark.parametrize(
    ("fitted", "gate"),
    [
        (Fitted(problem="gone"), "bundle"),
        (Fitted(temperatures={"stack": 2.0}), "temperature"),
        (Fitted(moved=Moved(1, "2023-24", 10, 0.3)), "refit"),
    ],
)
def test_a_refit_of_the_champions_recipe_that_is_unfit_leaves_the_earlier_fit(fitted, gate):
    """However good its recipe has been out of season."""
    champion = reigning(knowing(0.3), name="stack")
    decision = judge(incumbent=champion, facts={"fitted": fitted}, stack=knowing(0.3))
    assert (decision.winner, faults(decision, "stack")) == (None, [gate])
    assert gate in FIT_GATES
    assert judge(incumbent=champion, stack=knowing(0.3)).winner == "stack"
