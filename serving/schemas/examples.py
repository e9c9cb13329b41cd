"""Examples for the description."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from litestar.openapi.spec import Example

from serving.schemas.predictions import Goals, Model, Outcomes, OverUnder, Prediction, Scoreline
from serving.schemas.problem import ProblemDetails, Team

SEALED = Prediction(
    match_id="57922350ae17bb73",
    league="E0",
    season="2026-27",
    kickoff=datetime(2027, 1, 2, 15, tzinfo=UTC),
    kickoff_known=True,
    home=Team("arsenal", "Arsenal", "Arsenal"),
    away=Team("chelsea", "Chelsea", "Chelsea"),
    probabilities=Outcomes(0.52, 0.25, 0.23),
    fair_odds=Outcomes(1.92, 4.0, 4.35),
    goals=Goals(1.68, 1.05, 0.53, [OverUnder(2.5, 0.51, 0.49)], [Scoreline(1, 1, 0.12), Scoreline(1, 0, 0.11)]),
    reasons={"strength": 0.41, "home advantage": 0.38, "form": -0.06},
    note=None,
    kind="live",
    sealed=True,
    seq=1204,
    model=Model("stack", 3),
    as_of=datetime(2026, 12, 31, 6, tzinfo=UTC),
    latest_input=datetime(2026, 12, 28, 20, tzinfo=UTC),
    sealed_at=datetime(2026, 12, 31, 6, 0, 1, tzinfo=UTC),
    data_age_seconds=5400,
)
UNKNOWN_TEAM = ProblemDetails(
    "urn:footpred:problem:unknown-team",
    "No team goes by this name",
    404,
    "no team of E0 has this name",
    request_id="38125eb7df4e1cd6",
    suggestions=[Team("arsenal", "Arsenal", "Arsenal")],
)


def example(name: str, summary: str, value: msgspec.Struct) -> Example:
    return Example(id=name, summary=summary, value=msgspec.to_builtins(value))
