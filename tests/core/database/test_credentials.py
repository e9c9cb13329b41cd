"""No password where every user of the machine can read it."""

from __future__ import annotations

import stat

import pytest

from footpred_dagster.core.database.credentials import without_password


@pytest.mark.parametrize(
    ("url", "shown", "line"),
    [
        ("postgresql://u:p@h:1/d", "postgresql://u@h:1/d?passfile=", "h:1:d:u:p"),
        ("postgresql://u:a%3Ab%5C@h/d", "postgresql://u@h:5432/d?passfile=", "h:5432:d:u:a\\:b\\\\"),
        ("postgresql://u:p@[::1]:1/d?sslmode=require", "postgresql://u@[::1]:1/d?sslmode=require&passfile=", None),
    ],
)
def test_the_password_moves_to_a_file_libpq_reads(tmp_path, url, shown, line):
    passfile = tmp_path / "pgpass"
    assert without_password(url, passfile).startswith(shown)
    assert stat.S_IMODE(passfile.stat().st_mode) == 0o600
    if line:
        assert passfile.read_text().strip() == line


def test_a_urlwithout_password_is_left_alone(tmp_path):
    assert without_password("postgresql://h/d", tmp_path / "pgpass") == "postgresql://h/d"
    assert not (tmp_path / "pgpass").exists()
