"""The code location as an engineer meets it: which assets there are, and that each says whose and what it is."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

import pytest
import yaml

from footpred_dagster.core.code_versions import modules_of
from footpred_dagster.core.settings import PACKAGE_ROOT

KEYS = {
    *("raw/matches", "raw/fixtures", "raw/openfootball"),
    *(
        "staging/leagues",
        "staging/team_aliases",
        "staging/clubs",
        "staging/points_adjustments",
        "staging/match_rulings",
        "staging/stg_matches",
        "staging/stg_fixtures",
    ),
    *("intermediate/int_matches", "intermediate/int_fixtures", "intermediate/int_match_spine"),
    *("intermediate/int_team_matches", "intermediate/int_team_form", "intermediate/int_team_seasons"),
    *("intermediate/int_changes", "intermediate/int_team_venue_form", "intermediate/int_head_to_head"),
    *("intermediate/int_plain_points_tables", "intermediate/int_points_adjustments"),
    *("intermediate/club_names", "intermediate/match_rulings"),
    *("ratings/team_elo", "ratings/team_pi", "ratings/team_strength", "ratings/team_state", "ratings/division_state"),
    "ratings/standings",
    *("features/fct_match_features", "features/online_team_state", "features/online_pair_state"),
    *("marts/dim_leagues", "marts/dim_teams", "marts/fct_matches", "marts/fct_league_tables", "marts/fct_team_form"),
    "marts/fct_points_adjustments",
    *(
        "models/base_rate",
        "models/elo_logit",
        "models/strength_logit",
        "models/dixon_coles",
        "models/xgboost",
        "models/stack",
        "models/xgboost_study",
        "models/market_aware",
        "models/evaluation",
        "models/champion",
    ),
    *("predictions/scores", "predictions/ledger", "predictions/track_record"),
    *("predictions/season_projection", "predictions/market"),
    "monitoring/drift",
}
DATA_LAYERS = ("raw", "staging", "intermediate", "ratings", "features", "marts")
BLOCKING = {
    "raw/matches": {
        *("scored_matches_exist", "raw_meets_expectations"),
    },
    "intermediate/int_matches": {"finished_meets_expectations"},
    "intermediate/int_fixtures": {"future_meets_expectations"},
    "ratings/team_elo": {"ratings_are_plausible"},
    "ratings/team_strength": {"strengths_are_plausible"},
    "ratings/standings": {"standings_add_up"},
    "features/fct_match_features": {"features_meets_expectations"},
}
WARNING = {
    "raw/matches": {"files_are_accepted", "results_are_fresh", "rows_reconcile"},
    "raw/fixtures": {"fixtures_are_fresh"},
    "intermediate/int_fixtures": {"every_listed_line_counts"},
    "raw/openfootball": {"agrees_with_results"},
    "intermediate/int_matches": {
        *("team_names_are_known", "no_club_is_split_or_merged", "clubs_play_in_one_league"),
        *("awarded_matches_are_listed", "past_seasons_are_whole"),
    },
    "marts/dim_teams": {"clubs_have_proper_names"},
}


@pytest.fixture(scope="module")
def specs(definitions):
    return {spec.key.to_user_string(): spec for spec in definitions.resolve_all_asset_specs()}


def test_no_asset_was_dropped_or_added_silently(specs):
    assert set(specs) == KEYS


def test_every_asset_says_its_layer_owner_kind_code_version_and_meaning(specs):
    for name, spec in specs.items():
        assert spec.group_name == name.partition("/")[0]
        assert spec.owners == ["team:footpred"]
        assert spec.kinds
        assert spec.code_version
        assert len(spec.description or "") > 20, name


def test_the_code_version_of_every_asset_is_of_all_the_code_it_reaches(definitions):
    """Raw assets have the parser's version, which is raised by hand, and dbt's models their own."""
    layers: dict[str, set[str]] = {}
    for asset in definitions.resolve_asset_graph().assets_defs:
        module = asset.op.compute_fn.decorated_fn.__module__
        if any(module not in modules_of(spec.code_version) for spec in asset.specs):
            layers.setdefault(module, set()).update(key.path[0] for key in asset.keys)
    assert "models" not in layers.pop("footpred_dagster.defs.features.dbt_models")
    assert set().union(*layers.values()) == {"raw"}


def test_every_asset_waits_for_others_that_write_the_same_and_has_a_day_or_a_week_to_be_fresh(definitions, specs):
    by_hand = {"models/xgboost_study", "raw/openfootball"}
    pools: dict[str, set[str]] = {}
    for asset in definitions.resolve_asset_graph().assets_defs:
        for pool in asset.op.pools:
            pools.setdefault(pool, set()).update(key.to_user_string() for key in asset.keys)
    assert pools["source"] == {"raw/matches", "raw/fixtures", "raw/openfootball"}
    assert pools["training"] == {name for name in KEYS if name.startswith("models/")} - by_hand
    assert pools["analysis"] == {"predictions/season_projection", "predictions/market", "monitoring/drift"}
    assert set().union(*pools.values()) == KEYS - {"models/xgboost_study"}, "several workers may join a study"
    days = {
        name: spec.freshness_policy.fail_window.to_timedelta().days if spec.freshness_policy else None
        for name, spec in specs.items()
    }
    assert {name for name, limit in days.items() if limit is None} == by_hand
    assert {name for name, limit in days.items() if limit == 9} == pools["training"] | {"predictions/market"}
    assert {name for name, limit in days.items() if limit == 2} == KEYS - by_hand - pools["training"] - {
        "predictions/market"
    }


@pytest.mark.parametrize(("blocking", "expected"), [(True, BLOCKING), (False, WARNING)])
def test_the_data_is_guarded_by_checks_that_block_and_checks_that_warn(definitions, blocking, expected):
    found: dict[str, set[str]] = {}
    for checks in definitions.asset_checks or []:
        for spec in getattr(checks, "check_specs", []):
            if spec.blocking == blocking and spec.asset_key.path[0] in DATA_LAYERS:
                found.setdefault(spec.asset_key.to_user_string(), set()).add(spec.name)
    assert found == expected


@pytest.mark.parametrize("guarded", ["raw/matches", "intermediate/int_matches", "intermediate/int_fixtures"])
def test_ratings_and_all_behind_wait_for_blocking_checks_before_them(specs, guarded):
    """Forbids a blocking check that blocks nothing: Dagster holds back only what depends on the checked asset."""
    behind = {"ratings/team_elo"} if guarded.startswith("intermediate") else {"staging/stg_matches"}
    deps = {name: {dep.asset_key.to_user_string() for dep in spec.deps} for name, spec in specs.items()}
    assert all(guarded in deps[name] for name in behind)
    for reader in ("features/fct_match_features", "marts/dim_leagues", "marts/dim_teams", "marts/fct_matches"):
        assert "ratings/team_elo" in deps[reader]


def test_loading_the_code_location_does_not_load_great_expectations(home):
    """Over 4 s: only a check that runs pays for it."""
    code = (
        "import sys; from footpred_dagster.definitions import defs; defs(); print('great_expectations' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE_ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False"]


def test_data_tests_of_dbt_are_asset_checks(definitions):
    names = {key.name for key in definitions.resolve_asset_graph().asset_check_keys}
    assert "unique_int_matches_match_id" in names
    assert "earlier_than_fct_match_features_latest_input__kickoff" in names


def test_partitions_are_the_pairs_that_exist(home):
    from footpred_dagster.core.domain import MAIN_LEAGUES
    from footpred_dagster.sources.league_seasons import league_seasons

    keys = [pair.key for pair in league_seasons(date(2025, 6, 30)) if pair.league in MAIN_LEAGUES]
    # The 667 files the source has from 1993-94 to 2024-25, season by season.
    assert len(keys) == len(set(keys)) == 667
    assert keys[0] == "E0|1993-94"
    assert [key for key in keys if key.endswith("2024-25")] == keys[-22:]


def test_extra_leagues_have_the_partitions_of_the_seasons_they_played_file_by_file(home):
    from footpred_dagster.core.domain import EXTRA_LEAGUES
    from footpred_dagster.sources.league_seasons import LeagueSeason, league_seasons

    keys = [pair.key for pair in league_seasons(date(2026, 8, 18)) if pair.league in EXTRA_LEAGUES]
    # As many as the sixteen files hold on that day; test_extra_leagues_real.py counts them there.
    assert len(keys) == len(set(keys)) == 244
    assert {"ARG|2016", "ARG|2016-17", "ARG-COPA|2020", "BRA|2021", "JPN|2026-27", "SWZ-2|2020-21"} <= set(keys)
    assert not {"ARG|2020", "ARG-COPA|2025", "BRA|2020-21", "JPN|2026"} & set(keys)
    assert [LeagueSeason.parse(key).key for key in keys] == keys


def test_the_workspace_names_the_location_as_the_project_does():
    workspace = yaml.safe_load((PACKAGE_ROOT / "workspace.yaml").read_text())
    project = tomllib.loads((PACKAGE_ROOT / "pyproject.toml").read_text())
    location = workspace["load_from"][0]["python_module"]["location_name"]
    assert location == project["tool"]["dg"]["project"]["code_location_name"]


@pytest.mark.parametrize("command", [("dagster", "definitions", "validate"), ("dg", "check", "defs")])
def test_dagsters_own_validation_passes(command, home):
    program = Path(sys.executable).with_name(command[0])
    result = subprocess.run([program, *command[1:]], cwd=PACKAGE_ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr[-2000:]
