"""The feature contract is stated in Python and in dbt: two statements of one fact, held together here."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from footpred_dagster.core.features import contract
from footpred_dagster.core.features.contract import FEATURES, IDENTITY, Feature, fingerprint

DBT = Path(__file__).resolve().parents[2] / "dbt_project"
IDENTITY_TYPES = {
    "kickoff": "timestamp with time zone",
    "latest_input": "timestamp with time zone",
    "is_played": "boolean",
}
MAY_BE_NULL = {"latest_input"}
ALTERED = {"name": "other", "dtype": "text", "nullable": True, "meaning": "other", "as_of": "end of the season"}


def read(path: str) -> dict[str, Any]:
    return yaml.safe_load((DBT / path).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def model() -> dict[str, Any]:
    return next(
        model for model in read("models/features/features.yml")["models"] if model["name"] == "fct_match_features"
    )


def test_dbt_declares_the_columns_of_the_contract_with_type_and_nullability_in_the_same_order(model):
    declared = [
        (column["name"], column["data_type"], {"type": "not_null"} in column.get("constraints", []))
        for column in model["columns"]
    ]
    identity = [(name, IDENTITY_TYPES.get(name, "text"), name not in MAY_BE_NULL) for name in IDENTITY]
    assert declared == identity + [(feature.name, feature.dtype, not feature.nullable) for feature in FEATURES]


def test_dbt_enforces_what_it_declares(model):
    """Without it types and nullability are only documentation."""
    assert model["config"]["contract"] == {"enforced": True}


def test_dbt_explains_each_feature_in_the_words_of_the_contract(model):
    """dbt's yaml spells the colon as a dash and starts a sentence; nothing else may differ."""
    described = {column["name"]: column["description"] for column in model["columns"]}
    expected = {
        feature.name: feature.meaning[0].upper() + feature.meaning[1:].replace(":", " -") + "." for feature in FEATURES
    }
    assert {name: described[name] for name in expected} == expected


def test_windows_and_metrics_are_those_of_dbt():
    found = read("dbt_project.yml")["vars"]
    assert found["form_windows"] == list(contract.WINDOWS)
    assert found["form_metrics"] == list(contract.FORM)
    assert found["venue_metrics"] == list(contract.VENUE_FORM)


def test_every_feature_has_a_range_outside_of_which_it_is_not_believed():
    for feature in FEATURES:
        low, high = contract.believable(feature.name)
        assert low < high, feature.name


def test_each_column_is_listed_once():
    names = [*IDENTITY, *(feature.name for feature in FEATURES)]
    assert len(set(names)) == len(names)


def test_no_feature_is_made_of_odds_results_or_identity():
    """An allow-list still has to be read: these are the columns that would give the result away or name the match."""
    forbidden = ("odds", "outcome", "result", "match_id", "kickoff", "season", "latest_input", "load", "as_of")
    assert [feature.name for feature in FEATURES if any(word in feature.name for word in forbidden)] == []
    assert {feature.as_of for feature in FEATURES} == {contract.BEFORE_THE_DAY}


@pytest.mark.parametrize("place", [0, len(FEATURES) - 1])
@pytest.mark.parametrize("field", [field.name for field in fields(Feature)])
def test_the_fingerprint_changes_with_every_field_of_a_feature(monkeypatch, field, place):
    before, altered = fingerprint(), list(FEATURES)
    value = not altered[place].nullable if field == "nullable" else ALTERED[field]
    altered[place] = replace(altered[place], **{field: value})
    monkeypatch.setattr(contract, "FEATURES", tuple(altered))
    assert fingerprint() != before


@pytest.mark.parametrize(
    "altered",
    [FEATURES[1:], FEATURES[:-1], FEATURES[::-1], (*FEATURES, FEATURES[0])],
    ids=["cut", "end", "order", "more"],
)
def test_the_fingerprint_changes_with_the_list_itself(monkeypatch, altered):
    before = fingerprint()
    monkeypatch.setattr(contract, "FEATURES", altered)
    assert fingerprint() != before


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_the_fingerprint_is_the_same_in_every_process(seed):
    code = "from footpred_dagster.core.features.contract import fingerprint; print(fingerprint())"
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
        env={**os.environ, "PYTHONHASHSEED": seed},
    )
    assert found.stdout.strip() == fingerprint()
    assert len(fingerprint()) == 12
