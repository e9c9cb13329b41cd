"""Commands that read: they make no home, and leave the embedded server as they found it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from footpred_dagster.core.database.connection import database_url, left_as_found
from footpred_dagster.core.database.embedded_server import EmbeddedPostgres
from footpred_dagster.core.settings import Settings
from tests.support.command import Home, fresh_home

READING = (
    ["ledger", "verify"],
    ["keys", "list"],
    ["quarantine"],
    ["clubs", "pending"],
    ["clubs", "export"],
    ["matches", "rulings"],
    ["table", "show", "E0"],
    ["lineage", "--prediction", "1"],
)
USE = """
import sys
from pathlib import Path
from footpred_dagster.core.database.connection import database_url
from footpred_dagster.core.settings import Settings
database_url(Settings(Path(sys.argv[1])))
print("in use", flush=True)
input()
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One that a command made which writes."""
    with fresh_home(tmp_path_factory.mktemp("reading")) as home:
        home.run("keys", "create", "--name", "reader", "--scopes", "read")
        yield home


@pytest.fixture
def server(home: Home) -> EmbeddedPostgres:
    return EmbeddedPostgres(home.path)


@pytest.mark.parametrize("command", READING, ids=" ".join)
def test_a_home_that_is_not_there_is_not_made(tmp_path: Path, command: list[str]) -> None:
    said = Home(tmp_path / "home").run(*command, code=1)
    assert "there is no data in" in said
    assert "Traceback" not in said
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("command", ["doctor", "status"])
def test_doctor_and_status_say_that_there_is_none(tmp_path: Path, command: str) -> None:
    home = Home(tmp_path / "home")
    assert home.json(command)["database"] == "absent"
    home.run(command)
    assert not (tmp_path / "home").exists()


def test_a_relative_home_is_named_and_an_empty_one_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "footpred_dagster.cli", "doctor", "--json"]
    for chosen, code in (("state", 0), ("", 1)):
        environment = os.environ | {"FOOTPRED_HOME": chosen}
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr.count("\n")) == (code, 1), done.stderr
        assert "FOOTPRED_HOME" in done.stderr
    assert not list(tmp_path.iterdir())


def test_no_other_account_can_write_in_a_home_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with fresh_home(tmp_path) as home:
            process = home.start("migrate")
            assert (process.communicate(timeout=120)[1], process.returncode) == ("", 0)
            writable = [path for path in [home.path, *home.path.rglob("*")] if path.lstat().st_mode & 0o022]
            assert [path for path in writable if not path.is_symlink()] == []
    finally:
        os.umask(before)


def test_a_server_that_runs_stays_up(home: Home, server: EmbeddedPostgres) -> None:
    server.start()
    assert home.json("doctor")["database"] == "running"
    home.run("keys", "list")
    assert server.running()


def test_a_server_that_was_down_is_started_and_stopped_again(home: Home, server: EmbeddedPostgres) -> None:
    server.stop()
    report = home.json("doctor")
    assert (report["database"], report["database_url"]) == ("stopped", server.url())
    assert not server.running()
    assert [key["name"] for key in home.json("keys", "list")["keys"]] == ["reader"]
    assert not server.running()


def test_a_server_that_another_process_uses_meanwhile_is_not_stopped(home: Home, server: EmbeddedPostgres) -> None:
    server.stop()
    with left_as_found(Settings(home.path)):
        database_url(Settings(home.path))
        other = subprocess.Popen(
            [sys.executable, "-c", USE, str(home.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert other.stdout
        assert other.stdout.readline() == "in use\n"
    assert server.running()
    with left_as_found(Settings(home.path)):  # it was up: not this one's to stop
        other.communicate("\n")
    assert server.running()
