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
    assert "PASS=29 " in run_dbt(built_url, target, "test", "--select", "test_type:unit")


def test_every_table_and_column_is_described_in_the_database(built_url):
    with psycopg.connect(built_url) as connection:
        assert connection.execute(UNDESCRIBED).fetchall() == []


OLD_SEED = """
    drop table staging.points_adjustments cascade;
    create table staging.points_adjustments (league text, season text, team_id text, points integer, reason text);
    insert into staging.points_adjustments values ('E0', '2023-24', 'everton', -8, 'as it was');
    create table staging.untouched as select oid from pg_class where oid = 'staging.leagues'::regclass;
"""


def test_a_seed_whose_columns_changed_is_created_anew_and_another_keeps_its_table(built_url, target):
    """An older home has the table without the new columns: dbt would truncate it and fail on the insert."""
    with psycopg.connect(built_url, autocommit=True) as connection:
        connection.execute(OLD_SEED)
        run_dbt(built_url, target, "seed")
        rows = connection.execute(
            "select effective_on::text, points from staging.points_adjustments "
            "where team_id = 'everton' and season = '2023-24' order by 1"
        ).fetchall()
        assert rows == [("2023-11-17", -10), ("2024-02-26", 4), ("2024-04-08", -2)]
        kept = connection.execute("select oid = 'staging.leagues'::regclass from staging.untouched").fetchone()
        assert kept == (True,)
        connection.execute("drop table staging.untouched")
    run_dbt(built_url, target, "run", "--select", "points_adjustments+")


def test_docs_are_generated_with_a_reader_for_every_mart(built_url, target):
    run_dbt(built_url, target, "docs", "generate", "--static")
    assert (target / "static_index.html").stat().st_size > 100_000
    manifest = json.loads((target / "manifest.json").read_text())
    read = {name for exposure in manifest["exposures"].values() for name in exposure["depends_on"]["nodes"]}
    assert {name for name in manifest["nodes"] if name.startswith("model.footpred.dim_")} <= read
    assert {name for name in manifest["nodes"] if name.startswith("model.footpred.fct_")} <= read
