"""Keys of the assets that code refers to. A Python asset states its own key where it is defined, by one of these."""

from __future__ import annotations

import dagster as dg

from footpred_dagster.core.settings import Settings

RESULTS = dg.AssetKey(["raw", "matches"])
FIXTURE_LIST = dg.AssetKey(["raw", "fixtures"])
OPENFOOTBALL = dg.AssetKey(["raw", "openfootball"])
TEAM_ALIASES = dg.AssetKey(["staging", "team_aliases"])
CLUB_NAMES = dg.AssetKey(["intermediate", "club_names"])
MATCH_RULINGS = dg.AssetKey(["intermediate", "match_rulings"])
MATCHES = dg.AssetKey(["intermediate", "int_matches"])
FIXTURES = dg.AssetKey(["intermediate", "int_fixtures"])
MATCH_SPINE = dg.AssetKey(["intermediate", "int_match_spine"])
POINTS_ADJUSTMENTS = dg.AssetKey(["intermediate", "int_points_adjustments"])
STANDINGS = dg.AssetKey(["ratings", "standings"])
MATCH_FEATURES = dg.AssetKey(["features", "fct_match_features"])
ONLINE_TEAM_STATE = dg.AssetKey(["features", "online_team_state"])
ONLINE_PAIR_STATE = dg.AssetKey(["features", "online_pair_state"])
EVALUATION = dg.AssetKey(["models", "evaluation"])
CHAMPION = dg.AssetKey(["models", "champion"])
STUDY = dg.AssetKey(["models", "xgboost_study"])
LEDGER = dg.AssetKey(["predictions", "ledger"])
SCORES = dg.AssetKey(["predictions", "scores"])
MARKET = dg.AssetKey(["predictions", "market"])
SEASON_PROJECTION = dg.AssetKey(["predictions", "season_projection"])
DRIFT = dg.AssetKey(["monitoring", "drift"])
TEAMS = dg.AssetKey(["marts", "dim_teams"])

BY_HAND = (OPENFOOTBALL, STUDY)
"""Materialized by people alone: nothing is late."""


def model(name: str) -> dg.AssetKey:
    """The candidate of a recipe."""
    return dg.AssetKey(["models", name])


def switched_off(settings: Settings) -> set[dg.AssetKey]:
    """Assets this installation does not keep up: neither stale nor missing."""
    return {STUDY} if settings.openfootball else {STUDY, OPENFOOTBALL}
