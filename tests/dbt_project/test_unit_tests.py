"""The dbt project on a database of its own: its SQL against hand-made rows, and what it says about itself."""

from __future__ import annotations

import json

import psycopg
import pytest

from tests.support.warehouse import run_dbt

UNDESCRIBED = """
    select table_schema, table_name, column_name
    from information_schema.columns
    where
        table_schema in ('staging', 'intermediate', 'features', 'marts')
        and table_name <> 'build_marks'
        and (
            obj_description(format('%I.%I', table_schema, table_name)::regclass) is null
            or col_description(format('%I.%I', table_schema, table_name)::regclass, ordinal_position) is null
        )
"""


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    return tmp_path_factory.mktemp("dbt")


@pytest.fixture(scope="module")
def built_url(module_database_url, target):
    """A database in which every model is an empty table or a view: dbt reads the inputs' columns from them."""
    run_dbt(module_database_url, target, "seed")
    run_dbt(module_database_url, target, "run")
    return module_database_url


def test_every_unit_test_passes(built_url, target):
    assert "PASS=25 " in run_dbt(built_url, target, "test", "--select", "test_type:unit")


def test_every_table_and_column_is_described_in_the_database(built_url):
    with psycopg.connect(built_url) as connection:
        assert connection.execute(UNDESCRIBED).fetchall() == []


def test_docs_are_generated_with_a_reader_for_every_mart(built_url, target):
    run_dbt(built_url, target, "docs", "generate", "--static")
    assert (target / "static_index.html").stat().st_size > 100_000
    manifest = json.loads((target / "manifest.json").read_text())
    read = {name for exposure in manifest["exposures"].values() for name in exposure["depends_on"]["nodes"]}
    assert {name for name in manifest["nodes"] if name.startswith("model.footpred.dim_")} <= read
    assert {name for name in manifest["nodes"] if name.startswith("model.footpred.fct_")} <= read
