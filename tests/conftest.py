"""What every test stands on: an environment that is ours alone, the real files, and one real PostgreSQL."""

from __future__ import annotations

import os
import secrets
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import hypothesis
import psycopg
import pytest
from psycopg import sql
from xdist.scheduler import LoadFileScheduling

KEPT = "FOOTPRED_TEST_DATA"
# The same examples every time: what has not changed cannot fail. HYPOTHESIS_PROFILE=default looks for new ones.
hypothesis.settings.register_profile("same", derandomize=True)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


def _own_environment() -> None:
    """A developer's FOOTPRED_HOME, PGHOST, DAGSTER_HOME or AWS account must neither help a test nor be written to."""
    for name in list(os.environ):
        if name != KEPT and name.startswith(("FOOTPRED_", "PG", "DAGSTER_HOME", "AWS_")):
            del os.environ[name]
    os.environ.update(dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull))
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    # What a shell starts in the background ignores SIGINT, and so would every process a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Tests run side by side: OpenMP's threads would spin for cores that others work on.
    os.environ.setdefault("OMP_NUM_THREADS", "1")


_own_environment()

from footpred_dagster.core.archive.local import LocalArchive  # noqa: E402 - nothing of ours in an unclean environment
from footpred_dagster.core.database.connection import migrate  # noqa: E402
from footpred_dagster.core.database.embedded_server import EmbeddedPostgres  # noqa: E402
from footpred_dagster.core.settings import TELEMETRY_OFF, Bucket, Settings  # noqa: E402
from tests.support.archives import Backend, LocalBackend, S3Backend  # noqa: E402
from tests.support.postgres import own_home  # noqa: E402
from tests.support.s3 import S3Server, s3_server  # noqa: E402
from tests.support.targets import missed  # noqa: E402

os.environ.update(TELEMETRY_OFF)

DEMO = {f"tests/e2e/test_{name}.py" for name in ("demo", "readme", "up")}
COMPILED = {
    "tests/expectations/test_suites.py",
    "tests/faults/test_identity.py",
    *(f"tests/property/test_{name}.py" for name in ("cheats_are_caught", "no_future_in_features")),
}
"""Files whose tests stand on ``compiled_models``."""
DATA = Path(os.environ.get(KEPT) or Path(__file__).resolve().parents[2] / "shared" / "data")


class Schedule(LoadFileScheduling):
    """A file is run by one worker, and so are the files that look at one demo, or at the models compiled once."""

    def _split_scope(self, nodeid: str) -> str:
        path = super()._split_scope(nodeid)
        return "demo" if path in DEMO else "compiled" if path in COMPILED else path


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Schedule:
    return Schedule(config, log)


def pytest_unconfigure() -> None:
    """The last line of a run of benchmarks."""
    if missed:
        print(f"targets missed: {'; '.join(missed)}")  # noqa: T201


def pytest_collection_finish() -> None:
    """Resources read the home when imported: a test file that imports them at its top reads the developer's."""
    assert "footpred_dagster.defs.resources" not in sys.modules, "a test file imports footpred_dagster.defs at its top"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not (DATA / "site" / "mmz4281").is_dir():
        absent = pytest.mark.skip(reason=f"the real files are not in {DATA}; {KEPT} names another folder")
        for item in items:
            if item.get_closest_marker("real_data"):
                item.add_marker(absent)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Real files of the sources; tests that ask for it are marked ``real_data``."""
    return DATA


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Two instances closed in the order they were opened leave the first as the one that definitions ask."""
    if base := sys.modules.get("dagster._core.storage.defs_state.base"):
        base._current_storage.set(None)


@pytest.fixture(scope="session", autouse=True)
def _home_of_the_session() -> Iterator[Path]:
    """Set before the first test imports a module that reads it, also where a file has a ``home`` of its own."""
    with own_home() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("FOOTPRED_HOME", str(folder))
        yield folder


@pytest.fixture(scope="session")
def home(_home_of_the_session: Path) -> Path:
    """FOOTPRED_HOME of in-process tests."""
    return _home_of_the_session


@pytest.fixture(scope="session")
def settings(home: Path) -> Settings:
    return Settings(home=home)


@pytest.fixture(scope="session")
def server_url(home: Path) -> str:
    """The owner's URL of one embedded server for the whole session; tests take a database of their own from it."""
    return EmbeddedPostgres(home).start()


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One S3 server for the whole session; tests take a bucket of their own from it."""
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(params=["local", "s3"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    """An empty archive of each kind."""
    if request.param == "local":
        return LocalBackend(tmp_path / "archive")
    server: S3Server = request.getfixturevalue("s3")
    return S3Backend(server, Bucket(server.new_bucket(), "some/prefix"))


@pytest.fixture(scope="session")
def migrated_template(server_url: str) -> str:
    """Name of a database that ``migrate`` brought up once; copying it is ten times as fast as migrating again."""
    with _new_database(server_url, "template", keep=True) as url:
        migrate(url)
    return urlsplit(url).path.removeprefix("/")


@pytest.fixture
def empty_database_url(server_url: str) -> Iterator[str]:
    with _new_database(server_url, "empty") as url:
        yield url


@pytest.fixture
def database_url(server_url: str, migrated_template: str) -> Iterator[str]:
    """A database of this test alone, migrated and empty; dropped afterwards whoever is still connected."""
    with _new_database(server_url, "test", template=migrated_template) as url:
        yield url


@pytest.fixture(scope="module")
def module_database_url(server_url: str, migrated_template: str) -> Iterator[str]:
    """The same for a whole module, where what stands in it is dear to build."""
    with _new_database(server_url, "module", template=migrated_template) as url:
        yield url


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, options="-c timezone=UTC", prepare_threshold=None) as connection:
        yield connection


@pytest.fixture
def warehouse(database_url: str) -> Iterator[psycopg.Connection]:
    """A connection that commits each statement, as fetches and loads need it."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def archive(tmp_path: Path) -> LocalArchive:
    """An empty archive in a folder, for what does not depend on its kind."""
    return LocalArchive(tmp_path / "archive")


@pytest.fixture(scope="session")
def compiled_models(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str, str]]:
    """The dbt models as plain SQL, compiled once for all who build them without dbt."""
    from tests.support.warehouse import compile_models

    return compile_models(server_url, tmp_path_factory.mktemp("dbt"))


@contextmanager
def _new_database(server_url: str, purpose: str, template: str = "template1", *, keep: bool = False) -> Iterator[str]:
    """URL of a new database on the server, dropped at the end unless ``keep``."""
    name = f"{purpose}_{secrets.token_hex(6)}"

    def execute(statement: str, *names: str) -> None:
        with psycopg.connect(server_url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))

    execute("create database {} template {}", name, template)
    try:
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    finally:
        if not keep:
            execute("drop database {} with (force)", name)
