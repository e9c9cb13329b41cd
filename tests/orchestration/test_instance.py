"""The Dagster instance of a home: on the home's own database, and without a secret where others can read it."""

from __future__ import annotations

import stat
from urllib.parse import urlsplit

import psycopg
import pytest
import yaml

from footpred_dagster.orchestration.instance import open_instance, prepare_home


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
