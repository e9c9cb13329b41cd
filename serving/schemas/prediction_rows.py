"""A prediction as one row of a table."""

from __future__ import annotations

from typing import Any

from serving.schemas.predictions import Prediction

COLUMNS = (
    *("match_id", "league", "season", "kickoff", "home_id", "home", "away_id", "away"),
    *("p_home", "p_draw", "p_away", "kind", "sealed", "model", "model_version", "as_of", "stale", "disclaimer"),
    *("home_display_name", "away_display_name"),
)


def flat(prediction: Prediction, stale: bool) -> dict[str, Any]:
    """By COLUMNS; without odds, whoever's they are."""
    return {
        "match_id": prediction.match_id,
        "league": prediction.league,
        "season": prediction.season,
        "kickoff": prediction.kickoff.isoformat(),
        "home_id": prediction.home.id,
        "home": prediction.home.name,
        "away_id": prediction.away.id,
        "away": prediction.away.name,
        "p_home": prediction.probabilities.home,
        "p_draw": prediction.probabilities.draw,
        "p_away": prediction.probabilities.away,
        "kind": prediction.kind,
        "sealed": str(prediction.sealed).lower(),
        "model": prediction.model.name,
        "model_version": prediction.model.version,
        "as_of": prediction.as_of.isoformat(),
        "stale": str(stale).lower(),
        "disclaimer": prediction.disclaimer,
        "home_display_name": prediction.home.display_name,
        "away_display_name": prediction.away.display_name,
    }
