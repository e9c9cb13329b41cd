"""What makes a model of dbt stale: its SQL, and not how it is laid out or explained."""

from __future__ import annotations

import pytest

from footpred_dagster.orchestration.dbt_project import LayerTranslator

SQL = """
select a, 'it''s -- no comment' as b  -- the first
from {{ ref('x') }} {# of x #} /* and
more */ where a = 1
"""


def version(sql: str) -> str:
    return LayerTranslator().version({"nodes": {"model.m": {"raw_code": sql}}}, "model.m")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("-- the first", "-- the second"),
        ("-- the first", ""),
        ("{# of x #}", "{# 'of'\ny #}"),
        ("/* and\nmore */", "/* less; it's */"),
        ("\nfrom", "\n\n    from"),
        ("where a", "-- here's a\nwhere a"),
    ],
)
def test_comments_and_layout_change_no_version(old, new):
    assert version(SQL.replace(old, new)) == version(SQL)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a = 1", "a = 2"),
        ("-- no comment", "-- a comment"),
        ("no comment", "no  comment"),
        ("ref('x')", "ref('y')"),
        ("-- the first\nfrom", "-- the first from"),
        ("it''s", "its"),
    ],
)
def test_what_is_computed_or_quoted_changes_it(old, new):
    assert version(SQL.replace(old, new)) != version(SQL)
