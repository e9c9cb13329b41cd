"""The contract between feature tables and models: an allow-list, and the fingerprint stored with every model.

A column that is not listed here does not reach a model, whatever the tables hold. ``dbt_project`` states names and
types once more as an enforced dbt contract; a test holds the two together.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass

from footpred_dagster.core.domain import MAIN_LEAGUES

LEAGUES = tuple(MAIN_LEAGUES)
"""Models know a league by its place here; any other is -1."""

BEFORE_THE_DAY = "matches dated before the match's own UK date"


@dataclass(frozen=True, slots=True)
class Feature:
    """One column a model may read. ``as_of`` says which facts it may be made of."""

    name: str
    dtype: str
    nullable: bool
    meaning: str
    as_of: str = BEFORE_THE_DAY


IDENTITY = ("match_id", "league", "season", "kickoff", "latest_input")
"""Every feature row carries these; of them only ``league`` may be read by a model."""

WINDOWS = (5, 10)
FORM = {
    "points": "points won (3 for a win, 1 for a draw), mean per match",
    "goals_for": "goals scored, mean per match",
    "goals_against": "goals conceded, mean per match",
    "shots_on_target_for": "shots on target, mean per match that has the statistic",
    "shots_on_target_against": "shots on target conceded, mean per match that has the statistic",
}


def _form_features() -> list[Feature]:
    return [
        Feature(f"{side}_{metric}_last_{window}", "double precision", True, f"{side} team, last {window}: {meaning}")
        for side in ("home", "away")
        for window in WINDOWS
        for metric, meaning in FORM.items()
    ]


FEATURES: tuple[Feature, ...] = (
    Feature("home_elo", "double precision", False, "Elo rating of the home team"),
    Feature("away_elo", "double precision", False, "Elo rating of the away team"),
    Feature("elo_difference", "double precision", False, "home_elo - away_elo, home advantage not included"),
    Feature("home_attack", "double precision", False, "attack of the home team, log-rate"),
    Feature("home_defence", "double precision", False, "defence of the home team, log-rate"),
    Feature("away_attack", "double precision", False, "attack of the away team, log-rate"),
    Feature("away_defence", "double precision", False, "defence of the away team, log-rate"),
    Feature("home_log_goals", "double precision", False, "logarithm of the pseudo-goals expected of the home team"),
    Feature("away_log_goals", "double precision", False, "logarithm of the pseudo-goals expected of the away team"),
    Feature("log_goals_difference", "double precision", False, "home_log_goals - away_log_goals"),
    Feature("log_goals_variance", "double precision", False, "variance of log_goals_difference: how little is known"),
    Feature("home_matches_played", "bigint", False, "matches of the home team on record (coverage)"),
    Feature("away_matches_played", "bigint", False, "matches of the away team on record (coverage)"),
    Feature("home_rest_days", "integer", True, "days since the home team's latest match"),
    Feature("away_rest_days", "integer", True, "days since the away team's latest match"),
    *_form_features(),
)

FEATURE_NAMES = tuple(feature.name for feature in FEATURES)


BELIEVABLE: dict[str, tuple[float, float]] = {
    "elo": (500, 2500),
    "elo_difference": (-1500, 1500),
    "attack": (-3, 3),
    "defence": (-3, 3),
    "log_goals": (-3, 2.5),
    "log_goals_difference": (-5, 5),
    "log_goals_variance": (0, 1),
    "matches_played": (0, 5000),
    "rest_days": (1, 20_000),
    "points": (0, 3),
    "goals_for": (0, 20),
    "goals_against": (0, 20),
    "shots_on_target_for": (0, 100),
    "shots_on_target_against": (0, 100),
}
"""Ranges outside of which a value is a fault and not football, by what the feature measures. Seen in 32 seasons:
ratings of 745 to 2035, differences up to 1011, 1471 matches, 9583 days, 6.2 goals and 19 shots on target a match."""


def believable(name: str) -> tuple[float, float]:
    """Lowest and highest value of feature ``name``; KeyError for one that measures something new."""
    return BELIEVABLE[re.sub(r"^(home|away)_|_last_\d+$", "", name)]


def fingerprint() -> str:
    """Twelve hex digits that change when a name, type, nullability, meaning or as-of rule does, or a league's place."""
    text = json.dumps([[asdict(feature) for feature in FEATURES], LEAGUES], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
