"""The experiment log in a store of its own: quiet when it is made, loud when it refuses."""

from __future__ import annotations

import os
import subprocess
import sys
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from footpred_dagster.core.settings import Settings
from footpred_dagster.core.tracking.mlflow_log import REGISTERED, aliased_bundle, client

OPEN = """
import logging
from footpred_dagster.core.settings import Settings
from footpred_dagster.core.tracking.mlflow_log import client
client(Settings.from_env())
for chatty in ("mlflow.store.db.utils", "alembic.runtime.migration"):
    logging.getLogger(chatty).warning("%s still warns", chatty)
"""


@pytest.fixture
def store(tmp_path, database_url, server_url):
    """Settings of an empty home whose MLflow database does not exist yet; that is dropped in the end."""
    yield Settings(home=tmp_path, database_url=database_url)
    beside = sql.Identifier(urlsplit(database_url).path.strip("/") + "_mlflow")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(sql.SQL("drop database if exists {} with (force)").format(beside))


def test_making_the_store_says_nothing_and_later_warnings_are_heard(store):
    """Forbids levels set before mlflow's import, which resets them: its migrations then fill stderr."""
    places = {"FOOTPRED_HOME": str(store.home), "FOOTPRED_DATABASE_URL": store.database_url}
    command = (sys.executable, "-c", OPEN)
    result = subprocess.run(command, env=os.environ | places, capture_output=True, text=True, timeout=120, check=True)
    assert result.stdout == ""
    said = [line.partition(": ")[2] for line in result.stderr.splitlines()]
    assert said == ["mlflow.store.db.utils still warns", "alembic.runtime.migration still warns"]


def test_a_registered_model_that_is_there_is_no_failure_and_any_other_refusal_is(store):
    assert aliased_bundle(client(store)) is None
    assert client(store).get_registered_model(REGISTERED).name == REGISTERED
    with psycopg.connect(client(store).tracking_uri.replace("+psycopg2", ""), autocommit=True) as connection:
        connection.execute("""
            delete from registered_models;
            create function refuse() returns trigger language plpgsql as $$ begin raise 'no room for models'; end $$;
            create trigger refuse before insert on registered_models execute function refuse();
        """)
    with pytest.raises(Exception, match="no room for models") as refused:
        client(store)
    assert type(refused.value).__name__ == "MlflowException"
