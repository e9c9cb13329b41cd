"""The Dagster instance of a home: on the home's own database, and without a secret where others can read it."""

from __future__ import annotations

import stat
from urllib.parse import urlsplit

import psycopg
import pytest
import yaml

from footpred_dagster.instance import _without_password, open_instance, prepare_home


@pytest.fixture(autouse=True)
def own_dagster_home(monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", "")


def test_the_instance_lives_in_a_database_of_its_own_on_the_same_server(settings, server_url):
    with open_instance(settings) as instance:
        assert instance.get_runs() == []
    with psycopg.connect(server_url) as connection:
        names = {name for (name,) in connection.execute("select datname from pg_database")}
    assert "footpred_dagster" in names


def test_the_configuration_holds_no_password_and_is_private(settings, server_url):
    home = prepare_home(settings)
    password = urlsplit(server_url).password
    text = (home / "dagster.yaml").read_text()
    # Dagster passes all of this to its children as an argument.
    assert password not in text
    assert yaml.safe_load(text)["telemetry"] == {"enabled": False}
    for name in ("dagster.yaml", "pgpass"):
        assert stat.S_IMODE((home / name).stat().st_mode) == 0o600


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
    assert _without_password(url, passfile).startswith(shown)
    if line:
        assert passfile.read_text().strip() == line


def test_a_url_without_password_is_left_alone(tmp_path):
    assert _without_password("postgresql://h/d", tmp_path / "pgpass") == "postgresql://h/d"
    assert not (tmp_path / "pgpass").exists()
