"""dbt's unit tests: the SQL against hand-made rows, on a database of their own."""

from __future__ import annotations

from tests.support.warehouse import run_dbt


def test_every_unit_test_passes(database_url, tmp_path):
    run_dbt(database_url, tmp_path, "seed")
    run_dbt(database_url, tmp_path, "run")  # empty tables: dbt reads the inputs' columns from them
    assert "PASS=10 " in run_dbt(database_url, tmp_path, "test", "--select", "test_type:unit")
