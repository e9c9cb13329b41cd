"""``footpred doctor`` where the database cannot be used."""

from __future__ import annotations

import pytest

from tests.support.command import Home


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("postgresql://u:hush@127.0.0.1:1/d", "the database does not answer"),
        ("mysql://u:hush@h/d", "must be a postgresql:// URL"),
    ],
)
def test_a_database_that_cannot_be_used_is_explained_in_a_line_without_its_password(tmp_path, url, complaint):
    said = Home(tmp_path, {"FOOTPRED_DATABASE_URL": url}).run("doctor", code=1)
    assert complaint in said
    assert "hush" not in said
    assert "Traceback" not in said
