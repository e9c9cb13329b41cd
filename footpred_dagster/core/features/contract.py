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


IDENTITY = ("match_id", "league", "season", "kickoff", "latest_input", "is_played")
"""Every feature row carries these; of them only ``league`` may be read by a model."""

WINDOWS = (5, 10)
FORM = {
    "points": "points won (3 for a win, 1 for a draw), mean per match",
    "goals_for": "goals scored, mean per match",
    "goals_against": "goals conceded, mean per match",
    "shots_on_target_for": "shots on target, mean per match that has the statistic",
    "shots_on_target_against": "shots on target conceded, mean per match that has the statistic",
}
VENUE_WINDOW = 10
VENUE_FORM = ("points", "goals_for", "goals_against")
SIDES = ("home", "away")
STATISTICS = {"shots_on_target": "shots on target", "shots": "shots", "corners": "corners"}


def _ratings() -> list[Feature]:
    number = "double precision"
    return [
        Feature("home_elo", number, False, "Elo rating of the home team"),
        Feature("away_elo", number, False, "Elo rating of the away team"),
        Feature("elo_difference", number, False, "home_elo - away_elo, home advantage not included"),
        Feature("home_pi", number, False, "pi-rating of the home team at home"),
        Feature("away_pi", number, False, "pi-rating of the away team away from home"),
        Feature("pi_difference", number, False, "goal difference expected by pi-ratings, home - away"),
        Feature("home_attack", number, False, "attack of the home team, log-rate"),
        Feature("home_defence", number, False, "defence of the home team, log-rate"),
        Feature("away_attack", number, False, "attack of the away team, log-rate"),
        Feature("away_defence", number, False, "defence of the away team, log-rate"),
        Feature("home_log_goals", number, False, "logarithm of the pseudo-goals expected of the home team"),
        Feature("away_log_goals", number, False, "logarithm of the pseudo-goals expected of the away team"),
        Feature("log_goals_difference", number, False, "home_log_goals - away_log_goals"),
        Feature("poisson_home", number, False, "log of home win over draw when both scores are Poisson"),
        Feature("poisson_away", number, False, "log of away win over draw when both scores are Poisson"),
        *(
            Feature(f"log_{name}_{what}", number, False, f"logarithms of expected {words}, {sign}")
            for name, words in STATISTICS.items()
            for what, sign in (("difference", "home - away"), ("sum", "home + away"))
        ),
        *(
            Feature(f"{side}_{name}", number, False, f"{side} team: pseudo-goals a match beyond its strength, {over}")
            for name, over in (
                ("momentum", "over some ten matches"),
                ("short_momentum", "over some four matches"),
                ("venue_momentum", "over some twelve matches at this venue"),
            )
            for side in SIDES
        ),
    ]


def _standing() -> list[Feature]:
    return [
        *(
            Feature(f"{side}_matches_played", "bigint", False, f"matches of the {side} team on record (coverage)")
            for side in SIDES
        ),
        *(
            Feature(f"{side}_rest_days", "integer", True, f"days since the {side} team's latest match")
            for side in SIDES
        ),
        *(
            feature
            for side in SIDES
            for feature in (
                Feature(f"{side}_table_matches", "bigint", False, f"{side} team: matches played this season"),
                Feature(
                    f"{side}_table_position", "bigint", True, f"{side} team: place in the league table that morning"
                ),
                Feature(f"{side}_table_points", "double precision", True, f"{side} team: points a match this season"),
            )
        ),
        Feature(
            "head_to_head_meetings", "bigint", False, "earlier matches of the two teams, at either venue (coverage)"
        ),
        Feature("head_to_head_points_last_5", "double precision", True, "home team, last 5 meetings: mean points won"),
    ]


def _form() -> list[Feature]:
    number = "double precision"
    return [
        feature
        for side in SIDES
        for feature in (
            *(
                Feature(f"{side}_{metric}_last_{window}", number, True, f"{side} team, last {window}: {meaning}")
                for window in WINDOWS
                for metric, meaning in FORM.items()
            ),
            *(
                Feature(
                    f"{side}_venue_{metric}_last_{VENUE_WINDOW}",
                    number,
                    True,
                    f"{side} team, last {VENUE_WINDOW} {'at home' if side == 'home' else 'away'}: {FORM[metric]}",
                )
                for metric in VENUE_FORM
            ),
        )
    ]


FEATURES: tuple[Feature, ...] = (*_ratings(), *_standing(), *_form())

FEATURE_NAMES = tuple(feature.name for feature in FEATURES)

OPENING = "the bookmakers' average before the match, as published on Friday or Tuesday"
MARKET_AWARE_FEATURES: tuple[Feature, ...] = (
    *FEATURES,
    *(
        Feature(f"opening_{side}", "double precision", False, f"opening line: log of {side} win over draw", OPENING)
        for side in SIDES
    ),
)
"""What the market-aware model may read: the main model's features, and the opening line. A contract of its own, with
another fingerprint, so that neither model can be taken for the other."""


BELIEVABLE: dict[str, tuple[float, float]] = {
    "elo": (500, 2500),
    "elo_difference": (-1500, 1500),
    "pi": (-5, 5),
    "pi_difference": (-10, 10),
    "attack": (-3, 3),
    "defence": (-3, 3),
    "log_goals": (-3, 3),
    "log_goals_difference": (-5, 5),
    "poisson": (-4, 6),
    **{f"log_{name}_{what}": (-5, 5) for name in STATISTICS for what in ("difference", "sum")},
    **dict.fromkeys(("momentum", "short_momentum", "venue_momentum"), (-8, 8)),
    "matches_played": (0, 5000),
    "rest_days": (1, 20_000),
    "table_matches": (0, 100),
    "table_position": (1, 40),
    "table_points": (0, 3),
    "head_to_head_meetings": (0, 500),
    "head_to_head_points": (0, 3),
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
    return BELIEVABLE[_measured(name)]


HOME_ADVANTAGE = "home advantage"
GROUPS: dict[str, str] = {
    **dict.fromkeys(("elo", "elo_difference", "pi", "pi_difference", "attack", "defence"), "rating gap"),
    **dict.fromkeys(("log_goals", "log_goals_difference", "poisson"), "rating gap"),
    **dict.fromkeys(("momentum", "short_momentum", "venue_momentum", "points"), "form"),
    **dict.fromkeys(("goals_for", "goals_against"), "goals and shots"),
    **dict.fromkeys(("shots_on_target_for", "shots_on_target_against"), "goals and shots"),
    **{f"log_{name}_{what}": "goals and shots" for name in STATISTICS for what in ("difference", "sum")},
    "rest_days": "rest",
    **dict.fromkeys(("head_to_head_meetings", "head_to_head_points"), "head-to-head"),
    **dict.fromkeys(("table_position", "table_points"), "league table"),
    **dict.fromkeys(("table_matches", "matches_played"), "season stage"),
    "opening": "market",
}
"""The word under which an analyst counts a feature, by what it measures; what no feature explains is home advantage.
Words are for people: no model reads them, and the fingerprint does not know them."""


def group(name: str) -> str:
    """The group of feature ``name``; KeyError for one that measures something new."""
    return GROUPS[_measured(name)]


def _measured(name: str) -> str:
    """What a feature measures, whoever it is measured of and over whatever window."""
    return re.sub(r"^(home|away)_(venue_(?=.*_last))?|_last_\d+$|_(home|away)$", "", name)


MARKET_AWARE_MODEL = "market_aware"


def contract_of(model: str) -> tuple[Feature, ...]:
    """What the model registered under that name may read."""
    return MARKET_AWARE_FEATURES if model == MARKET_AWARE_MODEL else FEATURES


def fingerprint(contract: tuple[Feature, ...] | None = None) -> str:
    """Of the main model's contract or another: twelve hex digits that change with any feature or league's place."""
    text = json.dumps([[asdict(feature) for feature in contract or FEATURES], LEAGUES], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
