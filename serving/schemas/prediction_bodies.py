"""From rows of what is served to answers that are encoded already: a request joins bytes and nothing else."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import numpy as np

from footpred_dagster.core.domain import scorelines
from serving.schemas.predictions import Goals, Model, Outcomes, OverUnder, Prediction, Scoreline
from serving.schemas.problem import Team

LIKELIEST = 6
DIGITS = 4
TAIL = b',"stale":false,"data_age_seconds":null}'
"""How every encoded prediction ends; what changes by the second stands there."""

NOT_LISTED = "no longer listed: the source has taken the match off its list of fixtures and gives no result of it"

log = logging.getLogger("footpred.service")
encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class Answer:
    """``head``: the encoded prediction up to ``stale``. ``etag``: of the head alone, hence weak.

    ``confidence``: probability of the likeliest outcome.
    """

    prediction: Prediction
    odds: Outcomes | None
    head: bytes
    etag: str
    confidence: float


def tail(stale: bool, age: int | None) -> bytes:
    """What follows the head of every answer at one moment."""
    seconds = b"null" if age is None else b"%d" % age
    return b',"stale":' + (b"true" if stale else b"false") + b',"data_age_seconds":' + seconds + b"}"


def head_of(prediction: Prediction) -> bytes:
    return encoder.encode(prediction)[: -len(TAIL)]


def answers(rows: Sequence[Mapping[str, Any]], named: Callable[[str, str], Team]) -> list[Answer]:
    """Of rows of ``predictions.served``; ``named`` makes a team of an id and the source's name."""
    return [_answer(row, goals, named) for row, goals in zip(rows, _goals(rows), strict=True)]


def _answer(row: Mapping[str, Any], goals: Goals | None, named: Callable[[str, str], Team]) -> Answer:
    probabilities = outcomes(row["p_home"], row["p_draw"], row["p_away"])
    prediction = Prediction(
        match_id=row["match_id"],
        league=row["league"],
        season=row["season"],
        kickoff=row["kickoff"],
        kickoff_known=row["kickoff_known"],
        home=named(row["home_id"], row["home_name"]),
        away=named(row["away_id"], row["away_name"]),
        probabilities=probabilities,
        fair_odds=fair(probabilities),
        goals=goals,
        reasons=row["reasons"],
        note=None if row["listed"] else NOT_LISTED,
        kind=row["kind"],
        sealed=True,
        seq=row["seq"],
        model=Model(row["model_name"], row["model_version"]),
        as_of=row["as_of"],
        latest_input=row["latest_input"],
        sealed_at=row["sealed_at"],
    )
    head = head_of(prediction)
    odds = [row[f"odds_{side}"] for side in ("home", "draw", "away")]
    confidence = max(row["p_home"], row["p_draw"], row["p_away"])
    return Answer(prediction, None if None in odds else outcomes(*odds), head, f'W/"{_digest(head)}"', confidence)


def outcomes(home: float, draw: float, away: float) -> Outcomes:
    return Outcomes(home, draw, away)


def fair(probabilities: Outcomes) -> Outcomes:
    """Odds without margin, to the cent."""
    return outcomes(*(round(1 / value, 2) for value in (probabilities.home, probabilities.draw, probabilities.away)))


def ad_hoc(
    league: str,
    home: Team,
    away: Team,
    kickoff: datetime,
    probabilities: Sequence[float],
    model: Model,
    as_of: datetime,
    latest_input: datetime | None,
) -> Prediction:
    """A prediction made on the spot."""
    chances = outcomes(*probabilities)
    return Prediction(
        match_id=None,
        league=league,
        season=None,
        kickoff=kickoff,
        kickoff_known=True,
        home=home,
        away=away,
        probabilities=chances,
        fair_odds=fair(chances),
        goals=None,
        reasons=None,
        note="made on request and not sealed: goals and reasons come with sealed predictions only",
        kind="ad-hoc",
        sealed=False,
        seq=None,
        model=model,
        as_of=as_of,
        latest_input=latest_input,
        sealed_at=None,
    )


def _goals(rows: Sequence[Mapping[str, Any]]) -> list[Goals | None]:
    """What the goals model says of each row; None where it said nothing."""
    told = [place for place, row in enumerate(rows) if row["rate_home"] is not None]
    found: list[Goals | None] = [None] * len(rows)
    if not told:
        return found
    rates = np.array([[rows[place]["rate_home"], rows[place]["rate_away"]] for place in told])
    correction = np.array([rows[place]["rate_correction"] for place in told])
    chances = np.array([[rows[place][f"p_{side}"] for side in ("home", "draw", "away")] for place in told])
    try:
        grid = scorelines.grid(rates, correction, chances)
    except scorelines.InvalidScorelines as error:
        log.warning("no scorelines: %s", error)
        return found
    expected, both = scorelines.expected_goals(grid), scorelines.both_score(grid)
    sides = scorelines.over_under(grid)
    goals, likely = scorelines.top_scores(grid, LIKELIEST)
    for row, place in enumerate(told):
        home_goals, away_goals, either = (round(float(value), DIGITS) for value in (*expected[row], both[row]))
        found[place] = Goals(
            home_goals,
            away_goals,
            either,
            [
                OverUnder(line, round(float(over), DIGITS), round(float(under), DIGITS))
                for line, (over, under) in zip(scorelines.LINES, sides[row], strict=True)
            ],
            [
                Scoreline(int(home), int(away), round(float(chance), DIGITS))
                for (home, away), chance in zip(goals[row], likely[row], strict=True)
            ],
        )
    return found


def _digest(head: bytes) -> str:
    return hashlib.sha256(head).hexdigest()[:20]
