"""What each layer promises the next, on a database that dbt has built: names, types, and that nothing is left over."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import numpy as np
import psycopg
import pytest

from footpred_dagster.core.features.contract import FEATURE_NAMES, FEATURES, IDENTITY, fingerprint
from footpred_dagster.core.features.online_store import TeamState
from footpred_dagster.core.models.bundle import Bundle, FingerprintMismatch, contents, pack
from footpred_dagster.core.models.recipes import RECIPES
from footpred_dagster.core.ratings.observations import COLUMNS
from footpred_dagster.core.ratings.store import DIVISION_STATE, TABLES, TEAM_STATE
from footpred_dagster.core.ratings.store import IDENTITY as RATED
from footpred_dagster.sources.parsing.records import RawFixture, RawMatch
from tests.support.features import random_features
from tests.support.warehouse import run_dbt


@pytest.fixture(scope="module")
def columns(module_database_url, tmp_path_factory) -> Iterator[Callable[[str], dict[str, str]]]:
    """Function from a relation to its columns and their types, in order."""
    target = tmp_path_factory.mktemp("dbt")
    run_dbt(module_database_url, target, "seed")
    run_dbt(module_database_url, target, "run")
    with psycopg.connect(module_database_url) as connection:

        def of(relation: str) -> dict[str, str]:
            schema, table = relation.split(".")
            rows = connection.execute(
                """
                select column_name, data_type from information_schema.columns
                where table_schema = %s and table_name = %s order by ordinal_position
                """,
                [schema, table],
            ).fetchall()
            return dict(rows)

        yield of


def test_raw_tables_hold_what_the_parser_gives(columns):
    assert list(columns("raw.matches")) == ["partition_key", "league", "season", *RawMatch._fields]
    assert list(columns("raw.fixtures")) == list(RawFixture._fields)


@pytest.mark.parametrize(("raw", "staging"), [("matches", "stg_matches"), ("fixtures", "stg_fixtures")])
def test_staging_renames_raw_one_to_one_and_keeps_the_types(columns, raw, staging):
    """All but where a line stood; a fixture's season and the day of its list are derived."""
    given = {name: kind for name, kind in columns(f"raw.{raw}").items() if name not in ("partition_key", "line")}
    taken = columns(f"staging.{staging}")
    if "season" not in given:
        taken.pop("season")
        taken.pop("listed_on")
    assert sorted(taken.values()) == sorted(given.values())
    assert {name for name in taken if name in given} >= {"league", "match_date", "kickoff_time"}


def test_the_spine_holds_what_ratings_read(columns):
    spine = columns("intermediate.int_match_spine")
    assert {*RATED, *COLUMNS, "match_date", "country", "tier", "home_id", "away_id"} <= set(spine)


@pytest.mark.parametrize("table", TABLES)
def test_ratings_before_a_match_are_features_of_the_contract_and_never_null(columns, table):
    assert list(columns(f"ratings.{table}")) == [*RATED, *TABLES[table]]
    promised = {feature.name: feature for feature in FEATURES}
    assert not any(promised[name].nullable for name in TABLES[table])


def test_features_hold_the_contract_in_order_and_nothing_else(columns):
    types = {feature.name: feature.dtype for feature in FEATURES}
    found = columns("features.fct_match_features")
    assert list(found) == [*IDENTITY, *FEATURE_NAMES]
    assert {name: found[name] for name in FEATURE_NAMES} == types


def test_the_online_state_holds_what_a_feature_row_is_assembled_from(columns):
    state = columns("features.online_team_state")
    assert list(state)[: len(TEAM_STATE)] == list(TEAM_STATE)
    assert list(columns("ratings.team_state")) == list(TEAM_STATE)
    assert list(columns("ratings.division_state")) == list(DIVISION_STATE)
    row = dict.fromkeys(state) | {"attack": [0.0] * 4, "defence": [0.0] * 4, "momentum": [0.0] * 4}
    empty = TeamState.of(row)  # KeyError for a column it reads and the table lacks
    assert np.isnan(empty.at_home).all()


def test_a_bundle_carries_the_contract_it_was_fitted_under_and_no_other_is_loaded(archive, monkeypatch):
    chance = np.random.default_rng(3)
    frame = random_features(300, chance).assign(
        league="E0", season="2023-24", outcome=chance.integers(0, 3, 300), match_id=[str(n) for n in range(300)]
    )
    digest = pack(archive, RECIPES["strength_logit"]().fit(frame), frame)
    manifest = json.loads(contents(archive, digest)["bundle.json"])
    assert manifest["fingerprint"] == fingerprint()
    assert tuple(manifest["features"]) == FEATURE_NAMES
    assert Bundle.load(archive, digest).self_test() < 1e-6
    monkeypatch.setattr("footpred_dagster.core.features.contract.FEATURES", FEATURES[1:])
    with pytest.raises(FingerprintMismatch):
        Bundle.load(archive, digest)
